"""The rule behind each section's message."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest
from money_sample import money_kpis

from sesreport.kpis.results import Basis, Findings, Kpi, Results
from sesreport.report.contents import Pack
from sesreport.report.html import page
from sesreport.report.html.sections import (
    breakdown,
    changes,
    costs,
    exposure,
    findings,
    outside,
    ownership,
    quality,
    remediation,
    scorecard,
    sending,
)
from sesreport.usage.cost_frames import GAPS


@pytest.fixture
def results(pack: Pack) -> Results:
    """The example's, as if every place had been read."""
    kpis = tuple(dataclasses.replace(kpi, coverage=Basis(64, 64)) for kpi in pack.results.kpis)
    coverage = dataclasses.replace(pack.results.coverage, accounts=Basis(16, 16), places=Basis(64, 64))
    return dataclasses.replace(pack.results, kpis=kpis, coverage=coverage)


def having(results: Results, **values: float | None) -> Results:
    """The results with these values; the other KPIs as they were."""
    kpis = tuple(
        dataclasses.replace(k, value=values[k.id], reason="it was not read" if values[k.id] is None else k.reason)
        if k.id in values
        else k
        for k in results.kpis
    )
    return dataclasses.replace(results, kpis=kpis)


def judged(results: Results, **statuses: str) -> Results:
    kpis = tuple(dataclasses.replace(k, status=statuses.get(k.id, k.status)) for k in results.kpis)
    return dataclasses.replace(results, kpis=kpis)


@pytest.mark.parametrize(
    ("public", "wildcards", "heading"),
    [
        (3, 5, "Anyone with an AWS account can use 3 of our identities"),
        (1, 1, "Anyone with an AWS account can use one of our identities"),
        (0, 1, "1 policy lets in outsiders by a wildcard"),
        (None, 4, "4 policies let in outsiders by a wildcard"),
        (0, 0, "No identity is open to everyone"),
        (None, None, "Exposure is not known. It was not read."),
    ],
)
def test_exposure(results: Results, public: float | None, wildcards: float | None, heading: str) -> None:
    assert exposure.heading(having(results, public_identities=public, wildcard_policies=wildcards)) == heading


@pytest.mark.parametrize(
    ("unknown", "expired", "heading"),
    [
        (5, 4, "5 accounts nobody approved can send as us; 4 grants rest on expired approvals"),
        (1, 0, "1 account nobody approved can send as us"),
        (0, 1, "1 grant rests on expired approvals"),
        (0, 0, "Every outside account that can send as us has a valid approval"),
        (None, None, "Outside accounts are not known. It was not read."),
        (None, 0, "Approvals have not expired, but who else can send is not known. It was not read."),
    ],
)
def test_outside_accounts(results: Results, unknown: float | None, expired: float | None, heading: str) -> None:
    assert outside.heading(having(results, unknown_accounts=unknown, expired_grants=expired)) == heading


@pytest.mark.parametrize(
    ("share", "heading"),
    [
        (0.88, "88.0 % of identities have an owner, 7.0 points short of the target"),
        (0.97, "97.0 % of identities have an owner: the target of 95.0 % is met"),
        (None, "Ownership is not known. It was not read."),
    ],
)
def test_ownership(results: Results, share: float | None, heading: str) -> None:
    assert ownership.heading(having(results, owned_identities=share)) == heading


def test_sending_names_the_rates_beyond_their_target(results: Results) -> None:
    only = judged(results, complaint_rate="on target")
    assert sending.heading(only) == "Highest bounce rate 6.10 %: beyond target"


def test_sending_tells_the_volume_when_the_rates_are_fine(results: Results) -> None:
    fine = judged(results, bounce_rate="on target", complaint_rate="on target")
    assert (
        sending.heading(fine) == "Highest bounce rate and highest complaint rate within target; 9,876,543 messages sent"
    )


def test_sending_is_not_known_when_the_rates_are_not(results: Results) -> None:
    unknown = having(results, bounce_rate=None, complaint_rate=None, sent_volume=None)
    assert sending.heading(unknown) == "Bounce and complaint rates are not known. It was not read."


