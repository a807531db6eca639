"""What is asked, until when, how often, and what became of it, over the months of small organizations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from estate import DEV, EU, FORMER, SHOP, STRANGER, US, VENDOR, Estate, policy
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.analysis import Analysis
from sesreport.core.period import Period
from sesreport.findings.actions import ACTIONS, STANDING, Report, asked_by
from sesreport.findings.episodes import FOUND, GONE, UNREAD, episodes
from sesreport.findings.registry import RULES, rules
from sesreport.kpis import words
from sesreport.kpis.asks import decisions, last_asks
from sesreport.settings.config import Config, FindingException, FindingsSetting

pytestmark = pytest.mark.usefixtures("few_rules")
MONTHS = [datetime(2026, month, 3, 6, tzinfo=UTC) for month in range(6, 12)]
JUNE, JULY, AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = MONTHS
OTHER = "420000000002"
OPEN, PUBLIC = {"p": policy(STRANGER)}, {"p": policy("*")}
ALL = rules()
TAGS = {"owner": "shop", "ticket": "T-1"}


@pytest.fixture
def only_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that few others share its data with."""
    monkeypatch.setattr(RULES, "_items", {"sending_switched_on": ALL["sending_switched_on"]})


def at(now: datetime, policies: dict[str, Any] | None = None) -> Estate:
    return Estate(now).identity(policies=policies, tags=TAGS)


def reports(folder: Path, *estates: Estate, config: Config | None = None) -> list[Analysis]:
    """Analyses of one organization, a month each, each with those before it."""
    made: list[Analysis] = []
    for number, estate in enumerate(estates):
        month = Period(estate.now.year, estate.now.month).shift(-1)
        previous = made[-1] if made else None
        made.append(estate.analysis(folder / str(number), config, period=month, previous=previous))
    return made


def chain(folder: Path, *estates: Estate, config: Config | None = None) -> Analysis:
    """The last of them."""
    return reports(folder, *estates, config=config)[-1]


def of(analysis: Analysis, rule: str = "unknown_account") -> list[dict[str, Any]]:
    rows = analysis.actions[analysis.actions["rule"] == rule].sort_values("episode")
    return [
        {str(name): None if value is pd.NA or value is pd.NaT else value for name, value in row.items()}
        for row in rows.to_dict("records")
    ]


def only(analysis: Analysis, rule: str = "unknown_account") -> dict[str, Any]:
    (row,) = of(analysis, rule)
    return row


def accepting(until: str, since: str | None = None) -> Config:
    accepted = FindingException(
        rule="unknown_account", reason="pilot", expires=date.fromisoformat(until),
        accepted_at=None if since is None else date.fromisoformat(since),
    )  # fmt: skip
    return Config(findings=FindingsSetting(exceptions=[accepted]))


def test_an_ask_of_a_quarter_is_told_as_it_was_each_month(tmp_path: Path) -> None:
    """Opened by an event on 10 July, asked for three months, closed by an event on 20 October."""
    created = at(AUGUST, OPEN).change("2026-07-10T12:00", "CreateEmailIdentityPolicy", "p", OPEN["p"])
    deleted = at(NOVEMBER).change("2026-10-20T09:00", "DeleteEmailIdentityPolicy", "p")
    estates = [at(JULY), created, at(SEPTEMBER, OPEN), at(OCTOBER, OPEN), deleted]
    august, september, october, november = (only(each) for each in reports(tmp_path, *estates)[1:])
    assert august["ask"] == f"Approve or remove outside account {STRANGER} on example.com"
    for row in (august, september, october, november):
        assert row["opened_at"] == pd.Timestamp("2026-07-10T12:00Z")
        assert (row["opened_by"], row["due"]) == ("exact", pd.Timestamp("2026-08-09", tz="UTC"))
        assert (row["asked_of"], row["severity"]) == ("shop", "high")
        assert row["fingerprint"] == august["fingerprint"]
    told = [
        (r["outcome"], r["times_asked"], r["days_overdue"], r["asked_before"]) for r in (august, september, october)
    ]
    assert told == [("open", 1, None, False), ("overdue", 2, 25, True), ("overdue", 3, 55, True)]
    assert (november["outcome"], november["times_asked"], november["asked_before"]) == ("done", 3, True)
    assert november["outcome_at"] == pd.Timestamp("2026-10-20T09:00Z")
    assert november["rank"] is None and november["days_overdue"] is None


