"""What is not known is never safe, never zero, and never the end of a run."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from estate import VENDOR, Estate, policy
from small_organizations import after, extended, gap, metric

from sesreport.analysis import Analysis, analyze
from sesreport.findings.differences import compare
from sesreport.findings.examples import DEVELOPMENT, OWN, REGION, Example, allow
from sesreport.kpis.registry import kpis
from sesreport.kpis.results import NOT_MEASURABLE, Kpi
from sesreport.kpis.scorecard import judge, score
from sesreport.settings.config import Config
from sesreport.snapshot.store import load

UNREAD = Example(identity_fields={"policies": None, "tags": None})
NAMELESS = {"account_id": "210000000009", "status": "ACTIVE", "management_account": False, "in_organization": True}
IN_THE_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}


def kpi(analysis: Analysis, name: str) -> Kpi:
    (found,) = judge(analysis, name)
    return found


def evidence(analysis: Analysis, name: str) -> pd.DataFrame:
    """The frame behind a KPI."""
    (definition,) = [each for each in kpis() if each.id == name]
    return definition.measure(analysis).frame


def test_an_identity_that_could_not_be_read_is_among_those_that_need_review(tmp_path: Path) -> None:
    made = UNREAD.analysis(tmp_path)
    assert kpi(made, "public_identities").reason == "0 of 1 identities; 1 more need review."
    assert evidence(made, "public_identities")["identity"].tolist() == ["example.com"]


@pytest.mark.parametrize("owner", ["\ud800x", "=cmd|' /C calc'!A0", "<script>", "\x00", "\u202egro"])
def test_a_hostile_owner_is_an_owner(owner: str, tmp_path: Path) -> None:
    found = Example(tags={"owner": owner}).analysis(tmp_path).identities["owner"]
    assert found.tolist() == [owner.encode("utf-8", "backslashreplace").decode()]


def test_a_bounce_count_that_was_not_published_is_not_zero(tmp_path: Path) -> None:
    made = extended(
        tmp_path,
        Example(),
        metrics=[metric("Send", "2026-10-01", 5000), metric("Reputation.BounceRate", "2026-10-01", 0.01)],
    )
    row = evidence(made, "bounce_rate").iloc[0]
    assert row["sent"] == 5000
    assert pd.isna(row["bounces"])
    assert pd.isna(row["own_rate"])


def test_own_rates_are_not_worked_out_from_a_handful_of_messages(tmp_path: Path) -> None:
    few = [metric("Send", "2026-10-01", 999), metric("Bounce", "2026-10-01", 99)]
    enough = [metric("Send", "2026-10-01", 1000, DEVELOPMENT), metric("Bounce", "2026-10-01", 30, DEVELOPMENT)]
    frame = evidence(extended(tmp_path, Example(), metrics=[*few, *enough]), "bounce_rate")
    rates = frame.set_index("account_id")["own_rate"]
    assert pd.isna(rates[OWN])
    assert rates[DEVELOPMENT] == pytest.approx(0.03)


def test_a_month_without_any_sends_published_is_not_a_month_of_none(tmp_path: Path) -> None:
    made = extended(tmp_path, Example(), metrics=[metric("Send", "2026-09-10", 70), metric("Bounce", "2026-10-10", 1)])
    found = kpi(made, "sent_volume")
    assert found.value is None
    assert found.status == NOT_MEASURABLE
    assert found.prior == 70


@pytest.mark.parametrize("dataset", ["metrics", "everything"])
def test_sends_of_an_account_with_a_gap_count_and_its_month_is_not_complete(dataset: str, tmp_path: Path) -> None:
    made = extended(
        tmp_path,
        Example(),
        metrics=[metric("Send", "2026-10-01", 100), metric("Send", "2026-10-01", 50, DEVELOPMENT)],
        coverage=[gap(DEVELOPMENT, REGION, "metrics", "ok"), gap(DEVELOPMENT, "us-east-1", dataset)],
    )
    found = kpi(made, "sent_volume")
    assert found.value == 150
    assert (found.coverage.read, found.coverage.expected) == (2, 3)
    complete = made.monthly.set_index("account_id")["complete"]
    assert complete[OWN]
    assert not complete[DEVELOPMENT]


def test_a_month_cloudwatch_no_longer_holds_whole_is_not_known(tmp_path: Path) -> None:
    made = extended(tmp_path, Example(), metrics=[metric("Send", "2025-08-20", 9), metric("Send", "2025-09-01", 8)])
    assert not made.monthly.set_index("period").loc["2025-08", "complete"]
    assert {p.period: p.value for p in kpi(made, "sent_volume").series}["2025-10"] is None


def test_an_account_without_a_name_is_called_by_its_id(tmp_path: Path) -> None:
    account = NAMELESS["account_id"]
    made = extended(
        tmp_path,
        Example(),
        accounts=[NAMELESS],
        metrics=[
            metric("Send", "2026-10-01", 5, account),
            metric("Reputation.BounceRate", "2026-10-01", 0.01, account),
        ],
        sending_accounts=[{"account_id": account, "region": REGION, "max_24_hour_send": 10.0}],
        coverage=[gap(account, REGION, d, "ok") for d in ("metrics", "sending_accounts")],
    )
    assert kpi(made, "quota_use").reason.startswith(f"Busiest day in {account}, {REGION}: 5 of 10.")
    assert kpi(made, "bounce_rate").reason.startswith(f"Highest in {account}, {REGION};")
    assert evidence(made, "sent_volume")["account_id"].tolist() == [account]


def test_without_any_place_to_read_nothing_is_on_target(tmp_path: Path) -> None:
    made = Estate().analysis(tmp_path)
    assert made.coverage.empty
    assert {found.status for found in score(made).results.kpis} == {NOT_MEASURABLE}


def test_a_policy_that_became_unreadable_is_told_as_a_change(tmp_path: Path) -> None:
    before, now = Example().analysis(tmp_path / "a"), Example({"p": "{"}).analysis(tmp_path / "b")
    found = after(before, now).changes_since.set_index("what").loc["grant"]
    assert (found["subject"], found["change"], found["severity"]) == ("unreadable in p", "added", "high")


def test_a_second_wider_statement_for_the_same_principal_is_told(tmp_path: Path) -> None:
    held = allow("*", Condition=IN_THE_ORGANIZATION)
    wider = {**held, "Statement": [*held["Statement"], *allow("*")["Statement"]]}
    before, now = Example({"p": held}).analysis(tmp_path / "a"), Example({"p": wider}).analysis(tmp_path / "b")
    found = after(before, now).changes_since.set_index("what").loc["grant"]
    assert (found["before"], found["after"], found["severity"]) == ("organization", "public", "high")


def test_a_new_owner_and_a_deleted_identity_are_told_once_each(tmp_path: Path) -> None:
    before = Example(elsewhere=[(OWN, "us-east-1")]).analysis(tmp_path / "a")
    now = extended(tmp_path / "b", Example(tags={"owner": "crm"}), coverage=[
        gap(OWN, "us-east-1", d, "ok") for d in ("identities", "policies")
    ])  # fmt: skip
    found = after(before, now).changes_since
    assert sorted(zip(found["what"], found["identity"], found["change"], strict=True)) == [
        ("identity", "example.org", "removed"),
        ("owner", "example.com", "changed"),
    ]


def test_an_exception_for_a_principal_does_not_cover_a_finding_without_one(tmp_path: Path) -> None:

    exception = {"rule": "no_owner", "grantee": "*", "reason": "agreed", "expires": "2027-01-01"}
    config = Config.model_validate({"findings": {"exceptions": [exception]}})
    made = dataclasses.replace(Example(tags={}).analysis(tmp_path), config=config)
    assert made.findings.set_index("rule").loc["no_owner", "status"] == "open"


def test_one_identity_that_was_not_read_does_not_hide_what_changed_beside_it(tmp_path: Path) -> None:
    before = Estate(datetime(2026, 10, 3, 6, tzinfo=UTC)).identity("a.example.com", {"p": policy(VENDOR)})
    before = before.identity("b.example.com", {"p": policy("*")})
    now = Estate().identity("a.example.com", {"p": policy("*")}).identity("b.example.com", read=False)
    older, newer = (load(each.write(tmp_path / str(number))) for number, each in enumerate((before, now)))
    told = analyze(newer, previous=analyze(older)).changes_since
    grants = told[told["what"] == "grant"]
    assert set(grants["identity"]) == {"a.example.com"}
    assert grants.loc[grants["change"] == "added", "severity"].tolist() == ["high"]
    made = compare(older, newer)
    assert (set(made.frame["identity"]), made.unknown) == ({"a.example.com"}, 1)
