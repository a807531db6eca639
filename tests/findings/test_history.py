"""The history store: all snapshots as one, whatever the folder is called, and never what was changed."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from estate import DEV, EU, ORGANIZATION, SHOP, STRANGER, US, VENDOR, Estate, policy
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

import sesreport as ses
from sesreport.cli.main import cli
from sesreport.core.errors import ConfigError, SnapshotError
from sesreport.core.period import Period
from sesreport.findings.differences import Differences
from sesreport.findings.history import History
from sesreport.kpis.results import Results
from sesreport.report import build
from sesreport.report.compute import earlier_snapshots, make_pack
from sesreport.settings.config import Config
from sesreport.snapshot.series import covered, gaps
from sesreport.snapshot.store import load, snapshot_of, snapshots

HOSTILE = "we'ird \"[x]*?; DROP {a}"
MONTHS = [datetime(2026, month, 3, 6, tzinfo=UTC) for month in (8, 9, 11)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """August, September and November (October was missed), an identity more each time."""
    folder = tmp_path_factory.mktemp("history") / HOSTILE
    for number, now in enumerate(MONTHS, start=1):
        estate = Estate(now)
        for index in range(number):
            estate.identity(f"d{index}.example.com", {"p": policy(STRANGER)})
        estate.write(folder)
    (folder / "20260915T000000Z").mkdir()  # nothing is in it: it is no snapshot
    return folder


def test_a_day_is_told_by_the_last_snapshot_begun_by_its_end(folder: Path) -> None:
    history = History(folder)
    assert history.as_of("2026-09-03").name == "20260903T060000Z"
    assert history.as_of(date(2026, 9, 2)).name == "20260803T060000Z"
    assert history.as_of(datetime(2026, 9, 3, 5, 59, tzinfo=UTC)).name == "20260803T060000Z"


def test_a_month_is_told_by_the_snapshot_its_pack_is_made_from(folder: Path) -> None:
    assert History(folder).as_of("2026-10").name == "20261103T060000Z"
    assert History(folder).as_of("2026-10") == snapshot_of(folder, Period(2026, 10))


@pytest.mark.parametrize("day", ["2026-08-02", "yesterday", "2026-13"])
def test_a_day_nobody_can_tell_of_is_an_error(day: str, folder: Path) -> None:
    with pytest.raises(ConfigError):
        History(folder).as_of(day)


def test_a_month_without_a_snapshot_is_shown_as_such(folder: Path) -> None:
    ends = History(folder).month_ends().set_index("period")["snapshot"]
    assert ends.fillna("none").to_dict() == {
        "2026-07": "20260803T060000Z", "2026-08": "20260903T060000Z", "2026-09": "none", "2026-10": "20261103T060000Z",
    }  # fmt: skip


def test_a_frame_is_the_one_of_the_day(folder: Path) -> None:
    history = History(folder)
    assert [len(history.frame("identities", as_of=now)) for now in MONTHS] == [1, 2, 3]
    pd.testing.assert_frame_equal(history.frame("identities"), ses.load(history.paths[-1]).identities)


def test_sql_sees_all_snapshots(folder: Path) -> None:
    found = History(folder).sql("SELECT snapshot, begun, count(*) AS n FROM identities GROUP BY ALL ORDER BY begun")
    assert found["n"].tolist() == [1, 2, 3] and found["begun"].tolist() == MONTHS
    query = "SELECT count(*) AS n FROM policies JOIN snapshots USING (snapshot) WHERE identity = ?"
    assert History(folder).sql(query, ["d0.example.com"])["n"].tolist() == [3]


def test_a_query_duckdb_refuses_is_one_line(folder: Path) -> None:
    with pytest.raises(ConfigError, match="query: ") as error:
        History(folder).sql("SELECT nothing FROM identities")
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="did you mean 'identities'"):
        History(folder).frame("identity")


def test_what_was_changed_is_not_read(tmp_path: Path) -> None:
    path = Estate().identity().write(tmp_path)
    file = path / "identities.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"identities\.parquet was changed"):
        History(tmp_path).frame("identities")
    with pytest.raises(SnapshotError, match=r"identities\.parquet was changed"):
        History(tmp_path).sql("SELECT * FROM identities")
    assert len(History(tmp_path).frame("accounts")) == 3


def test_a_folder_without_snapshots_is_an_empty_history(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.month_ends().empty and history.series("sending").empty and history.gaps("sending").empty
    assert history.sql("SELECT * FROM identities").empty
    with pytest.raises(ConfigError, match="no snapshot"):
        history.frame("identities")


def slot(estate: Estate, at: datetime, attempts: int, account: str = SHOP) -> None:
    estate.rows["sending"].append(
        {"account_id": account, "region": EU, "at": at, "delivery_attempts": attempts, "bounces": 0, "complaints": 0,
         "rejects": 0}
    )  # fmt: skip


def sending_estate(now: datetime) -> Estate:
    estate = Estate(now).place()
    estate.gaps[SHOP, EU, "sending"] = "ok"
    return estate


START = datetime(2026, 9, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@examples(10)
@given(
    st.lists(st.tuples(st.floats(min_value=0, max_value=40, allow_nan=False), st.booleans()), min_size=1, max_size=5)
)
def test_a_slot_counts_once_and_whole_whatever_the_collections(
    tmp_path_factory: pytest.TempPathFactory, collections: list[tuple[float, bool]]
) -> None:
    """The truth is 10 attempts in each slot of 12 hours; the one a window cuts shows 3."""
    folder = tmp_path_factory.mktemp("series")
    step = timedelta(hours=12)
    slots = [START + step * number for number in range(-40, 90)]
    whole: set[datetime] = set()
    looks: list[tuple[datetime, datetime]] = []
    for days, read in sorted(collections):
        now = (START + timedelta(days=days)).replace(microsecond=0)
        since = now - timedelta(days=14)
        estate = sending_estate(now)
        if not read:
            estate.gaps[SHOP, EU, "sending"] = "denied"
        else:
            looks.append((since, now))
        for at in slots:
            if at + QUARTER > since and at < now and read:
                inside = at >= since and at + QUARTER <= now
                slot(estate, at, 10 if inside else 3)
                whole |= {at} if inside else set()
        estate.write(folder)
    made = History(folder).series("sending")
    assert not made["at"].duplicated().any()
    sure = made[~made["partial"]]
    assert set(sure["at"]) == whole and sure["delivery_attempts"].eq(10).all()
    holes = History(folder).gaps("sending")
    for at in slots:
        looked = any(since <= at and at + QUARTER <= until for since, until in looks)
        within = (
            bool(looks)
            and looks[0][0] <= at - QUARTER
            and at + QUARTER <= START + timedelta(days=max(collections)[0]) - QUARTER
        )
        if looked:
            assert not ((holes["since"] <= at) & (holes["until"] > at)).any()
        elif within:
            assert ((holes["since"] <= at) & (holes["until"] > at)).any()


def test_the_newest_observation_of_a_slot_wins(tmp_path: Path) -> None:
    for days, attempts in ((1, 5), (2, 7)):
        estate = sending_estate(START + timedelta(days=days))
        slot(estate, START, attempts)
        estate.write(tmp_path)
    made = History(tmp_path).series("sending")
    assert made["delivery_attempts"].tolist() == [7] and made["snapshot"].tolist() == ["20260903T000000Z"]
    assert History(tmp_path).series("sending", as_of="2026-09-02")["delivery_attempts"].tolist() == [5]


def test_days_at_the_edge_of_cloudwatchs_memory_are_taken_from_the_older_snapshot(tmp_path: Path) -> None:
    oldest = datetime(2026, 11, 3, tzinfo=UTC) - timedelta(days=455)
    for now, value in ((datetime(2026, 10, 3, 6, tzinfo=UTC), 100.0), (datetime(2026, 11, 3, 6, tzinfo=UTC), 75.0)):
        Estate(now).days("Send", {str(oldest.date()): value, str((oldest + timedelta(days=1)).date()): value}).write(
            tmp_path
        )
    made = History(tmp_path).series("metrics")
    assert made["value"].tolist() == [100.0, 75.0] and not made["partial"].any()


def test_windows_that_touch_are_one_stretch_and_what_is_between_is_a_gap() -> None:
    days = [pd.Timestamp("2026-09-01", tz="UTC") + pd.Timedelta(days=n) for n in range(10)]
    looked = pd.DataFrame(
        {"account_id": SHOP, "region": EU, "since": [days[0], days[2], days[5]], "until": [days[2], days[3], days[6]]}
    )
    assert covered(looked)[["since", "until"]].values.tolist() == [[days[0], days[3]], [days[5], days[6]]]
    holes = gaps(looked, until=days[8])
    assert holes[["since", "until"]].values.tolist() == [[days[3], days[5]], [days[6], days[8]]]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    before = Estate(MONTHS[0]).identity("a.example.com", {"p": policy(VENDOR), "old": policy(DEV)})
    before.identity("b.example.com", {"p": policy("*")}).identity("far.example.com", {"p": policy(DEV)}, region=US)
    before.write(folder)
    now = Estate(MONTHS[1]).identity("a.example.com", {"renamed": policy(f"arn:aws:iam::{VENDOR}:root")})
    held = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
    now.identity("b.example.com", {"p": policy("*", Condition=held), "<script>": policy(STRANGER)})
    now.gap(SHOP, US, "policies").write(folder)
    return folder


def test_rights_gained_and_lost_are_told_whatever_the_policies_are_called(compared: Path) -> None:
    made = History(compared).compare("2026-08-31", "2026-09-30")
    told = {(row["identity"], row["grantee"]): row["change"] for row in made.frame.to_dict("records")}
    assert told == {
        ("a.example.com", DEV): "lost",
        ("b.example.com", STRANGER): "gained",
        ("b.example.com", "*"): "narrower",
    }
    assert made.unknown == 1
    severe = made.frame.set_index("grantee")["severity"]
    assert severe.to_dict() == {DEV: "low", STRANGER: "high", "*": "low"}


def test_differences_can_be_read_and_hostile_names_are_text(compared: Path) -> None:
    made = History(compared).compare("2026-08-31", "2026-09-30")
    said = repr(made).splitlines()
    assert "1 gained, 1 lost, 0 wider, 1 narrower" in said[0] and "1 places were not read whole" in said[0]
    assert said[1].startswith(f"+ b.example.com [{SHOP} {EU}]: {STRANGER}: nothing → external")
    html = made._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_no_name_forges_a_line_of_the_differences() -> None:
    name = "a\n+ b\x1b[2J\u202e"
    row = {"change": "gained", "account_id": SHOP, "region": EU, "identity": name, "grantee": name,
           "grantee_name": name, "before": None, "after": name}  # fmt: skip
    said = repr(Differences("older", "newer", pd.DataFrame([row]), 0)).splitlines()
    shown = "a + b⟨U+001B⟩[2J⟨U+202E⟩"
    assert said[1:] == [f"+ {shown} [{SHOP} {EU}]: {shown} ({shown}): nothing → {shown}"]


def test_one_snapshot_cannot_be_compared_with_itself(compared: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to compare"):
        History(compared).compare("2026-09-10", "2026-09-30")


def test_days_in_the_wrong_order_are_an_error(compared: Path) -> None:
    with pytest.raises(ConfigError, match="write the earlier day first"):
        History(compared).compare("2026-09-30", "2026-08-31")


def test_the_command_says_the_same(compared: Path, tmp_path: Path) -> None:
    settings_file = tmp_path / "sesreport.toml"
    settings_file.write_text(f'[paths]\nsnapshots = "{compared}"\n')
    given = ["changes", "--config", str(settings_file), "--from", "2026-07", "--to", "2026-08"]
    said = CliRunner().invoke(cli, given)
    assert said.exit_code == 0, said.output
    assert "1 gained, 1 lost" in said.output and STRANGER in said.output


def test_a_history_says_what_it_is(folder: Path) -> None:
    assert "3 snapshots, 20260803T060000Z to 20261103T060000Z" in repr(ses.History(folder))


@pytest.fixture
def mixed(folder: Path, tmp_path: Path) -> Path:
    """The same history with snapshots of another organization among it, one of them the newest."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for moment in (datetime(2026, 10, 3, 6, tzinfo=UTC), datetime(2026, 11, 4, 6, tzinfo=UTC)):
        Estate(moment, organization="o-anotherone1").identity("z.example.com", {"p": policy("*")}).write(tmp_path)
    return tmp_path


