"""What reviewers of the demonstration answered: relative to its day, about what was there, never over one's own."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from analysis.estate import STRANGER, UTC, VENDOR, Estate, policy
from click.testing import CliRunner

from sesreport.analysis import Analysis, analyze
from sesreport.cli import given as given_by_command
from sesreport.cli.main import cli
from sesreport.core.period import Period
from sesreport.demo import snapshot as demo_snapshots
from sesreport.demo.answers import REVIEWS, write_answers
from sesreport.demo.snapshot import ANSWERS, FOLDER, demo_config, kept_apart, with_own_register
from sesreport.demo.world import World
from sesreport.kpis.measures.grants import QUARTER
from sesreport.settings.attestations import read_attestations
from sesreport.settings.config import Config, Paths, load_config
from sesreport.snapshot.store import load, snapshots

TODAY = date(2026, 11, 3)


def on(day: str, **policies: str) -> Estate:
    """An estate with an outside account let in by each of these policies."""
    made = Estate(datetime.fromisoformat(f"{day}T06:00+00:00"))
    return made.identity("promo.example.com", {name: policy(account) for name, account in policies.items()})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Of a folder with three snapshots, in the last of which there is a new grant."""
    on("2026-06-01", brightside=VENDOR, other=STRANGER).write(tmp_path)
    on("2026-09-01", brightside=VENDOR, other=STRANGER).write(tmp_path)
    on("2026-11-03", brightside=VENDOR, other=STRANGER, new=STRANGER).write(tmp_path)
    (tmp_path / "register.csv").write_text("account_id,name\n")
    return Config(paths=Paths(register=str(tmp_path / "register.csv"), snapshots=str(tmp_path),
                              attestations=str(tmp_path / "attestations.parquet")))  # fmt: skip


def given(config: Config) -> pd.DataFrame:
    return read_attestations(Path(config.paths.attestations))


def test_answers_are_about_what_was_there_on_their_day(config: Config) -> None:
    write_answers(config, TODAY)
    frame = given(config)
    said = list(zip(frame["quarter"], frame["policy_name"], frame["answer"], strict=True))
    assert said == [
        ("2026-Q2", "brightside", "keep"), ("2026-Q2", "other", "keep"), ("2026-Q3", "brightside", "revoke"),
    ]  # fmt: skip
    assert frame["snapshot"].tolist() == ["20260601T060000Z", "20260601T060000Z", "20260901T060000Z"]
    assert frame["answered_at"].max() == datetime(2026, 9, 8, tzinfo=UTC)
    assert frame["due"].dropna().tolist() == [datetime(2026, 10, 8, tzinfo=UTC)]


def test_one_is_overdue_one_was_not_revoked_and_a_new_one_is_due(config: Config) -> None:
    write_answers(config, TODAY)
    reviews = analyze(load(snapshots(Path(config.paths.snapshots))[-1]), config).reviews
    standings = dict(zip(reviews["policy_name"], reviews["standing"], strict=True))
    assert standings == {"brightside": "revoke overdue", "other": "overdue", "new": "due"}


def test_a_quarter_later_other_quarters_are_answered_for(config: Config) -> None:
    write_answers(config, date(2027, 2, 3))
    assert set(given(config)["quarter"]) == {"2026-Q3", "2026-Q4"}


def test_nothing_is_answered_before_there_is_a_snapshot(config: Config) -> None:
    write_answers(config, date(2026, 5, 4))
    assert not Path(config.paths.attestations).exists()


def test_answers_that_are_there_stay(config: Config) -> None:
    write_answers(config, TODAY)
    before = Path(config.paths.attestations).read_bytes()
    write_answers(config, date(2027, 2, 3))
    assert Path(config.paths.attestations).read_bytes() == before


def test_the_quarter_before_last_is_never_within_the_last_92_days() -> None:
    for number in range(366):
        today = date(2026, 1, 1) + timedelta(days=number)
        end = Period(today.year, today.month).shift(-1).end
        assert REVIEWS[0].day(today) < (end - QUARTER).date(), today


def test_each_answer_by_name_is_about_a_grant_of_the_demonstration(world: World) -> None:
    there = {
        (each.name, identity.identity, each.since, each.until)
        for identity in world.identities.values()
        for each in identity.policies
    }
    for review in REVIEWS:
        day = review.day(TODAY)
        stood = {
            (name, where) for name, where, since, until in there if since <= day and (until is None or until > day)
        }
        assert set(review.said) <= stood


def test_the_demonstration_shows_every_way_in_which_a_review_can_fail(demo_answered: Analysis) -> None:
    counts = demo_answered.reviews["standing"].value_counts()
    assert counts["overdue"] > counts["attested"] > 0
    assert (counts["revoke overdue"], counts["narrow overdue"]) == (1, 1)
    ask = demo_answered.reviews.set_index(["policy_name", "identity"])["standing"]
    assert ask["brightside", "promo.example.com"] == "revoke overdue"


def test_an_ended_approval_stands_before_the_one_in_date(demo_analysis: Analysis) -> None:
    approvals = demo_analysis.register.query("account_id == '310000000001'")
    assert sorted(approvals["status"]) == ["expired", "valid"]
    mailwise = demo_analysis.grants.query("grantee_account_id == '310000000001'")
    assert set(mailwise["register_status"]) == {"valid"}
    assert set(mailwise["approval_id"]) == set(approvals.query("status == 'valid'")["approval_id"])


def test_without_a_folder_there_are_no_answers(tmp_path: Path) -> None:
    assert demo_config().paths.attestations != demo_config(snapshots=tmp_path).paths.attestations
    assert not Path(demo_config().paths.attestations).exists()


def test_answers_of_the_demonstration_are_kept_apart_from_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "sesreport.toml").write_text("")
    apart = kept_apart(load_config(tmp_path / "sesreport.toml"), tmp_path).paths
    assert apart.attestations == str(tmp_path / "data/demo-snapshots/attestations.parquet")
    (tmp_path / "sesreport.toml").write_text('[paths]\nattestations = "mine.parquet"\n')
    named = kept_apart(load_config(tmp_path / "sesreport.toml"), tmp_path).paths
    assert named.attestations == str(tmp_path / "mine.parquet")


def test_an_import_writes_its_register_into_the_user_s_folder(tmp_path: Path) -> None:
    theirs = demo_config(snapshots=tmp_path / "snapshots")
    own = with_own_register(theirs)
    assert own.paths.register_file == str(tmp_path / "snapshots" / "register.csv")
    assert Path(own.paths.register_file).read_bytes() == Path(theirs.paths.register_file).read_bytes()
    assert own.sha256 == theirs.sha256


def test_a_collection_of_the_demonstration_has_its_answers_as_a_run_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo_snapshots, "HISTORY", 1)
    done = CliRunner().invoke(cli, ["collect", "--demo", "--quiet"])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{FOLDER}/20261103T060000Z\n"
    assert [path.name for path in snapshots(tmp_path / FOLDER)] == ["20261001T060000Z", "20261103T060000Z"]
    assert set(read_attestations(tmp_path / FOLDER / ANSWERS)["quarter"]) == {"2026-Q4"}


def test_a_report_on_the_demonstration_is_of_its_last_month_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(given_by_command, "now", lambda: datetime(2031, 5, 1, tzinfo=UTC))
    done = CliRunner().invoke(cli, ["report", "--demo"])
    assert "2026-10" in str(done.exception)
