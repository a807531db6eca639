"""Every KPI on small organizations, against values worked out by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sesreport.analysis import Analysis, analyze
from sesreport.collection.registry import frames
from sesreport.config import Config
from sesreport.findings.examples import DEVELOPMENT, OWN, REGION, Example, allow, deny
from sesreport.kpis import kpis
from sesreport.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Kpi
from sesreport.scorecard import score
from sesreport.store import load, write_snapshot

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


def extended(folder: Path, example: Example, **rows: list[dict[str, Any]]) -> Analysis:
    """An example's analysis with more rows in its snapshot."""
    base = example.analysis(folder / "base")
    made = {}
    for name, declared in frames().items():
        more = declared.from_rows(rows.get(name, []))
        old = getattr(base.snapshot, name)
        made[name] = more if name == "sending_accounts" and len(more) else pd.concat([old, more], ignore_index=True)
    path = write_snapshot(folder, made, started_at=NOW, finished_at=NOW, about={})
    return analyze(load(path), Config(), register=base.register)


def after(folder: Path, before: Example, now: Example) -> Analysis:
    """The later organization, compared with the earlier of the month before."""
    old = before.analysis(folder / "before", now=datetime(2026, 10, 1, 6, tzinfo=UTC))
    return dataclasses.replace(now.analysis(folder / "now"), previous=old)


def metric(name: str, day: str, value: float, account: str = OWN) -> dict[str, Any]:
    return {"account_id": account, "region": REGION, "dimension": "account", "metric": name,
            "at": datetime.fromisoformat(f"{day}T00:00+00:00"), "value": value}  # fmt: skip


def change(number: int, name: str, day: str, policy: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": str(number),
        "account_id": OWN,
        "region": REGION,
        "event_name": name,
        "identity": "example.com",
        "policy_name": "p",
        "at": datetime.fromisoformat(f"{day}T00:00+00:00"),
        "policy": policy,
        **fields,
    }


OPEN = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"ses:SendEmail","Resource":"*"}}'
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


def kpi(analysis: Analysis, name: str) -> Kpi:
    return score(analysis).results.kpi(name)


def test_a_rate_at_aws_s_line_is_not_on_target(tmp_path: Path) -> None:
    made = extended(tmp_path, Example(), metrics=[metric("Reputation.BounceRate", "2026-10-01", 0.05)])
    assert kpi(made, "bounce_rate").status == OFF_TARGET
    made = extended(tmp_path / "b", Example(), metrics=[metric("Reputation.BounceRate", "2026-10-01", 0.0499)])
    assert kpi(made, "bounce_rate").status == WATCH
    made = extended(tmp_path / "c", Example(), metrics=[metric("Reputation.ComplaintRate", "2026-10-01", 0.001)])
    assert kpi(made, "complaint_rate").status == OFF_TARGET


def test_below_the_minimum_coverage_nothing_is_on_target(tmp_path: Path) -> None:
    gap = {"account_id": DEVELOPMENT, "region": REGION, "dataset": "everything", "status": "denied", "reason": "no",
           "calls": 1, "retries": 0, "rows": 0, "seconds": 0.0}  # fmt: skip
    whole, partly = Example().analysis(tmp_path / "whole"), extended(tmp_path, Example(), coverage=[gap])
    assert kpi(whole, "public_identities").status == ON_TARGET
    found = kpi(partly, "public_identities")
    assert (found.status, found.coverage.read, found.coverage.expected) == (WATCH, 1, 2)
    assert "Rests on 1 of 2 places" in found.reason


def test_what_nothing_was_read_for_is_not_measurable(tmp_path: Path) -> None:
    made = Example().analysis(tmp_path)
    coverage = made.snapshot.coverage
    object.__setattr__(made.snapshot, "coverage", coverage.assign(status="denied"))
    assert {k.status for k in score(made).results.kpis if k.coverage.read == 0 and k.id != "coverage"} == {
        NOT_MEASURABLE
    }


def test_settings_replace_target_watch_and_owner(tmp_path: Path) -> None:
    made = Example(tags={}, elsewhere=[(OWN, "us-east-1")]).analysis(tmp_path)
    config = Config.model_validate({"kpis": {"owned_identities": {"target": 0.6, "watch": 0.5, "owner": "Ada"}}})
    found = kpi(dataclasses.replace(made, config=config), "owned_identities")
    assert (found.value, found.target, found.status, found.owner) == (0.5, 0.6, WATCH, "Ada")


def test_an_earlier_snapshot_gives_prior_change_and_series(tmp_path: Path) -> None:
    before, now = Example({"p": allow("*")}).analysis(tmp_path / "a"), Example().analysis(tmp_path / "b")
    before = dataclasses.replace(before, period=before.period.shift(-1))
    found = kpi(dataclasses.replace(now, previous=before), "public_identities")
    assert (found.value, found.prior, found.change) == (0, 1, -1)
    assert [point.value for point in found.series] == [None] * 11 + [1, 0]


def test_a_month_that_is_not_known_is_a_gap_in_the_series(tmp_path: Path) -> None:
    made = extended(
        tmp_path,
        Example(),
        metrics=[
            metric("Reputation.BounceRate", "2026-10-01", 0.01),
            metric("Reputation.BounceRate", "2026-08-01", 0.02),
        ],
    )
    series = {p.period: p.value for p in kpi(made, "bounce_rate").series}
    assert (series["2026-08"], series["2026-09"], series["2026-10"]) == (0.02, None, 0.01)
    assert len(series) == 13


def test_every_kpi_s_evidence_is_in_the_pack(demo_analysis: Analysis) -> None:
    card = score(demo_analysis)
    for found in card.results.kpis:
        assert found.frame in card.frames
        assert found.reason or found.value is not None
