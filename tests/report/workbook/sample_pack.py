"""Packs for the tests: a realistic one, one whose frames are all empty, one without any frame."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pandas as pd
from money_sample import money_frames, money_kpis

from sesreport.kpis.results import (
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    SEVERITIES,
    WATCH,
    Basis,
    Coverage,
    Decision,
    Findings,
    Gap,
    Kpi,
    Point,
    Results,
    SnapshotRef,
)
from sesreport.policy import LIMITS
from sesreport.report.contents import Branding, Pack
from workbook.sample_frames import FINISHED, PERIOD, empty_frames, frames

PLACES = Basis(59, 64)


def sample_pack(branding: Branding | None = None) -> Pack:
    """16 accounts, 70 identities, 120 grants, 13 months; some of it unknown, some of it hostile."""
    found = frames()
    return Pack(results(found), found, branding or Branding())


def empty_pack() -> Pack:
    """Frames that are there but have no rows, and no KPI that could be measured."""
    found = empty_frames()
    return Pack(results(found, unknown=True), found)


def bare_pack() -> Pack:
    """Results alone."""
    return Pack(results({}, unknown=True), {})


def hostile_pack() -> Pack:
    """Every text that people or outsiders write is as long, broken and malicious as it can be."""
    pack = sample_pack()
    long = "=HYPERLINK(1) <script> \u202e\x07 " + "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 8 + "W" * 300
    given = pack.results
    kpis = tuple(
        dataclasses.replace(k, label=f"{i} {long}", owner=long, reason=long, definition=long, formula=long, source=long)
        for i, k in enumerate(given.kpis)
    )
    gaps = tuple(Gap(long, "000000000001", long, long, "denied", long) for _ in range(40))
    results = dataclasses.replace(
        given,
        kpis=kpis,
        organization_name=long,
        title=long,
        classification=long,
        headline=long,
        compared_with=long,
        verdict=(long,) * 3,
        decisions=(Decision(long, long, "2026-11-15", long, "r"),) * 9,
        coverage=dataclasses.replace(given.coverage, statement=long, gaps=gaps),
    )
    frames = dict(pack.frames)
    frames["accounts"] = frames["accounts"].assign(name=long)
    frames["grants"] = frames["grants"].assign(grantee_name=long, grantee=long)
    frames |= money_frames(frames["accounts"].to_dict("records"), hostile=long)
    return Pack(results, frames)


def results(found: dict[str, pd.DataFrame], *, unknown: bool = False) -> Results:
    kpis = tuple(_unknown(kpi) for kpi in _kpis()) if unknown else _kpis()
    open_findings = _open(found)
    return Results(
        period=str(PERIOD),
        period_name=PERIOD.name,
        organization_id="o-corp123456",
        organization_name="Corp Example & Sons",
        title="Amazon SES governance",
        classification="Confidential & internal",
        contact="email-governance@corp.example",
        headline="Nothing could be measured this month"
        if unknown
        else "October: 3 of 11 controls on target; 3 decisions needed",
        verdict=()
        if unknown
        else (
            "Four identities can be used by anyone on the internet, three fewer than in September.",
            "Nine outside accounts that nobody approved can send as us; two of them were granted in October.",
            "Reputation holds: bounces and complaints stay below the lines at which AWS acts.",
        ),
        limits=LIMITS,
        decisions=()
        if unknown
        else (
            Decision(
                "Revoke the grants of Agency Blau, whose contract ended in August",
                "Head of Marketing",
                "2026-11-15",
                "A former supplier can still write to every customer as news.corp.example.",
                "expired-approval",
            ),
            Decision(
                "Name an owner for 19 identities without one",
                "CIO",
                "2026-11-30",
                "Nobody is told when one of them is abused.",
                "no-owner",
            ),
            Decision(
                "Close the wildcard on billing.corp.example or accept the risk in writing",
                "Head of Finance IT",
                "2026-11-08",
                "Anyone with an AWS account can send invoices in our name.",
                "public-grant",
            ),
        ),
        kpis=kpis,
        findings=Findings(
            open=sum(open_findings.values()),
            excepted=0 if unknown else 4,
            by_severity={severity: open_findings.get(severity, 0) for severity in SEVERITIES},
            by_rule={},
        ),
        coverage=Coverage(
            accounts=Basis(0, 0) if unknown else Basis(15, 16),
            places=Basis(0, 0) if unknown else PLACES,
            by_status={} if unknown else {"ok": 177, "denied": 12, "region_disabled": 3},
            statement="Nothing was read."
            if unknown
            else "Based on 15 of 16 accounts and 59 of 64 places (92.2 %): no status is better than watch.",
            gaps=()
            if unknown
            else (
                Gap(
                    "000015555554",
                    "shared-services-dev",
                    "all",
                    "identities",
                    "denied",
                    "AccessDenied on sts:AssumeRole",
                ),
                Gap(
                    "000008888888",
                    "newsroom-dev",
                    "ap-southeast-2",
                    "identities",
                    "region_disabled",
                    "the Region is not enabled",
                ),
            ),
        ),
        snapshot=SnapshotRef(
            "20261101T051233Z",
            "3f9c1d" + "ab12" * 14 + "77",
            "2026-11-01T05:00:02+00:00",
            FINISHED.isoformat(),
            "0.1.0",
        ),
        compared_with="" if unknown else "September 2026",
        configuration_sha256="c0" * 32,
        register_sha256="d1" * 32,
    )


def _open(found: dict[str, pd.DataFrame]) -> Counter[str]:
    if "findings" not in found:
        return Counter()
    rows = found["findings"]
    return Counter(rows.loc[rows["status"] == "open", "severity"].tolist())


def _unknown(kpi: Kpi) -> Kpi:
    blank = tuple(Point(point.period, None) for point in kpi.series)
    return Kpi(
        **{
            **kpi.__dict__,
            "value": None,
            "numerator": None,
            "denominator": None,
            "prior": None,
            "change": None,
            "series": blank,
            "status": NOT_MEASURABLE,
            "reason": "Nothing was read.",
            "coverage": Basis(0, 0),
        }
    )


def _kpis() -> tuple[Kpi, ...]:
    months = [str(period) for period in PERIOD.back(13)]

    def kpi(
        kpi_id: str,
        label: str,
        unit: str,
        direction: str,
        values: list[float | None],
        target: float | None,
        watch: float | None,
        status: str,
        owner: str,
        nd: tuple[float | None, float | None] = (None, None),
        headline: bool = False,
        reason: str = "Above the target but falling for three months.",
    ) -> Kpi:
        padded = [None] * (13 - len(values)) + values
        value, prior = padded[-1], padded[-2]
        return Kpi(
            id=kpi_id,
            label=label,
            question=f"{label}: how many, and is it getting better?",
            definition=f"{label}, counted over every identity policy that was read at the end of the period.",
            formula="count of rows whose flag is true, over all rows read",
            source="sesv2 GetEmailIdentity (Policies)",
            unit=unit,
            direction=direction,
            value=value,
            numerator=nd[0],
            denominator=nd[1],
            target=target,
            watch=watch,
            status=status,
            reason=reason,
            prior=prior,
            change=None if value is None or prior is None else value - prior,
            series=tuple(Point(m, v) for m, v in zip(months, padded, strict=True)),
            owner=owner,
            headline=headline,
            coverage=PLACES,
            frame=f"kpi_{kpi_id}",
        )

    return (
        kpi(
            "wildcard_policies",
            "Policies with a wildcard principal",
            "count",
            "lower",
            [11, 11, 10, 12, 12, 9, 9, 8, 8, 7, 7, 7, 4],
            0,
            2,
            OFF_TARGET,
            "Platform security",
            (4, 96),
            True,
        ),
        kpi(
            "unknown_accounts",
            "Unknown accounts that can send as us",
            "count",
            "lower",
            [6, 6, 6, 7, 7, 7, 8, 8, 8, 8, 7, 7, 9],
            0,
            3,
            OFF_TARGET,
            "Vendor management",
            (9, 14),
            True,
            reason="Two accounts were granted in October and are not in the register.",
        ),
        kpi(
            "mean_time_to_remediate",
            "Mean time to remediate",
            "days",
            "lower",
            [None],
            14,
            30,
            NOT_MEASURABLE,
            "Platform security",
            headline=True,
            reason="Not known: it needs two snapshots or the change events.",
        ),
        kpi(
            "owned_identities",
            "Identities with a tagged owner",
            "share",
            "higher",
            [0.52, 0.53, 0.55, 0.58, 0.58, 0.61, 0.64, 0.66, 0.66, 0.69, 0.70, 0.714286, 0.728571],
            0.95,
            0.85,
            OFF_TARGET,
            "CIO office",
            (51, 70),
            True,
        ),
        kpi(
            "public_identities",
            "Identities anyone can send from",
            "count",
            "lower",
            [9, 9, 8, 9, 8, 8, 7, 7, 7, 7, 6, 7, 4],
            0,
            1,
            OFF_TARGET,
            "Platform security",
            (4, 70),
        ),
        kpi(
            "expired_grants",
            "Grants past their approval",
            "count",
            "lower",
            [5, 5, 4, 4, 5, 5, 6],
            0,
            5,
            WATCH,
            "Vendor management",
            (6, 31),
        ),
        kpi(
            "bounce_rate",
            "Bounce rate",
            "rate",
            "lower",
            [0.021, 0.022, 0.02, 0.019, None, 0.018, 0.018, 0.02, 0.024, 0.031, 0.022, 0.019, 0.0187],
            0.05,
            0.1,
            WATCH,
            "E-mail operations",
            (46_123, 2_466_000),
        ),
        kpi(
            "complaint_rate",
            "Complaint rate",
            "rate",
            "lower",
            [0.0004, 0.0004, 0.0005, 0.0004, None, 0.0005, 0.0005, 0.0006, 0.0007, 0.0006, 0.0005, 0.0005, 0.00049],
            0.001,
            0.005,
            WATCH,
            "E-mail operations",
            (1_208, 2_466_000),
        ),
        kpi(
            "quota_use",
            "Peak use of the daily quota",
            "share",
            "lower",
            [0.41, 0.44, 0.47, 0.52, 0.61],
            0.8,
            0.9,
            WATCH,
            "E-mail operations",
            (610_000, 1_000_000),
        ),
        kpi(
            "sent_volume",
            "E-mails sent",
            "messages",
            "none",
            [
                1_801_000,
                2_410_000,
                2_900_000,
                1_702_000,
                None,
                1_811_000,
                1_900_000,
                2_001_000,
                1_950_000,
                2_077_000,
                2_200_000,
                2_326_000,
                2_466_000,
            ],
            None,
            None,
            ON_TARGET,
            "E-mail operations",
        ),
        kpi(
            "coverage",
            "Places read of those expected",
            "share",
            "higher",
            [0.98, 0.97, 0.921875],
            0.95,
            0.9,
            WATCH,
            "Platform security",
            (59, 64),
        ),
        *money_kpis(),
    )
