"""Page one: what happened, the headline, whether we are safer, and asks that are one line."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from estate import DEV, EU, SHOP, STRANGER, VENDOR, Estate, policy

from sesreport.analysis import Analysis
from sesreport.analysis.basis import Basis
from sesreport.core.period import Period
from sesreport.kpis.happenings import happened
from sesreport.kpis.headline import headline
from sesreport.kpis.results import (
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    WATCH,
    Coverage,
    Findings,
    Happening,
    Kpi,
    Point,
    Results,
)
from sesreport.kpis.safer import safer
from sesreport.kpis.scorecard import score

BEGUN = datetime(2026, 10, 3, 6, tzinfo=UTC)
OCTOBER, JULY = Period(2026, 10), "2026-07"
WHOLE = Coverage(Basis(2, 2), Basis(9, 9), {}, "Based on all.", ())
NO_FINDINGS = Findings(0, 0, dict.fromkeys(("critical", "high", "medium", "low"), 0), {})
NOBODY = pd.DataFrame({"identity": pd.Series(dtype="string")})


def two(before: Estate, now: Estate, folder: Path) -> Analysis:
    return now.analysis(folder / "now", previous=before.analysis(folder / "before"))


def texts(analysis: Analysis, frame: str) -> list[tuple[str, str]]:
    return [(each.status, each.text) for each in happened(analysis) if each.frame == frame]


# What happened


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("HEALTHY", "PROBATION", (OFF_TARGET, "AWS put shop-prod (eu-west-1) under review between 3 October and 3 "
                                              "November.")),
        ("PROBATION", "PROBATION", (OFF_TARGET, "AWS still has shop-prod (eu-west-1) under review.")),
        ("HEALTHY", "SHUTDOWN", (OFF_TARGET, "AWS paused the sending of shop-prod (eu-west-1) between 3 October and 3 "
                                             "November.")),
        ("PROBATION", "HEALTHY", (ON_TARGET, "AWS ended its review of shop-prod (eu-west-1).")),
        (None, "PROBATION", (OFF_TARGET, "AWS has shop-prod (eu-west-1) under review; since when is not known.")),
        ("HEALTHY", "HEALTHY", None),
    ],
)  # fmt: skip
def test_a_review_is_new_or_still_there_or_ended(
    before: str | None, now: str, told: tuple[str, str] | None, tmp_path: Path
) -> None:
    estate = Estate(BEGUN)
    earlier = estate.place() if before is None else estate.quota(200.0, enforcement_status=before)
    analysis = two(earlier, Estate().quota(200.0, enforcement_status=now), tmp_path)
    assert texts(analysis, "sending_accounts") == ([told] if told else [])


def test_a_review_tells_the_rate_that_reached_a_line(tmp_path: Path) -> None:
    now = Estate().quota(200.0, enforcement_status="PROBATION").days("Reputation.BounceRate", {"2026-10-20": 0.0697})
    analysis = two(Estate(BEGUN).quota(200.0), now, tmp_path)
    ((_, text),) = texts(analysis, "sending_accounts")
    assert text.endswith("November: its bounce rate is 6.97 % (AWS reviews at 5 %).")


def test_a_spike_is_one_line_with_its_bounces(demo_analysis: Analysis) -> None:
    lines = [text for _, text in texts(demo_analysis, "anomalies")]
    assert lines[0] == (
        "Sandbox Alvarez (us-east-1) sent 16,679 messages on 15 October, 18 times its usual volume; bounces reached "
        "8.8 % (2 such days; AWS reviews at 5 %) and complaints reached 0.72 % (2 such days; AWS pauses at 0.5 %). "
        "A stolen key looks like this."
    )
    assert lines[1].startswith("Marketing Prod (eu-west-1): bounces reached 7.6 % on 1 October (20 such days; AWS")


@pytest.mark.parametrize(
    ("before", "now", "status", "told"),
    [
        (STRANGER, STRANGER, ON_TARGET, "none added, none removed."),
        (STRANGER, None, ON_TARGET, "none added, 1 removed or narrowed."),
        (None, STRANGER, OFF_TARGET, "1 added or widened, none removed; new on example.com."),
        (None, VENDOR, WATCH, "1 added or widened, none removed; new on example.com."),
    ],
)
def test_outside_permissions_are_compared_with_the_month_before(
    before: str | None, now: str | None, status: str, told: str, tmp_path: Path
) -> None:
    policies = [{} if who is None else {"p": policy(who)} for who in (before, now)]
    analysis = two(Estate(BEGUN).identity(policies=policies[0]), Estate().identity(policies=policies[1]), tmp_path)
    assert texts(analysis, "changes_since") == [(status, f"Outside permissions since September 2026: {told}")]


def test_an_identity_that_was_opened_to_anyone_comes_before_what_was_closed(tmp_path: Path) -> None:
    before = Estate(BEGUN).identity("a.example.com").identity("b.example.com", {"p": policy("*")})
    now = Estate().identity("a.example.com", {"p": policy("*")}).identity("b.example.com")
    told = texts(two(before, now, tmp_path), "changes_since")
    assert told[0] == (OFF_TARGET, "Anyone can now send as a.example.com.")
    assert told[-1] == (ON_TARGET, "b.example.com is closed to strangers again.")


def test_without_an_earlier_report_what_was_added_is_not_known(tmp_path: Path) -> None:
    ((status, text),) = texts(Estate().identity().analysis(tmp_path), "changes_since")
    assert status == NOT_MEASURABLE and text.endswith("is not known: there is no earlier report.")


def test_places_that_were_left_out_limit_what_is_said_of_permissions(tmp_path: Path) -> None:
    before = Estate(BEGUN).identity().place(DEV, EU)
    told = texts(two(before, Estate().identity(), tmp_path), "changes_since")
    assert "where both months were read (1 place was left out)" in told[-1][1]


def test_where_policies_were_not_read_nobody_says_that_none_was_added(tmp_path: Path) -> None:
    before = Estate(BEGUN).identity().place(DEV, EU)
    partly = Estate().identity().gap(DEV, EU, "policies").place(DEV, EU)
    status, text = texts(two(before, partly, tmp_path / "partly"), "changes_since")[-1]
    assert status == WATCH and text.endswith("none added, none removed in what could be read: 1 of 2 places.")
    nothing = Estate().place(SHOP, EU).gap(SHOP, EU, "policies").gap(DEV, EU, "policies")
    status, text = texts(two(before, nothing, tmp_path / "nothing"), "changes_since")[-1]
    assert status == NOT_MEASURABLE and text.endswith("is not known: no policy could be read.")


# The headline


def kpi(name: str, value: float | None, prior: float | None = None, **fields: object) -> Kpi:
    given = {
        "label": name.replace("_", " ").capitalize(), "question": "", "definition": "", "formula": "", "source": "",
        "unit": "count", "direction": "lower", "numerator": None, "denominator": None, "target": 0.0, "watch": None,
        "status": NOT_MEASURABLE if value is None else OFF_TARGET if value else ON_TARGET, "reason": "",
        "change": None if value is None or prior is None else value - prior, "series": (), "owner": "",
        "headline": True, "coverage": Basis(9, 9), "frame": f"kpi_{name}",
    } | fields  # fmt: skip
    return Kpi(id=name, value=value, prior=prior, **given)  # type: ignore[arg-type]


CLEAN = (kpi("public_identities", 0), kpi("unknown_accounts", 0), kpi("expired_grants", 0))
NEWS = Happening(OFF_TARGET, "AWS put shop under review.", "AWS put shop under review")


def says(*kpis: Kpi, happened: tuple[Happening, ...] = (), coverage: Coverage = WHOLE, **by_rule: int) -> str:
    findings = dataclasses.replace(NO_FINDINGS, by_rule=by_rule)
    given = {each.id: each for each in (*CLEAN, *kpis)}
    return headline(list(given.values()), coverage, findings, happened, NOBODY)


def test_the_headline_is_what_is_new_and_the_worst_that_is_open() -> None:
    told = says(kpi("public_identities", 3, 2), happened=(NEWS,))
    assert told == "AWS put shop under review; anyone can still send as 3 of our identities"


def test_a_headline_that_would_be_too_long_leaves_a_part_out_whole() -> None:
    long = dataclasses.replace(NEWS, short="AWS put an account with quite a long name under review, twice")
    assert says(kpi("public_identities", 3), happened=(long,)) == long.short
    longer = dataclasses.replace(NEWS, short="x" * 91)
    assert says(kpi("public_identities", 3), happened=(longer,)) == "Anyone can send as 3 of our identities"


@pytest.mark.parametrize(
    ("kpis", "by_rule", "told"),
    [
        ([kpi("unknown_accounts", 1)], {}, "1 outside account without a valid approval can send as us"),
        ([kpi("unknown_accounts", 6, 5)], {}, "6 outside accounts without a valid approval can still send as us"),
        ([kpi("expired_grants", 2)], {}, "2 outside permissions have outlived the approval"),
        ([], {"needs_review": 1, "unread_policies": 1}, "2 policies could not be judged"),
        ([kpi("unknown_accounts", None)], {}, "Who can send as us is not known"),
        ([kpi("quota_use", 3)], {}, "Quota use is 3, off target"),
        ([], {}, "No policy lets an outside account send as us unapproved"),
    ],
)
def test_the_worst_that_is_open_comes_first(kpis: list[Kpi], by_rule: dict[str, int], told: str) -> None:
    assert says(*kpis, **by_rule) == told


def test_a_good_headline_says_what_it_rests_on() -> None:
    partly = dataclasses.replace(WHOLE, places=Basis(98, 100), minimum=0.95)
    assert says(coverage=partly).endswith("send as us unapproved (read: 98 of 100 places)")
    little = dataclasses.replace(WHOLE, places=Basis(1, 100))
    assert says(coverage=little) == "Only 1.0 % could be read; who can send from the rest is not known"


# Are we safer?


def moved(name: str, then: float | None, now: float | None, **fields: object) -> Kpi:
    return kpi(name, now, now, series=(Point(JULY, then),), **fields)


@pytest.mark.parametrize(
    ("kpis", "told"),
    [
        ([moved("unknown_accounts", 5, 4)], "Safer than in July 2026: unknown accounts 5 → 4."),
        ([moved("unknown_accounts", 5, 6)], "Not safer than in July 2026: unknown accounts 5 → 6."),
        ([moved("unknown_accounts", 5, 4), moved("expired_grants", 0, 1), moved("wildcard_policies", 2, 2)],
         "Partly safer than in July 2026: unknown accounts 5 → 4, expired grants 0 → 1, 1 of 3 numbers unchanged."),
        ([moved("unknown_accounts", 5, 5)], "As in July 2026: 1 of 1 numbers unchanged."),
        ([moved("unknown_accounts", None, 5)],
         "Whether we are safer than in July 2026 is not known: no number of that month can be compared."),
        ([kpi("unknown_accounts", 4, 5, change=None, series=(Point(JULY, 5),))],
         "Whether we are safer than in July 2026 is not known: no number of that month can be compared."),
    ],
)  # fmt: skip
def test_safer_than_a_quarter_ago(kpis: list[Kpi], told: str) -> None:
    ordered = sorted(kpis, key=lambda each: each.id != "unknown_accounts")
    assert safer(OCTOBER, ordered, NO_FINDINGS, WHOLE)[0] == told


def test_nothing_is_safer_where_too_little_was_read() -> None:
    little = dataclasses.replace(WHOLE, places=Basis(1, 100))
    told = safer(OCTOBER, [moved("unknown_accounts", 5, 0)], NO_FINDINGS, little)[0]
    assert told == "Whether we are safer than in July 2026 is not known: only 1.0 % could be read."


def test_the_speed_of_closing_says_when_half_is_not_reached() -> None:
    speed = kpi("median_time_to_remediate", 40.0, unit="days", target=14.0)
    half, least = (safer(OCTOBER, [each], NO_FINDINGS, WHOLE)[1]
                   for each in (speed, dataclasses.replace(speed, at_least=True)))  # fmt: skip
    assert half == "Half of all findings are closed within 40 days (target 14)."
    assert least == "More than half of all findings outlast what is known so far, 40 days (target 14)."


# Whole


def test_asks_about_incidents_of_one_place_are_one_line(demo_analysis: Analysis) -> None:
    results = score(demo_analysis).results
    assert results.decisions[0].decision == (
        "Answer AWS's review of Marketing Prod (eu-west-1); stop the mailings of this account that bounce or are "
        "complained of"
    )
    assert [each.asks for each in results.decisions[:2]] == [2, 2]
    assert sum(each.asks for each in results.decisions) + results.more_asks == len(
        demo_analysis.actions.query("outcome in ('open', 'overdue')")
    )


def test_page_one_comes_back_from_its_file(tmp_path: Path) -> None:
    before = Estate(BEGUN).identity(account=SHOP)
    results = score(two(before, Estate().identity(policies={"p": policy("*")}), tmp_path)).results
    assert results.page_one.happened and results.verdict[0] == results.page_one.happened[0].text
    assert Results.from_json(results.to_json()) == results
