"""Every KPI on small organizations, against values worked out by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_organizations import OPEN, change, extended, metric

from sesreport.analysis import Analysis
from sesreport.findings.examples import DEVELOPMENT, OWN, REGION, Example, allow, deny
from sesreport.kpis.registry import kpis


def after(folder: Path, before: Example, now: Example) -> Analysis:
    """The later organization, compared with the earlier of the month before."""
    old = before.analysis(folder / "before", now=datetime(2026, 10, 1, 6, tzinfo=UTC))
    return dataclasses.replace(now.analysis(folder / "now"), previous=old)


DENIED = deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}})
UNKNOWN_TWICE = {"a": allow("420000000001"), "b": allow("420000000001"), "c": allow("420000000002")}

GOLDEN: dict[str, list[tuple[Callable[[Path], Analysis], float | None]]] = {
    "wildcard_policies": [
        (lambda f: Example({"p": allow("*"), "q": allow("*"), "r": allow("210000000002")}).analysis(f), 2),
        (lambda f: Example({"p": allow("*"), "q": DENIED}).analysis(f), 0),
        (lambda f: Example().analysis(f), 0),
    ],
    "unknown_accounts": [
        (lambda f: Example(UNKNOWN_TWICE).analysis(f), 2),
        (lambda f: Example({"p": allow("310000000001"), "q": allow("310000000002")}).analysis(f), 1),
        (lambda f: Example({"p": allow("420000000001"), "q": deny("420000000001")}).analysis(f), 0),
    ],
    "public_identities": [
        (lambda f: Example({"p": allow("*")}, elsewhere=[(OWN, "us-east-1")]).analysis(f), 1),
        (lambda f: Example({"p": "{"}).analysis(f), None),  # the only one cannot be judged
    ],
    "expired_grants": [
        (lambda f: Example({"p": allow("310000000002"), "q": allow("310000000002")}).analysis(f), 2),
        (lambda f: Example({"p": allow("310000000001")}).analysis(f), 0),
    ],
    "owned_identities": [
        (
            lambda f: Example(
                tags={}, elsewhere=[(OWN, "us-east-1"), (OWN, "us-east-2"), (DEVELOPMENT, REGION)]
            ).analysis(f),
            0.75,
        ),
        (lambda f: Example(identity_fields={"tags": None, "policies": None}).analysis(f), None),
    ],
    "mean_time_to_remediate": [
        (
            lambda f: extended(
                f,
                Example(),
                changes=[
                    change(1, "PutIdentityPolicy", "2026-10-01", OPEN),
                    change(2, "DeleteIdentityPolicy", "2026-10-04"),
                    change(3, "PutIdentityPolicy", "2026-10-10", OPEN),
                    change(4, "DeleteIdentityPolicy", "2026-10-15"),
                ],
            ),
            4.0,
        ),
        (lambda f: extended(f, Example(), changes=[change(1, "PutIdentityPolicy", "2026-10-01", OPEN)]), None),
        (
            lambda f: extended(
                f,
                Example(),
                changes=[  # a failed deletion ends nothing
                    change(1, "PutIdentityPolicy", "2026-10-01", OPEN),
                    change(2, "DeleteIdentityPolicy", "2026-10-04", error_code="AccessDenied"),
                ],
            ),
            None,
        ),
        (
            lambda f: extended(
                f,
                Example(),
                changes=[  # deleting the identity ends its cases
                    change(1, "PutIdentityPolicy", "2026-10-01", OPEN),
                    change(2, "DeleteEmailIdentity", "2026-10-03", policy_name=None),
                ],
            ),
            2.0,
        ),
    ],
    "findings_opened": [
        (lambda f: after(f, Example(), Example({"p": allow("*")})), 2),
        (lambda f: after(f, Example({"p": allow("*")}), Example({"p": allow("*")})), 0),
        (lambda f: Example({"p": allow("*")}).analysis(f), None),
    ],
    "findings_resolved": [
        (lambda f: after(f, Example({"p": allow("*")}), Example()), 2),
        (lambda f: after(f, Example({"p": allow("*")}), Example(identity_fields={"policies": None})), 0),
        (lambda f: Example().analysis(f), None),
    ],
    "findings_open": [
        (lambda f: Example({"p": allow("*")}).analysis(f), 2),
        (lambda f: after(f, Example({"p": allow("*")}), Example(identity_fields={"policies": None})), 3),
        (lambda f: Example().analysis(f), 0),
    ],
    "bounce_rate": [
        (
            lambda f: extended(
                f,
                Example(),
                metrics=[
                    metric("Reputation.BounceRate", "2026-10-01", 0.01),
                    metric("Reputation.BounceRate", "2026-10-09", 0.06),
                    metric("Reputation.BounceRate", "2026-09-30", 0.09),
                    metric("Send", "2026-10-01", 10),
                ],
            ),
            0.06,
        ),
        (
            lambda f: extended(
                f, Example(), metrics=[metric("Send", "2026-10-01", 0), metric("Bounce", "2026-10-01", 0)]
            ),
            None,
        ),
    ],
    "complaint_rate": [
        (lambda f: extended(f, Example(), metrics=[metric("Reputation.ComplaintRate", "2026-10-31", 0.0004)]), 0.0004),
        (lambda f: Example().analysis(f), None),
    ],
    "quota_use": [
        (
            lambda f: extended(
                f,
                Example(),
                metrics=[metric("Send", "2026-10-01", 300), metric("Send", "2026-10-02", 400)],
                sending_accounts=[{"account_id": OWN, "region": REGION, "max_24_hour_send": 1000.0}],
            ),
            0.4,
        ),
        (
            lambda f: extended(
                f,
                Example(),
                metrics=[metric("Send", "2026-10-01", 300)],
                sending_accounts=[{"account_id": OWN, "region": REGION, "max_24_hour_send": -1.0}],
            ),
            None,
        ),
    ],
    "sent_volume": [
        (
            lambda f: extended(
                f,
                Example(),
                metrics=[
                    metric("Send", "2026-10-01", 300),
                    metric("Send", "2026-10-31", 200),
                    metric("Send", "2026-11-01", 999),
                    metric("Send", "2026-09-30", 111),
                ],
            ),
            500,
        ),
        (lambda f: Example().analysis(f), None),
    ],
    "coverage": [
        (lambda f: Example(elsewhere=[(OWN, "us-east-1")]).analysis(f), 1.0),
        (
            lambda f: extended(
                f,
                Example(elsewhere=[(OWN, "us-east-1")]),
                coverage=[
                    {
                        "account_id": DEVELOPMENT,
                        "region": r,
                        "dataset": "everything",
                        "status": s,
                        "reason": "no",
                        "calls": 1,
                        "retries": 0,
                        "rows": 0,
                        "seconds": 0.0,
                    }
                    for r, s in ((REGION, "denied"), ("us-east-1", "denied"), ("me-south-1", "region_disabled"))
                ],
            ),
            0.5,
        ),
    ],
}

CASES = [(name, number) for name, cases in GOLDEN.items() for number in range(len(cases))]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_kpi_has_the_value_worked_out_by_hand(name: str, number: int, tmp_path: Path) -> None:
    build, expected = GOLDEN[name][number]
    (definition,) = [d for d in kpis() if d.id == name]
    measure = definition.measure(build(tmp_path))
    assert measure.value == (None if expected is None else pytest.approx(expected))
    if expected is None:
        assert measure.reason
    if measure.numerator is not None and measure.denominator and definition.unit in ("share", "days"):
        assert measure.value == pytest.approx(measure.numerator / measure.denominator)
