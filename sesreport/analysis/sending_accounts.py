"""Sending places with AWS's own rates beside their status."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis, derived
from sesreport.collection.datasets.sending_accounts import SENDING_ACCOUNTS as COLLECTED
from sesreport.schema import Frame, real

SENDING_ACCOUNTS = Frame(
    "sending_accounts",
    COLLECTED.doc,
    keys=COLLECTED.keys,
    columns={
        **COLLECTED.columns,
        "bounce_rate": real("AWS's bounce rate, a share: highest day of the period; NA when not published."),
        "complaint_rate": real("AWS's complaint rate, a share: highest day of the period; NA when not published."),
    },
    samples=[{**row, "bounce_rate": 0.0031} for row in COLLECTED.samples],
)


@derived(SENDING_ACCOUNTS)
def sending_accounts(analysis: Analysis) -> pd.DataFrame:
    """The collected places with two columns more."""
    daily = analysis.daily
    period = analysis.period
    month = daily[(daily["at"] >= pd.Timestamp(period.start)) & (daily["at"] < pd.Timestamp(period.end))]
    highest = month.groupby(["account_id", "region"], as_index=False).agg(
        bounce_rate=("aws_bounce_rate", "max"), complaint_rate=("aws_complaint_rate", "max")
    )
    return joined(analysis.snapshot.sending_accounts, highest, on=["account_id", "region"])