def test_a_history_is_of_the_organization_of_its_newest_snapshot_and_says_what_it_leaves_out(mixed: Path) -> None:
    history = History(mixed)
    assert [path.name for path in history.paths] == ["20261003T060000Z", "20261104T060000Z"]
    assert "3 of other organizations left out" in repr(history)


def test_a_history_is_of_the_organization_that_the_settings_name(mixed: Path, folder: Path) -> None:
    named = Config.model_validate({"organization": {"id": ORGANIZATION}})
    assert [path.name for path in History(mixed, named).paths] == [path.name for path in snapshots(folder)]
    assert History(mixed, named).as_of("2026-10").name == "20261103T060000Z"
    assert "2 snapshots of other organizations are left out" in repr(
        History(mixed, named).compare("2026-07", "2026-08")
    )


def test_two_organizations_have_no_history_in_common(mixed: Path) -> None:
    with pytest.raises(ConfigError, match="no history in common"):
        ses.analyze(load(snapshots(mixed)[-1]), previous=ses.analyze(load(snapshots(mixed)[0])))


def test_earlier_months_of_a_pack_are_its_organization_s(mixed: Path, folder: Path) -> None:
    chosen = load(mixed / "20261103T060000Z")
    found = earlier_snapshots(mixed, Period(2026, 10), chosen)
    assert [old.id for old in found.values()] == ["20260803T060000Z", "20260903T060000Z"]


