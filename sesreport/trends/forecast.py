"""A robust line through the last weeks, and an honest interval around where it leads.

The line is Theil and Sen's (H. Theil 1950; P. K. Sen, J. Am. Stat. Assoc. 63, 1968) through the centers of whole
weeks, so that neither a wild day nor the weekday moves it, and neighbors within a week do not count as independent.
The interval joins, as independent errors, Sen's confidence interval of the slope over the horizon and the quantiles of
what single days were off the line. ``scipy.stats.theilslopes`` computes the same slope and interval (a test compares),
but takes seconds to import.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from sesreport.trends.robust import Array, center

WEEKS = 13
"""Weeks the line is drawn through."""
LEAST_WEEKS, LEAST_IN_WEEK = 8, 3
"""Weeks that must be known, and days in each."""
HORIZON = 91
"""Days looked ahead: no further than looked back."""
COVERAGE = 0.9
"""Share of days that should fall within the interval."""


@dataclass(frozen=True)
class Line:
    """A line through a series' last days, with the interval of a single day; arrays are by days ahead, from 1."""

    now: float
    """The line on the last day."""
    slope: float
    """Per day."""
    middle: Array
    low: Array
    high: Array

    def first(self, path: Array, threshold: float) -> int | None:
        """Days ahead on which a path first reaches a threshold; None when it does not."""
        over = np.flatnonzero(path >= threshold)
        return int(over[0]) + 1 if len(over) else None


def line(values: Array, *, horizon: int = HORIZON, coverage: float = COVERAGE) -> Line | None:
    """The line through the last 13 weeks of one daily series (NaN unknown); None where too little is known."""
    recent = values[-7 * WEEKS :]
    recent = np.concatenate([np.full(7 * WEEKS - len(recent), np.nan), recent])
    weeks = recent.reshape(WEEKS, 7)
    enough = np.isfinite(weeks).sum(axis=1) >= LEAST_IN_WEEK
    if enough.sum() < LEAST_WEEKS or not enough[-2:].any():
        return None
    at = np.arange(WEEKS) * 7.0 + 3.0 - (7 * WEEKS - 1)  # the middle of each week; 0 is the last day
    centers = center(weeks)
    slope, now, least, most = theil_sen(centers[enough], at[enough], coverage)
    days = np.arange(7 * WEEKS) - (7 * WEEKS - 1.0)
    off = recent - (now + slope * days)
    tail = (1 - coverage) / 2
    below, above = np.nanquantile(off, [tail, 1 - tail])
    ahead = np.arange(1.0, horizon + 1)
    # The slope turns the line around the middle of its weeks, not around today.
    lever = ahead - at[enough].mean()
    middle = now + slope * ahead
    low = middle - np.hypot(min(below, 0.0), (slope - least) * lever)
    high = middle + np.hypot(max(above, 0.0), (most - slope) * lever)
    return Line(float(now), float(slope), middle, low, high)


def theil_sen(values: Array, at: Array, confidence: float) -> tuple[float, float, float, float]:
    """Slope, value at 0, and the slope's interval: of the slopes between all pairs their median, and the ranks that
    the variance of Kendall's S leaves (Sen 1968, section 4)."""
    left, right = np.triu_indices(len(values), 1)
    slopes = np.sort((values[right] - values[left]) / (at[right] - at[left]))
    slope = float(np.median(slopes))
    n = len(values)
    sigma = np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    wide = float(ndtri((1 + confidence) / 2)) * sigma
    low = max(round((len(slopes) - wide) / 2) - 1, 0)
    high = min(round((len(slopes) + wide) / 2), len(slopes) - 1)
    return slope, float(np.median(values) - slope * np.median(at)), float(slopes[low]), float(slopes[high])
