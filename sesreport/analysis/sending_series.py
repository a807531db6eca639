"""Daily sending as series in which a day nobody read is not a day without mail."""

from __future__ import annotations

from datetime import UTC, timedelta

import pandas as pd

from sesreport.analysis.basis import SENDING_DATASETS, read_in
from sesreport.analysis.daily import METRICS
from sesreport.analysis.registry import Analysis
from sesreport.analysis.trends import Series, series
from sesreport.analysis.trends.series import COUNTS

LISTED_DAYS = 14
"""ListMetrics names what had a value in the last two weeks (CloudWatch API reference): a metric it does not name in a
place that was read counted nothing in them, and was not asked for before."""


def sending_series(analysis: Analysis) -> Series:
    """All series of the analysis' ``daily``, up to the last closed day of the snapshot."""
    return series(analysis.daily, read_days(analysis))


def read_days(analysis: Analysis) -> pd.DataFrame:
    """``account_id``, ``region``, ``column``, ``first``, ``last``: the days on which a column of ``daily`` was read."""
    snapshot = analysis.snapshot
    midnight = snapshot.started_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    metrics = snapshot.metrics
    listed = metrics.loc[metrics["dimension"] == "account", ["account_id", "region", "metric"]].drop_duplicates()
    columns = {name: column for name, column in METRICS.items() if column in COUNTS}
    asked = listed.assign(column=listed["metric"].map(columns).astype("string")).dropna(subset=["column"])
    read = analysis.once(read_in, SENDING_DATASETS).merge(pd.DataFrame({"column": list(COUNTS)}), how="cross")
    keys = ["account_id", "region", "column"]
    whole = pd.MultiIndex.from_frame(read[keys]).isin(pd.MultiIndex.from_frame(asked[keys]))
    reach = pd.Series(whole).map({True: analysis.config.collect.metric_days, False: LISTED_DAYS})
    return read.assign(
        first=pd.Timestamp(midnight) - pd.to_timedelta(reach.astype("int64"), unit="D"),
        last=pd.Timestamp(midnight - timedelta(days=1)),
    )