def test_a_month_compared_with_the_one_before_says_what_its_pack_says(tmp_path: Path) -> None:
    """The snapshot of 20 October speaks for no month's end: both pass it over."""
    old, new = {"a": policy(VENDOR), "b": policy(DEV)}, {"a": policy(VENDOR), "c": policy(STRANGER)}
    for now, policies in (((2026, 10, 3), old), ((2026, 10, 20), {}), ((2026, 11, 3), new)):
        Estate(datetime(*now, 6, tzinfo=UTC)).identity("a.example.com", policies).write(tmp_path)
    history = History(tmp_path)
    compared = history.compare("2026-09", "2026-10").frame
    chosen = load(history.as_of("2026-10"))
    pack = make_pack(chosen, Config(), Period(2026, 10), earlier=earlier_snapshots(tmp_path, Period(2026, 10), chosen))
    changes = pack.frames["changes_since"]
    grants = changes[changes["what"] == "grant"]
    gained, lost = (compared.loc[compared["change"] == change, "grantee"].tolist() for change in ("gained", "lost"))
    assert (gained, lost) == ([STRANGER], [DEV])
    assert grants.loc[grants["change"] == "added", "subject"].tolist() == [f"{STRANGER} in c"]
    assert grants.loc[grants["change"] == "removed", "subject"].tolist() == [f"{DEV} in b"]


def test_a_report_is_made_from_the_organization_s_own_snapshot(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Estate(datetime(2026, 11, 1, 6, tzinfo=UTC), organization="o-anotherone1").identity().write(mixed)
    settings_file = tmp_path / "sesreport.toml"
    settings_file.write_text(f'[organization]\nid = "{ORGANIZATION}"\n[paths]\nsnapshots = "{mixed}"\noutput = "out"\n')
    monkeypatch.setattr(build, "notebooks", list)
    monkeypatch.setattr(build, "outputs", dict)
    monkeypatch.setattr(build, "new_pack", lambda snapshot, config, period, **_: make_pack(snapshot, config, period))
    said = CliRunner().invoke(cli, ["report", "--config", str(settings_file), "--period", "2026-10", "-q"])
    assert said.exit_code == 0, said.output
    assert Results.read(tmp_path / "out" / "2026-10" / "results.json").snapshot.id == "20261103T060000Z"
    assert "3 snapshots of other organizations are left out" in said.output
