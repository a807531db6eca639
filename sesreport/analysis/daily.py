"""Sending by account, Region and day, from CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.remembered import remembered_frame
from sesreport.core.schema import Frame, account_id, at, real, text
from sesreport.snapshot.series import source_of, stored

METRICS = {"Send": "sent", "Delivery": "delivered", "Bounce": "bounces", "Complaint": "complaints", "Reject": "rejects"}
REPUTATION = {"Reputation.BounceRate": "aws_bounce_rate", "Reputation.ComplaintRate": "aws_complaint_rate"}

_DAY = datetime(2026, 10, 31, tzinfo=UTC)

DAILY = Frame(
    "daily",
    "One row per account × Region and day on which CloudWatch counted anything; a day without a row is not known.",
    keys={
        "account_id": account_id("The sending account."),
        "region": text("The Region."),
        "at": at("Midnight UTC at which the day begins."),
    },
    columns={
        **{name: real(f"CloudWatch {metric}, summed; NA when not published.", minimum=0)
           for metric, name in METRICS.items()},
        "aws_bounce_rate": real("AWS's own bounce rate (Reputation.BounceRate), a share; highest of the day."),
        "aws_complaint_rate": real("AWS's own complaint rate, a share; highest of the day."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "at": _DAY, "sent": 211934.0, "delivered": 211001.0,
         "bounces": 644.0, "complaints": 21.0, "aws_bounce_rate": 0.0031, "aws_complaint_rate": 0.0001},
        {"account_id": "210000000005", "region": "us-east-1", "at": _DAY, "sent": 20110.0, "bounces": 1304.0},
        {"account_id": "210000000009", "region": "us-east-1", "at": _DAY, "sent": 12.0},
    ),
)  # fmt: skip


def known_sum(values: pd.Series) -> float:
    """The sum of what is known; NA, not zero, where nothing is."""
    return values.sum(min_count=1)


@derived(DAILY)
def daily(analysis: Analysis) -> pd.DataFrame:
    """Account-wide metrics side by side, by all snapshots: each day by its newest whole observation."""
    return remembered_frame(analysis, DAILY, lambda: _daily(analysis))


def _daily(analysis: Analysis) -> pd.DataFrame:
    names = {**METRICS, **REPUTATION}
    metrics = _metrics(analysis)
    wide = (
        metrics[(metrics["dimension"] == "account") & metrics["metric"].isin(list(names))]
        .assign(metric=lambda frame: frame["metric"].map(names))
        .pivot(index=["account_id", "region", "at"], columns="metric", values="value")
        .reindex(columns=list(names.values()))
        .astype("Float64")
    )
    return wide.rename_axis(columns=None).reset_index()


def _metrics(analysis: Analysis) -> pd.DataFrame:
    """The snapshot's own metrics, and what earlier ones held that CloudWatch has forgotten or nobody could read now."""
    if analysis.previous is None:
        return analysis.snapshot.metrics
    sources = [source_of(each.snapshot) for each in analysis.chain]
    return stored("metrics", sources, where="dimension = 'account'")
