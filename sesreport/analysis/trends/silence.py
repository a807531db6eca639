"""Silent senders: an account that sent on nearly every such day, and stopped.

A day without a message is the more telling the rarer such days were before: with ``z`` zeros on the ``n`` same weekdays
before, its chance is (z + ½) / (n + 1), Jeffreys' estimate (L. D. Brown et al., "Interval estimation for a binomial
proportion", Statistical Science 16, 2001). The chances of a run of zeros multiply; the run is an alarm once its chance
is below 1 in 10,000. A business-day sender is silent on the third such day in a row, its weekends tell nothing; for
one that sends now and then a pause means little. A day that is not known neither tells anything nor ends a run.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sesreport.analysis.trends.robust import Array, before, median
from sesreport.analysis.trends.series import Series

CHANCE = 1e-4
SAME_WEEKDAYS, LEAST = 12, 4
"""Same weekdays looked back on, and how many of them must be known."""
TELLING = 0.5
"""Chance of a zero above which a day tells nothing of when the silence began."""
GONE = 1_000
"""Messages a day from which a sender's silence is high."""


def silences(sending: Series) -> pd.DataFrame:
    """One row per silence, from its first telling day on; ``worst`` is the day on which it was noticed."""
    counts = sending["sent"]
    chance, usual = _before(counts)
    found = [_runs(row, counts[row], chance[row], usual[row]) for row in range(len(counts))]
    made = pd.DataFrame([each for runs in found for each in runs], columns=[*_COLUMNS])
    return made.astype({"row": "int64", "first": "int64", "last": "int64", "days": "int64", "worst": "int64"}).assign(
        kind="silent sender",
        metric="sent",
        value=0.0,
        low=np.nan,
        high=np.nan,
        ongoing=lambda frame: frame["last"] == counts.shape[1] - 1,
        severity=lambda frame: np.where(frame["expected"] >= GONE, "high", "medium"),
    )


_COLUMNS = ("row", "first", "last", "days", "worst", "expected", "deviations")


def _before(counts: Array) -> tuple[Array, Array]:
    """The chance of a zero on each day, and the usual count of such a day, by the same weekdays before."""
    weeks = before(counts, SAME_WEEKDAYS * 7)[..., ::7] if counts.size else np.empty((*counts.shape, SAME_WEEKDAYS))
    known = np.isfinite(weeks).sum(axis=-1)
    zeros = (weeks == 0).sum(axis=-1)
    chance = np.where(known >= LEAST, (zeros + 0.5) / (known + 1.0), 1.0)
    return chance, median(weeks)


def _runs(row: int, counts: Array, chance: Array, usual: Array) -> list[tuple[int, int, int, int, int, float, float]]:
    """The runs of zeros of one place that are an alarm."""
    from scipy.special import ndtri

    edges = np.concatenate([np.flatnonzero(counts > 0), [len(counts)]])
    paused = np.flatnonzero(np.diff(edges) > 1)
    made = []
    for begin, end in zip(edges[paused] + 1, edges[paused + 1], strict=True):
        zeros = begin + np.flatnonzero(counts[begin:end] == 0)
        telling = zeros[chance[zeros] < TELLING]
        if not len(telling):
            continue
        likelihood = np.cumsum(np.log(chance[telling]))
        noticed = np.flatnonzero(likelihood < np.log(CHANCE))
        if len(noticed):
            first, last = int(telling[0]), int(zeros[-1])
            days = int(((zeros >= first) & (zeros <= last)).sum())
            # How much is missing is told by the days before the silence, which later days forget.
            expected = float(np.nanmean(usual[telling[: int(noticed[0]) + 1]]))
            deviations = float(-ndtri(np.exp(max(likelihood[-1], -700.0))))
            made.append((row, first, last, days, int(telling[noticed[0]]), expected, deviations))
    return made