def test_one_unknown_rate_is_not_passed_over(results: Results) -> None:
    half = judged(having(results, complaint_rate=None), bounce_rate="on target", complaint_rate="not measurable")
    assert (
        sending.heading(half)
        == "Highest bounce rate within target; highest complaint rate not known; 9,876,543 messages sent"
    )


@pytest.mark.parametrize(
    ("numbers", "heading"),
    [
        (Findings(79, 4, {"high": 70, "critical": 9}, {}), "79 findings are open, 9 of them critical"),
        (Findings(1, 0, {"low": 1}, {}), "1 finding is open, and it is low"),
        (Findings(0, 2, {}, {}), "No finding is open"),
    ],
)
def test_findings(results: Results, numbers: Findings, heading: str) -> None:
    assert findings.heading(dataclasses.replace(results, findings=numbers)) == heading


def test_no_finding_is_no_news_when_nothing_was_read(results: Results) -> None:
    blind: Any = dataclasses.replace(results.coverage, places=Basis(0, 64))
    unread = dataclasses.replace(results, findings=Findings(0, 0, {}, {}), coverage=blind)
    assert findings.heading(unread) == "Which findings are open is not known: nothing could be read"


@pytest.mark.parametrize(
    ("accounts", "places", "heading"),
    [
        (Basis(15, 16), Basis(60, 64), "60 of 64 places were read; 4 could not be assessed"),
        (Basis(1, 1), Basis(4, 4), "Everything was read: 1 account, 4 places"),
        (Basis(0, 0), Basis(0, 0), "It is not known what should have been read"),
    ],
)
def test_coverage(results: Results, accounts: Basis, places: Basis, heading: str) -> None:
    read = dataclasses.replace(results.coverage, accounts=accounts, places=places)
    assert quality.heading(dataclasses.replace(results, coverage=read)) == heading


def _groups(*rows: tuple[str, str, str, int], expected: int = 1) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["dimension", "group", "status", "places_read"])
    return frame.assign(places_expected=expected, kpi=[str(number) for number in range(len(frame))])


def test_the_breakdown_names_the_environments_that_miss_most() -> None:
    misses = [("environment", name, "off target", 1) for name in ("prod", "dev", "prod")]
    read = Basis(64, 64)
    assert breakdown.heading(_groups(*misses), read) == "prod misses 2 targets"
    assert breakdown.heading(_groups(*misses[:2]), read) == "dev and prod each miss 1 target"
    on_target = _groups(("environment", "prod", "watch", 1))
    assert breakdown.heading(on_target, read) == "No environment misses a target"
    assert breakdown.heading(on_target, Basis(60, 64)) == (
        "No environment misses a target in what could be read: 60 of 64 places"
    )
    assert breakdown.heading(on_target, Basis(0, 64)) == "How the environments compare is not known"
    assert breakdown.heading(None, read) == "How the environments compare is not known"


def test_the_breakdown_says_of_whom_nothing_was_read() -> None:
    rows = [("account", "1", "not measurable", 0), ("account", "2", "watch", 1), ("owner", "crm", "off target", 1)]
    assert breakdown.so_what(_groups(*rows)) == "Most misses by owner: crm 1. Of 1 account nothing was read."


def test_an_account_that_nobody_expected_to_be_read_is_not_told_as_unread() -> None:
    assert breakdown.so_what(_groups(("account", "1", "not measurable", 0), expected=0)) == ""


def test_the_scorecard_counts_what_the_verdict_counts(results: Results) -> None:
    assert scorecard.heading(results) == "1 of 11 KPIs on target; 8 off target, 1 to watch, 1 not measurable"
    nothing = judged(results, **{kpi.id: "not measurable" for kpi in results.kpis})
    assert scorecard.heading(nothing) == "No KPI could be measured against its target"


def test_the_scorecard_names_what_is_off_and_what_is_not_known(results: Results) -> None:
    assert scorecard.so_what(results) == (
        "Off target: Policies with a wildcard principal; Unknown accounts able to send; Identities with a tagged "
        "owner. Not measurable: Mean time to remediate."
    )


