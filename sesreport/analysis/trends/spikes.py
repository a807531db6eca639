"""Volume spikes: days on which an account sent far more than its own past lets expect, as a stolen key would."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.trends.episodes import episodes
from sesreport.analysis.trends.expectation import expect
from sesreport.analysis.trends.robust import Array
from sesreport.analysis.trends.series import Series

LIMIT = 3.4
"""Robust deviations from which a day's volume is a spike (more while less than half a year is known).

Found by ``benchmarks/anomaly_bench.py``: the lowest at which ordinary accounts of every shape stay far below one
false alarm a quarter."""
ABUSE = 5.0
"""Times the expected volume from which a spike is critical: nobody's campaign, and what AWS's abuse team looks for."""
LARGE = 2.0
"""Times the expected volume from which it is high; below 1.25 times it is low, whatever the deviations."""
SMALL = 1.25
MESSAGES = 100
"""Messages above the expected ones below which no spike is more than low."""


def spikes(sending: Series) -> pd.DataFrame:
    """One row per episode, described by its worst day (positions of the series' places and days)."""
    counts = sending["sent"]
    expectation = expect(counts, limit=LIMIT)
    alarms = expectation.deviations > expectation.limit
    found = episodes(alarms, np.nan_to_num(expectation.deviations))
    at = (found["row"].to_numpy(dtype=int), found["worst"].to_numpy(dtype=int))
    value, expected = counts[at], expectation.expected[at]
    return found.assign(
        kind="volume spike",
        metric="sent",
        value=value,
        expected=expected,
        low=expectation.beyond(-expectation.limit)[at],
        high=expectation.beyond(expectation.limit)[at],
        deviations=expectation.deviations[at],
        ongoing=found["last"].to_numpy(dtype=int) == counts.shape[1] - 1,
        severity=_severity(value, expected),
    )


def _severity(value: Array, expected: Array) -> NDArray[np.str_]:
    times = value / np.maximum(expected, 1.0)
    few = value - expected < MESSAGES
    return np.select([few | (times < SMALL), times >= ABUSE, times >= LARGE], ["low", "critical", "high"], "medium")
