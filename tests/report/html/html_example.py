"""A pack as an organization of 16 accounts would get it, with everything in it that outsiders could put there.

Small enough to read, large enough to page through. ``example_pack(findings=5000)`` has as many findings as one asks
for, ``empty_pack`` has no row anywhere and knows no value.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import pandas as pd
from html_example_frames import ACCOUNTS, HOSTILE, PERIOD, REGIONS, frame, frames_of_example, names_of_frames
from money_sample import empty_money, money_kpis

from sesreport.kpis.results import Basis, Coverage, Decision, Findings, Gap, Kpi, Point, Results, SnapshotRef
from sesreport.policy import LIMITS
from sesreport.report.contents import Pack

__all__ = ["HOSTILE", "empty_pack", "example_pack"]


def example_pack(findings: int | None = None) -> Pack:
    """The whole pack; with ``findings``, so many rows in that frame."""
    frames = frames_of_example(findings)
    return Pack(_results(frames), frames)


def empty_pack() -> Pack:
    """A pack of an organization nothing is known of: every frame without rows, every value not known."""
    frames = {name: frame(name, []) for name in names_of_frames()} | empty_money()
    kpis = tuple(
        _kpi(id_, label, unit, better, None, target, "not measurable", "nothing was read", (None,) * 13, headline=i < 4)
        for i, (id_, label, unit, better, target) in enumerate(_KPIS)
    )
    results = dataclasses.replace(
        _results(frames_of_example(None)),
        headline="October: nothing could be read, so nothing can be said",
        verdict=("No account could be read.",),
        decisions=(),
        kpis=(*kpis, *money_kpis(None, avoidable=None)),
        findings=Findings(0, 0, {}, {}),
        coverage=Coverage(Basis(0, 16), Basis(0, 64), {"denied": 64}, "No account could be read.", ()),
        compared_with="",
    )
    return Pack(results, frames)


_KPIS = (
    ("wildcard_policies", "Policies with a wildcard principal", "count", "lower", 0.0),
    ("unknown_accounts", "Unknown accounts able to send", "count", "lower", 0.0),
    ("mean_time_to_remediate", "Mean time to remediate", "days", "lower", 7.0),
    ("owned_identities", "Identities with a tagged owner", "share", "higher", 0.95),
    ("public_identities", "Identities anyone can use", "count", "lower", 0.0),
    ("expired_grants", "Grants to expired approvals", "count", "lower", 0.0),
    ("bounce_rate", "Highest bounce rate", "rate", "lower", 0.05),
    ("complaint_rate", "Highest complaint rate", "rate", "lower", 0.001),
    ("quota_use", "Highest quota use", "share", "lower", 0.8),
    ("sent_volume", "Messages sent", "messages", "none", None),
    ("coverage", "Places read", "share", "higher", 0.95),
)
_VALUES: dict[str, tuple[float | None, float | None, str, str]] = {
    "wildcard_policies": (3, 5, "off target", "3 policies name everyone; the target is none."),
    "unknown_accounts": (5, 2, "off target", "5 accounts outside the register can send; the target is none."),
    "mean_time_to_remediate": (
        None,
        None,
        "not measurable",
        "Needs two snapshots or change events; there is one snapshot.",
    ),
    "owned_identities": (
        0.7571428571,
        0.7301,
        "off target",
        "53 of 70 identities have an owner tag; the target is 95.0 %.",
    ),
    "public_identities": (3, 3, "off target", "3 identities can be used by anyone."),
    "expired_grants": (4, None, "off target", "4 grants rest on an approval that has expired."),
    "bounce_rate": (0.061, 0.044, "off target", "newsletter-prod in eu-central-1 is above AWS's review line."),
    "complaint_rate": (0.0013, 0.0013, "off target", "shared-services is above AWS's review line."),
    "quota_use": (0.412, 0.398, "on target", "41.2 % of the 24-hour quota of billing-prod was used."),
    "sent_volume": (9_876_543, 9_300_000, "on target", "A figure without a target."),
    "coverage": (0.9375, 0.97, "watch", "60 of 64 places were read."),
}


def _kpi(
    id_: str,
    label: str,
    unit: str,
    better: str,
    value: float | None,
    target: float | None,
    status: str,
    reason: str,
    series: tuple[float | None, ...],
    *,
    prior: float | None = None,
    headline: bool = False,
) -> Kpi:
    fraction = (53.0, 70.0) if id_ == "owned_identities" and value is not None else (None, None)
    return Kpi(
        id_,
        label,
        f"{label}?",
        f"{label}, counted over all places that were read.",
        f"{id_} = a / b",
        "sesv2:GetEmailIdentity",
        unit,
        better,
        value,
        *fraction,
        target,
        target,
        status,
        reason,
        prior,
        None if prior is None or value is None else value - prior,
        tuple(Point(str(p), v) for p, v in zip(PERIOD.back(13), series, strict=True)),
        "CISO",
        headline,
        Basis(60, 64),
        f"kpi_{id_}",
    )


def _results(frames: Mapping[str, pd.DataFrame]) -> Results:
    kpis = []
    for i, (id_, label, unit, better, target) in enumerate(_KPIS):
        value, prior, status, reason = _VALUES[id_]
        past = [
            None if value is None or m in (0, 5) else value * (1.3 - m * 0.025 + 0.04 * math.sin(m * 2))
            for m in range(12)
        ]
        if unit == "count":
            past = [None if v is None else float(round(v)) for v in past]
        past[11] = prior
        kpis.append(
            _kpi(id_, label, unit, better, value, target, status, reason, (*past, value), prior=prior, headline=i < 4)
        )
    open_ones = frames["findings"].query("status == 'open'")
    gaps = tuple(
        Gap(
            ACCOUNTS[14],
            "legacy-mail",
            region,
            dataset,
            "denied",
            "AccessDeniedException: not authorized to perform ses:ListEmailIdentities",
        )
        for region in REGIONS[:3]
        for dataset in ("identities", "policies")
    )
    return Results(
        period="2026-10",
        period_name="October 2026",
        organization_id="o-exampleorg1",
        organization_name="Example Corp",
        title="Amazon SES governance",
        classification="Internal",
        contact="mail-governance@example.com",
        headline="October: 2 of 9 controls on target; two decisions needed",
        verdict=(
            "Three policies let anyone send as us, two fewer than in September.",
            "Five accounts that nobody approved can send as us.",
            "Sending is healthy but for one account, which AWS is reviewing.",
        ),
        limits=LIMITS,
        decisions=(
            Decision(
                "Withdraw the three policies that name everyone",
                "CISO",
                "2026-11-15",
                "Anyone with an AWS account can go on sending as us.",
                "SES001",
            ),
            Decision(
                "Approve or remove five outside accounts",
                "Head of Marketing",
                "2026-11-30",
                "Mail leaves in our name that nobody answers for.",
                "SES002",
            ),
        ),
        kpis=(*kpis, *money_kpis()),
        findings=Findings(
            len(open_ones),
            len(frames["findings"]) - len(open_ones),
            open_ones["severity"].value_counts().to_dict(),
            open_ones["rule"].value_counts().to_dict(),
        ),
        coverage=Coverage(
            Basis(15, 16),
            Basis(60, 64),
            frames["coverage"]["status"].value_counts().to_dict(),
            "Based on 15 of 16 accounts and 60 of 64 places (93.8 %): no status is better than watch.",
            gaps,
        ),
        snapshot=SnapshotRef(
            "2026-11-01T02-00-00Z", "4f2a9c1b7d8e" + "0" * 52, "2026-11-01T02:00:00Z", "2026-11-01T02:07:41Z", "0.1.0"
        ),
        compared_with="the snapshot of 1 October 2026",
        configuration_sha256="c" * 64,
        register_sha256="d" * 64,
    )