@pytest.mark.parametrize(
    ("rows", "heading"),
    [
        (
            [("grant", "added")] * 2 + [("grant", "removed")],
            "2 grants added, 1 removed since the snapshot of 1 October 2026",
        ),
        ([("grant", "added")], "1 grant added, 0 removed since the snapshot of 1 October 2026"),
        ([("owner", "changed")], "No grant was added or removed since the snapshot of 1 October 2026"),
    ],
)
def test_changes(results: Results, rows: list[tuple[str, str]], heading: str) -> None:
    assert changes.heading(results, pd.DataFrame(rows, columns=["what", "change"])) == heading


def test_no_earlier_snapshot_is_not_no_change(results: Results) -> None:
    first = dataclasses.replace(results, compared_with="", kpis=())
    assert changes.heading(first, pd.DataFrame()) == "There is no earlier snapshot to compare with"
    assert changes.heading(results, pd.DataFrame()) == "No change was recorded since the snapshot of 1 October 2026"


def test_what_one_snapshot_shows_as_resolved_is_the_least_there_was(results: Results) -> None:
    days = dataclasses.replace(results.kpi("mean_time_to_remediate"), value=13.7, denominator=2.0)
    month = dataclasses.replace(results.kpi("sent_volume"), id="findings_resolved", value=2.0)
    rest = tuple(kpi for kpi in results.kpis if kpi.id != days.id)
    known = dataclasses.replace(results, kpis=(*rest, days, month))
    assert remediation.heading(known) == "2 findings resolved, after 13.7 days on average"
    alone = dataclasses.replace(results, kpis=(*rest, days))
    assert remediation.heading(alone) == "At least 2 findings resolved, after 13.7 days on average"


@pytest.mark.parametrize(
    ("kpis", "about", "heading"),
    [
        (money_kpis(), "", "Sending cost USD 2,715, 104.4 % of the budget; USD 118.80 could be avoided"),
        (money_kpis(budget=None), "about ", "Sending cost about USD 2,715; USD 118.80 could be avoided"),
        (money_kpis(avoidable=None, budget=None), "", "Sending cost USD 2,715; what could be avoided is not known"),
        (
            money_kpis(avoidable=0.0, budget=None),
            "",
            "Sending cost USD 2,715; nothing avoidable was found in what could be read: 60 of 64 places",
        ),
        (money_kpis(None, avoidable=None), "", "The cost of sending is not known as one amount. Costs are not known."),
    ],
)
def test_the_costs_say_what_was_spent_and_what_of_it_could_be_avoided(
    results: Results, kpis: tuple[Kpi, ...], about: str, heading: str
) -> None:
    assert costs.heading(dataclasses.replace(results, kpis=kpis), about) == heading


def test_the_costs_show_gaps_of_the_exports_and_worth_of_mail_only_where_there_are(pack: Pack) -> None:
    without = [table.id for table in costs.costs(pack).tables]
    gap = GAPS.from_rows([{"export": "exports/cur", "problem": "cur-1.csv.gz cannot be read"}])
    stakes = pack.stakes.assign(value=pack.stakes["messages"], currency="EUR")
    made = costs.costs(Pack(pack.results, {**pack.frames, "cost_export_gaps": gap, "stakes": stakes}))
    tables = {table.id: table for table in made.tables}
    assert "t-cost-gaps" not in without
    assert tables["t-cost-gaps"].total == 1
    assert "Worth" not in [head.label for table in costs.costs(pack).tables for head in table.heads]
    assert "Worth" in [head.label for head in tables["t-stakes"].heads]


def test_money_is_written_with_two_decimals_and_stays_a_number(pack: Pack) -> None:
    (owners,) = [table for table in costs.costs(pack).tables if table.id == "t-cost-owners"]
    (at,) = [at for at, head in enumerate(owners.heads) if head.name == "cost"]
    amounts = [amount for amount in owners.cells[at] if isinstance(amount, float)]
    assert amounts
    assert f">{max(amounts):,.2f}</td>" in page.render_html(pack)