def test_without_an_event_an_ask_is_opened_when_it_is_first_seen(tmp_path: Path) -> None:
    row = only(chain(tmp_path, at(OCTOBER), at(NOVEMBER, OPEN)))
    assert (row["opened_at"], row["opened_by"], row["due"].date()) == (NOVEMBER, "first seen", date(2026, 12, 3))


def test_the_day_it_is_due_is_not_overdue(tmp_path: Path) -> None:
    config = Config(findings=FindingsSetting.model_validate({"due_days": {"high": 31}}))
    assert only(chain(tmp_path, at(OCTOBER, OPEN), at(NOVEMBER, OPEN), config=config))["outcome"] == "open"


def test_what_is_done_and_comes_back_is_a_new_action(tmp_path: Path) -> None:
    first, second = of(chain(tmp_path, at(AUGUST, OPEN), at(SEPTEMBER), at(OCTOBER, OPEN), at(NOVEMBER, OPEN)))
    assert first["fingerprint"] == second["fingerprint"]
    assert (first["episode"], first["outcome"], first["times_asked"], first["asked_before"]) == (1, "done", 1, False)
    assert (second["episode"], second["outcome"], second["times_asked"]) == (2, "overdue", 2)
    assert (second["opened_at"], second["due"].date()) == (OCTOBER, date(2026, 11, 2))


def test_one_outside_account_in_place_of_another_is_not_done(tmp_path: Path) -> None:
    row = only(chain(tmp_path, at(SEPTEMBER, OPEN), at(OCTOBER, OPEN), at(NOVEMBER, {"p": policy(OTHER)})))
    assert (row["outcome"], row["times_asked"], row["opened_at"]) == ("overdue", 3, SEPTEMBER)
    assert row["ask"] == f"Approve or remove outside account {OTHER} on example.com"


def test_several_outside_accounts_of_an_identity_are_one_ask(tmp_path: Path) -> None:
    row = only(chain(tmp_path, at(NOVEMBER, {"p": policy([STRANGER, OTHER]) | policy({"AWS": [STRANGER, OTHER]})})))
    assert row["ask"] == "Approve or remove 2 outside accounts on example.com"
    assert list(row["outside_accounts"]) == [f"outside account {STRANGER}", f"outside account {OTHER}"]


def test_a_vendor_is_called_by_its_name(tmp_path: Path) -> None:
    row = only(chain(tmp_path, at(NOVEMBER, {"p": policy(FORMER)})), "expired_approval")
    assert row["ask"] == f"Renew or end the expired approval of Brightside ({FORMER}) on example.com"


def test_what_cannot_be_read_again_is_asked_all_the_same(tmp_path: Path) -> None:
    unread = Estate(NOVEMBER).identity(read=False)
    row = only(chain(tmp_path, at(SEPTEMBER, OPEN), at(OCTOBER, OPEN), unread))
    assert (row["outcome"], row["times_asked"], row["due"].date()) == ("overdue", 3, date(2026, 10, 3))
    assert row["outcome_reason"] == "policies: denied (policies: denied)"


def test_what_was_unread_for_a_month_and_is_gone_was_asked_in_that_month(tmp_path: Path) -> None:
    unread = Estate(OCTOBER).identity(read=False)
    row = only(chain(tmp_path, at(SEPTEMBER, OPEN), unread, at(NOVEMBER)))
    assert (row["outcome"], row["times_asked"], row["asked_before"]) == ("done", 2, True)


def test_an_account_that_left_the_organization_is_not_asked_any_more(tmp_path: Path) -> None:
    def there(now: datetime) -> Estate:
        return Estate(now).identity("dev.example.com", OPEN, account=DEV, tags=TAGS)

    left = [Estate(OCTOBER).identity(tags=TAGS), Estate(NOVEMBER).identity(tags=TAGS)]
    for estate in left:
        estate.rows["accounts"] = [row for row in estate.rows["accounts"] if row["account_id"] != DEV]
    row = only(chain(tmp_path, there(AUGUST), there(SEPTEMBER), *left))
    assert (row["outcome"], row["times_asked"], row["asked_before"]) == ("withdrawn", 2, False)
    assert (row["outcome_at"], row["outcome_reason"]) == (OCTOBER, "the account has left the organization")


