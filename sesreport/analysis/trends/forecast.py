"""A robust line through the last weeks, and an honest interval around where it leads.

The line is Theil and Sen's (H. Theil 1950; P. K. Sen, J. Am. Stat. Assoc. 63, 1968) through the centers of whole
weeks, so that neither a wild day nor the weekday moves it, and neighbors within a week do not count as independent. A
slope whose confidence interval holds zero is taken for none. The interval joins, as independent errors, that interval
over the horizon, the quantiles of what single days were off the line, and how far the weeks wandered from their trend
in as much time before: a rate that AWS averages over weeks drifts, and a line alone would be too sure of it. Measured
coverage is in ``benchmarks/anomaly_bench.py``.

``scipy.stats.theilslopes`` computes the same slope and interval (a test compares), but takes seconds to import.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sesreport.analysis.trends.robust import TO_SIGMA, Array, center, median

WEEKS = 13
"""Weeks the line is drawn through."""
LEAST_WEEKS, LEAST_IN_WEEK = 8, 3
"""Weeks that must be known, and days in each."""
HISTORY = 65
"""Weeks in which wandering is looked for: all that CloudWatch keeps."""
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


def line(values: Array) -> Line | None:
    """The line through the last 13 weeks of one daily series (NaN unknown); None where too little is known."""
    past = values[-7 * HISTORY :]
    past = np.concatenate([np.full(7 * HISTORY - len(past), np.nan), past]).reshape(HISTORY, 7)
    known = np.isfinite(past).sum(axis=1) >= LEAST_IN_WEEK
    enough = known[-WEEKS:]
    if enough.sum() < LEAST_WEEKS or not enough[-2:].any():
        return None
    history = np.where(known, center(past), np.nan)
    at = (np.arange(WEEKS) * 7.0 + 3.0 - (7 * WEEKS - 1))[enough]  # the middle of each week; 0 is the last day
    slope, now, least, most = theil_sen(history[-WEEKS:][enough], at, COVERAGE)
    if least <= 0.0 <= most:
        now, least, most, slope = now + slope * float(np.median(at)), least - slope, most - slope, 0.0
    off = past[-WEEKS:].ravel() - (now + slope * np.arange(1.0 - 7 * WEEKS, 1.0))
    tail = (1 - COVERAGE) / 2
    below, above = np.nanquantile(off, [tail, 1 - tail])
    ahead = np.arange(1.0, HORIZON + 1)
    # The slope turns the line around the middle of its weeks, not around today.
    lever = ahead - at.mean()
    far, drifts = _wandered(past, history)
    wander = far[np.minimum(ahead // 7, WEEKS).astype(int)]
    now += drifts * (history[known][-1] - now)
    middle = now + slope * ahead
    low = middle - np.sqrt(min(below, 0.0) ** 2 + ((slope - least) * lever) ** 2 + wander**2)
    high = middle + np.sqrt(max(above, 0.0) ** 2 + ((most - slope) * lever) ** 2 + wander**2)
    return Line(float(now), float(slope), middle, low, high)


def _wandered(past: Array, history: Array) -> tuple[Array, float]:
    """How far the centers of weeks came from their trend in 0, 1, … 13 weeks, beyond what days' scatter explains;
    and which share of a week's step that is: how much of the last week is to be believed.

    Where too little is known of a lag, it grows as a random walk would from the last known one.
    """
    from scipy.special import ndtri

    far = np.zeros(WEEKS + 1)
    for lag in range(1, WEEKS + 1):
        steps = history[lag:] - history[:-lag]
        steps = steps[np.isfinite(steps)]
        if len(steps) < max(LEAST_WEEKS, lag):
            far[lag] = far[lag - 1] * np.sqrt(lag / max(lag - 1, 1))
        else:
            far[lag] = max(np.quantile(np.abs(steps - np.median(steps)), COVERAGE), far[lag - 1])
    day = TO_SIGMA * median((np.abs(past - history[:, None])).ravel()[None])[0]
    chance = float(ndtri((1 + COVERAGE) / 2)) * day * np.sqrt(2 / 7)
    beyond = np.maximum(far**2 - chance**2, 0.0)
    return np.sqrt(beyond), float(beyond[1] / far[1] ** 2) if far[1] > 0 else 0.0


def theil_sen(values: Array, at: Array, confidence: float) -> tuple[float, float, float, float]:
    """Slope, value at 0, and the slope's interval: of the slopes between all pairs their median, and the ranks that
    the variance of Kendall's S leaves (Sen 1968, section 4)."""
    from scipy.special import ndtri

    left, right = np.triu_indices(len(values), 1)
    slopes = np.sort((values[right] - values[left]) / (at[right] - at[left]))
    slope = float(np.median(slopes))
    n = len(values)
    sigma = np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    wide = float(ndtri((1 + confidence) / 2)) * sigma
    low = max(round((len(slopes) - wide) / 2) - 1, 0)
    high = min(round((len(slopes) + wide) / 2), len(slopes) - 1)
    return slope, float(np.median(values) - slope * np.median(at)), float(slopes[low]), float(slopes[high])
