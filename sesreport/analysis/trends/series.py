"""Daily series by account × Region, one value a day: a number, zero, or not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.trends.robust import Array

COUNTS = ("sent", "bounces", "complaints")
RATES = ("aws_bounce_rate", "aws_complaint_rate")


@dataclass(frozen=True)
class Series:
    """All series of an organization over the same days."""

    places: pd.DataFrame
    """``account_id`` and ``region`` of each row of the values."""
    days: pd.DatetimeIndex
    """Midnights UTC, without a gap."""
    values: Mapping[str, Array]
    """By column of the frame ``daily``: places × days; NaN is not known."""

    def __getitem__(self, column: str) -> Array:
        return self.values[column]


def series(daily: pd.DataFrame, read: pd.DataFrame) -> Series:
    """The frame ``daily`` as series from the first day a place sent on to the last day read.

    ``read`` (``account_id``, ``region``, ``column``, ``first``, ``last``) names the days on which a column was read:
    CloudWatch has no point for a day on which nothing was counted, so a day without one is zero there. Everywhere
    else it is not known. Days before a place's first message are not known either.
    """
    sent = daily[(daily["sent"] > 0).fillna(value=False)]
    places = sent[["account_id", "region"]].drop_duplicates().sort_values(["account_id", "region"], ignore_index=True)
    if places.empty:
        return Series(places, pd.DatetimeIndex([], tz="UTC"), {name: np.empty((0, 0)) for name in (*COUNTS, *RATES)})
    first, last = sent["at"].min(), max(daily["at"].max(), read["last"].max() if len(read) else daily["at"].max())
    days = pd.date_range(first, last, freq="D")
    index = pd.MultiIndex.from_frame(places)
    known = daily[daily["at"] >= first]
    row = index.get_indexer(pd.MultiIndex.from_frame(known[["account_id", "region"]]))
    column = (known["at"] - first).dt.days.to_numpy()
    ours = row >= 0
    values = {}
    for name in (*COUNTS, *RATES):
        values[name] = np.full((len(places), len(days)), np.nan)
        numbers = known[name].astype("Float64").to_numpy("float64", na_value=np.nan)
        values[name][row[ours], column[ours]] = numbers[ours]
    began = (values["sent"] > 0).argmax(axis=1)
    since = np.arange(len(days)) >= began[:, None]
    for name in COUNTS:
        silent = np.isnan(values[name]) & _covered(read[read["column"] == name], index, days)
        values[name][silent] = 0.0
    for name in values:
        values[name][~since] = np.nan
    return Series(places, days, values)


def _covered(read: pd.DataFrame, index: pd.MultiIndex, days: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Places × days: whether the column was read."""
    covered = np.zeros((len(index), len(days)), dtype=bool)
    row = index.get_indexer(pd.MultiIndex.from_frame(read[["account_id", "region"]]))
    inside = (days.to_numpy() >= read["first"].to_numpy()[:, None]) & (
        days.to_numpy() <= read["last"].to_numpy()[:, None]
    )
    np.logical_or.at(covered, row[row >= 0], inside[row >= 0])
    return covered
