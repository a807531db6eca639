"""Sending by account and month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from sesreport.analysis.basis import places
from sesreport.analysis.daily import METRICS, known_sum
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.period import Period
from sesreport.core.schema import Frame, account_id, count, flag, real, text
from sesreport.snapshot.series import covered, source_of, windows

MONTHLY = Frame(
    "monthly",
    "One row per account and month in which CloudWatch counted anything. Rates are ours: AWS's cannot be recomputed.",
    keys={"period": text("The month, YYYY-MM."), "account_id": account_id("The sending account.")},
    columns={
        "account_name": text("Name of the account."),
        "environment": text("Environment of the account."),
        **{name: real("Messages in the month.", minimum=0) for name in METRICS.values()},
        "bounce_rate": real("bounces / sent, an indicator; NA without sends.", minimum=0),
        "complaint_rate": real("complaints / sent, an indicator; NA without sends.", minimum=0),
        "days": count("Days on which anything was counted."),
        "complete": flag("Whether every Region of the account was read for the whole month, by some snapshot.",
                         required=True),
    },
    samples=(
        {"period": "2026-10", "account_id": "210000000001", "account_name": "shop-prod", "environment": "prod",
         "sent": 6124000.0, "bounces": 19596.0, "complaints": 600.0, "bounce_rate": 0.0032, "days": 31,
         "complete": True},
        {"period": "2026-09", "account_id": "210000000001", "account_name": "shop-prod", "environment": "prod",
         "sent": 5888000.0, "bounces": 18011.0, "days": 30, "complete": True},
        {"period": "2025-08", "account_id": "210000000001", "sent": 411000.0, "days": 2, "complete": False},
    ),
)  # fmt: skip


@derived(MONTHLY)
def monthly(analysis: Analysis) -> pd.DataFrame:
    """Sums first, divided last; the open month is left out."""
    daily = analysis.daily.assign(period=lambda frame: frame["at"].dt.strftime("%Y-%m").astype("string"))
    daily = daily[daily["at"] < pd.Timestamp(analysis.period.end)]
    totals = daily.groupby(["period", "account_id"], as_index=False).agg(
        **{name: (name, known_sum) for name in METRICS.values()},
        days=("at", "nunique"),
    )
    accounts = analysis.accounts.set_index("account_id")
    sent = totals["sent"].where(totals["sent"] > 0)
    return totals.assign(
        account_name=totals["account_id"].map(accounts["name"]).astype("string"),
        environment=totals["account_id"].map(accounts["environment"]).astype("string"),
        bounce_rate=totals["bounces"] / sent,
        complaint_rate=totals["complaints"] / sent,
        complete=_complete(totals, analysis),
    )


def _complete(totals: pd.DataFrame, analysis: Analysis) -> pd.Series:
    """Whether some snapshot looked at each day of the month in each place of the account that is expected now."""
    stretches = covered(windows("metrics", [(source_of(each.snapshot), each.coverage) for each in analysis.chain]))
    expected = places(analysis.coverage)
    months = totals["period"].unique()
    whole = set()
    for month in months:
        period = Period.of(str(month))
        inside = (stretches["since"] <= pd.Timestamp(period.start)) & (stretches["until"] >= pd.Timestamp(period.end))
        looked = stretches.loc[inside, ["account_id", "region"]].assign(looked=True)
        both = joined(expected, looked, on=["account_id", "region"])
        missing = set(both.loc[both["looked"].isna(), "account_id"])
        whole |= {(month, account) for account in both["account_id"] if account not in missing}
    keys = zip(totals["period"], totals["account_id"], strict=True)
    return pd.Series([key in whole for key in keys], index=totals.index, dtype="boolean")


def first_whole_month(analysis: Analysis) -> str:
    """The first month that the snapshots hold whole: the oldest one's memory is CloudWatch's of its day."""
    oldest_snapshot = analysis.chain[0].snapshot
    midnight = oldest_snapshot.started_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    oldest: datetime = midnight - timedelta(days=analysis.config.collect.metric_days)
    whole = oldest if oldest.day == 1 else (oldest.replace(day=1) + timedelta(days=32)).replace(day=1)
    return whole.strftime("%Y-%m")