def test_an_account_is_not_taken_for_gone_where_the_organization_was_not_listed(tmp_path: Path) -> None:
    before = Estate(OCTOBER).identity("dev.example.com", OPEN, account=DEV, tags=TAGS)
    alone = Estate(NOVEMBER).identity(tags=TAGS)
    alone.rows["accounts"] = [row | {"in_organization": False} for row in alone.rows["accounts"][:1]]
    assert only(chain(tmp_path, before, alone))["outcome"] == "overdue"


@pytest.mark.parametrize(
    ("since", "asked_before", "times"), [("2026-10-20", True, 2), ("2026-09-10", False, 1), (None, True, 2)]
)
def test_an_accepted_ask_says_until_when(since: str | None, asked_before: bool, times: int, tmp_path: Path) -> None:
    """An exception that tells no beginning is not known to have been there at the report before."""
    months = at(SEPTEMBER, OPEN), at(OCTOBER, OPEN), at(NOVEMBER, OPEN)
    row = only(chain(tmp_path, *months, config=accepting("2026-12-31", since)))
    assert (row["outcome"], row["accepted_until"]) == ("accepted", pd.Timestamp("2026-12-31", tz="UTC"))
    assert (row["outcome_reason"], row["asked_before"], row["times_asked"]) == ("pilot", asked_before, times)


def test_an_exception_that_ended_leaves_the_first_date(tmp_path: Path) -> None:
    months = at(SEPTEMBER, OPEN), at(OCTOBER, OPEN), at(NOVEMBER, OPEN)
    row = only(chain(tmp_path, *months, config=accepting("2026-10-31")))
    assert (row["outcome"], row["due"].date(), row["times_asked"]) == ("overdue", date(2026, 10, 3), 1)


def test_one_accepted_account_of_two_is_still_asked_about(tmp_path: Path) -> None:
    both = {"p": policy(STRANGER), "q": policy(OTHER)}
    one = FindingException(rule="unknown_account", grantee=STRANGER, reason="pilot", expires=date(2026, 12, 31))
    config = Config(findings=FindingsSetting(exceptions=[one]))
    assert only(chain(tmp_path, at(NOVEMBER, both), config=config))["outcome"] == "open"


def test_an_incident_of_a_month_is_withdrawn_and_never_called_done(only_switches: None, tmp_path: Path) -> None:
    october = at(OCTOBER).change("2026-09-05T06:00", "UpdateAccountSendingEnabled", None, identity="")
    october.rows["changes"][-1] |= {"enabled": False, "identity": None}
    october.change("2026-09-20T06:00", "UpdateAccountSendingEnabled", None)
    october.rows["changes"][-1] |= {"enabled": True, "identity": None}
    before, after = reports(tmp_path, october, at(NOVEMBER))
    asked = only(before, "sending_switched_on")
    assert (asked["incident"], asked["outcome"]) == (True, "open")
    assert asked["due"].date() == OCTOBER.date()
    assert asked["ask"] == "Confirm that shop-prod (eu-west-1) may send again"
    later = only(after, "sending_switched_on")
    assert (later["outcome"], later["asked_before"]) == ("withdrawn", True)


def _under_review(now: datetime) -> Estate:
    return at(now).quota(50_000.0, enforcement_status="PROBATION")


def test_an_incident_is_due_on_the_day_it_was_seen_and_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RULES, "_items", {"enforcement": ALL["enforcement"]})
    october, november = reports(tmp_path, _under_review(OCTOBER), _under_review(NOVEMBER))
    first, second = (only(each, "enforcement") for each in (october, november))
    assert (first["severity"], first["due"].date(), first["outcome"]) == ("high", OCTOBER.date(), "open")
    assert (second["due"], second["outcome"], second["days_overdue"]) == (first["due"], "overdue", 31)
    told = [words.due(decisions(each.actions, each.today)[0][0]) for each in (october, november)]
    assert told == ["due now", "due 2026-10-03, overdue by 31 days, asked 2 times"]


@pytest.mark.parametrize(("days", "due"), [(0, NOVEMBER.date()), (3, date(2026, 11, 6))])
def test_the_days_for_an_incident_are_those_of_the_settings(
    days: int, due: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RULES, "_items", {"enforcement": ALL["enforcement"]})
    config = Config(findings=FindingsSetting.model_validate({"due_days": {"high": 60, "incident": days}}))
    analysis = chain(tmp_path, _under_review(NOVEMBER), config=config)
    assert only(analysis, "enforcement")["due"].date() == due
    ((line,), _) = decisions(analysis.actions, analysis.today)
    assert words.due(line) == ("due now" if days == 0 else "due 2026-11-06")


def test_the_worst_comes_first_and_never_the_most(tmp_path: Path) -> None:
    estate = at(NOVEMBER, PUBLIC)
    for number in range(3):
        estate.identity(f"n{number}.example.com", OPEN, tags=TAGS)
    estate.identity("far.example.com", OPEN, region=US, tags=TAGS)
    for region, sent in ((EU, 900.0), (US, 90_000.0)):
        estate.days("Send", {"2026-10-05": sent}, region=region)
    found = chain(tmp_path, estate).actions
    assert found["identity"].tolist()[:2] == ["example.com", "far.example.com"]
    assert found["rank"].tolist() == list(range(1, len(found) + 1))


def test_what_is_new_comes_before_what_is_old(tmp_path: Path) -> None:
    both = at(NOVEMBER).identity("a.example.com", OPEN, tags=TAGS).identity("b.example.com", OPEN, tags=TAGS)
    before = at(OCTOBER).identity("a.example.com", OPEN, tags=TAGS).identity("b.example.com", tags=TAGS)
    assert chain(tmp_path, before, both).actions["identity"].tolist() == ["b.example.com", "a.example.com"]


def test_asks_about_one_name_in_two_places_tell_them_apart(tmp_path: Path) -> None:
    two = at(NOVEMBER, OPEN).identity("example.com", OPEN, region=US, tags=TAGS)
    regions = chain(tmp_path / "regions", two)
    of_account = f"Approve or remove outside account {STRANGER} on example.com"
    assert {row["ask"] for row in of(regions)} == {f"{of_account} (eu-west-1)", f"{of_account} (us-east-1)"}
    ((line,), _) = decisions(regions.actions, regions.today)
    assert line.decision == f"{of_account} (eu-west-1) and 1 more identity"
    accounts = chain(tmp_path / "accounts", at(NOVEMBER, OPEN).identity("example.com", OPEN, account=DEV, tags=TAGS))
    assert {row["ask"] for row in of(accounts)} == {
        f"{of_account} in shop-prod (eu-west-1)", f"{of_account} in shop-dev (eu-west-1)"}  # fmt: skip


def test_accounts_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    estate = at(NOVEMBER, OPEN).identity("example.com", OPEN, account=DEV, tags=TAGS)
    estate.rows["accounts"] = [row | {"name": "mail"} for row in estate.rows["accounts"]]
    told = {row["ask"].rpartition(" in ")[2] for row in of(chain(tmp_path, estate))}
    assert told == {f"mail, {SHOP} (eu-west-1)", f"mail, {DEV} (eu-west-1)"}


def test_like_asks_of_one_team_are_one_line_and_the_others_are_counted(tmp_path: Path) -> None:
    estate = at(NOVEMBER, OPEN)
    for number in range(7):
        estate.identity(f"n{number}.example.com", OPEN, tags={"owner": f"a team with a long name, {number % 6}"})
    analysis = chain(tmp_path, estate)
    lines, more = decisions(analysis.actions, analysis.today)
    assert len(lines) == 5
    assert sum(line.asks for line in lines) + more == len(analysis.actions) == 8
    (double,) = [line for line in lines if line.asks == 2]
    assert double.decision == f"Approve or remove outside account {STRANGER} on n0.example.com and 1 more identity"
    assert double.owner == "a team with a long name, 0"
    assert double.identities == tuple(f"{name} [{SHOP} {EU}]" for name in ("n0.example.com", "n6.example.com"))


def test_last_months_asks_tell_what_became_of_them(tmp_path: Path) -> None:
    def month(now: datetime, *names: str) -> Estate:
        estate = at(now)
        for name in ("a.example.com", "b.example.com", "c.example.com"):
            estate.identity(name, OPEN if name[0] in names else None, tags=TAGS)
        return estate

    found = last_asks(chain(tmp_path, month(SEPTEMBER, "a"), month(OCTOBER, "a", "b"), month(NOVEMBER, "b", "c")))
    assert (found.period, found.total, found.more) == ("September 2026", 2, 0)
    assert found.by_outcome == {"open": 0, "overdue": 1, "done": 1, "accepted": 0, "withdrawn": 0}
    assert [(line.outcome, line.identities[0].split()[0]) for line in found.asks] == [
        ("done", "a.example.com"), ("overdue", "b.example.com")]  # fmt: skip


def test_without_a_report_before_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert last_asks(chain(tmp_path, at(NOVEMBER, OPEN))).period == ""


def test_nothing_asked_is_an_empty_frame(tmp_path: Path) -> None:
    assert chain(tmp_path, at(NOVEMBER, {"p": policy(VENDOR)})).actions.equals(ACTIONS.empty())


LIFE = st.lists(
    st.tuples(st.sampled_from([FOUND, GONE, UNREAD]), st.booleans()), min_size=len(MONTHS), max_size=len(MONTHS)
)
"""By month: what is seen of a finding, and whether an event tells when that came to be."""
PLACES = st.lists(st.lists(LIFE, min_size=1, max_size=3), min_size=20, max_size=40)
"""Findings of one rule by place."""


def _looks(place: int, number: int, life: list[tuple[str, bool]]) -> Iterator[tuple[Any, ...]]:
    """Looks at a finding, as they are taken of snapshots and of the moments between them."""
    before, fingerprint = "", f"{place}/{number}"
    for now, (state, told) in zip(MONTHS, life, strict=False):
        if told and before and state != UNREAD:
            moment = now - timedelta(days=12, hours=number)
            yield fingerprint, moment, moment, False, "event", before
            yield fingerprint, moment, moment, True, "event", state
        yield fingerprint, now, now + timedelta(hours=1), False, "snapshot", state
        before = before if state == UNREAD else state


def _reported(places: list[list[list[tuple[str, bool]]]], months: int) -> dict[str, list[dict[str, Any]]]:
    """The actions by identity, as the last report of so many months has them."""
    looks = [
        look
        for place, lives in enumerate(places)
        for number, life in enumerate(lives)
        for look in _looks(place, number, life[:months])
    ]
    made = pd.DataFrame(looks, columns=["fingerprint", "since", "until", "exact", "basis", "state"])
    made = made.assign(
        order=range(len(made)), principal=pd.NA, period=made["since"].dt.strftime("%Y-%m"),
        reason=made["state"].where(made["state"] == UNREAD),
    )  # fmt: skip
    texts = dict.fromkeys(["fingerprint", "basis", "principal", "period", "state", "reason"], "string")
    lives = episodes(made.astype(texts), now=pd.Timestamp(MONTHS[months - 1])).assign(
        rule="unknown_account", account_id=SHOP, region=EU, severity="high", owner="shop", account_name="shop-prod",
        grantee=STRANGER,
    )  # fmt: skip
    lives["identity"] = lives["fingerprint"].str.split("/").str[0]
    told = [
        Report(f"{now:%Y-%m}", pd.Timestamp(now), pd.Timestamp(now) + pd.Timedelta(hours=1), now.date(), frozenset())
        for now in MONTHS[:months]
    ]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in asked_by(told, lives, FindingsSetting(), {}):
        found[row["identity"]].append(row)
    return found


@examples(3)
@given(places=PLACES)
def test_no_later_report_moves_a_date_or_forgets_an_ask(places: list[list[list[tuple[str, bool]]]]) -> None:
    """Over any sequence of looks: an action keeps its date, each report that asks counts once, and done is done."""
    told: dict[tuple[Any, ...], dict[str, Any]] = {}
    for months in range(1, len(MONTHS) + 1):
        found = _reported(places, months)
        rows = {(row["fingerprint"], row["episode"], row["opened_at"]): row for each in found.values() for row in each}
        assert told.keys() <= rows.keys()
        for key, before in told.items():
            now = rows[key]
            assert now["due"] == before["due"] == key[2].normalize() + pd.Timedelta(days=30)
            assert now["times_asked"] == before["times_asked"] + (now["outcome"] in STANDING)
            assert now["asked_before"] == (before["outcome"] in STANDING)
            assert before["outcome"] != "done" or now["outcome"] == "done"
        for place, lives in enumerate(places):
            asked = sum(row["outcome"] in STANDING for row in found.get(str(place), []))
            assert asked <= 1
            assert asked or all(life[months - 1][0] != FOUND for life in lives)
        told = rows
