"""What a day's count should have been, from the days before it alone.

1. *Week.* On log counts, because a week's shape is one of proportions: a two-way fit of weeks and weekdays over the
   26 weeks before, by medians and one Huber step (J. W. Tukey, "Exploratory Data Analysis", 1977, median polish).
2. *Level.* The center of the 21 days before, without the week; or of the 42 days before, where that is higher: a
   return to where it was before a holiday is nothing new.
3. *Deviation.* On square roots, which make the scatter of counts alike (F. J. Anscombe, "The transformation of
   Poisson, binomial and negative-binomial data", Biometrika 35, 1948), divided by √(1 + φ·expected) for senders whose
   scatter grows with their volume; then median and robust scale over the 182 days before. The scale is the 80 %
   quantile of the absolute deviations, made comparable with a standard deviation like a MAD; it varies a quarter less
   from sample to sample, and business-day senders' exact zeros cannot make it zero. It never falls below that
   of a Poisson count. Days that were out of the ordinary themselves do not enter it.

Choices and their measurements are in ``benchmarks/anomaly_bench.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.trends.robust import TO_SIGMA, Array, before, center, median

WEEKS, LEVEL_DAYS, SCALE_DAYS = 26, 21, 182
WARM_UP = 28
"""Days before the week's shape is known."""
LEAST = 28
"""Deviations without which no day is judged."""
ORDINARY = 3.0
"""Deviations up to which a day counts as ordinary."""
_QUANTILE, _OF_NORMAL = 0.8, 1.2816
_POISSON = 0.5
"""Standard deviation of the square root of a Poisson count (Anscombe 1948)."""
_CHUNK = 128
"""Series worked on at a time, to bound memory."""


@dataclass(frozen=True)
class Expectation:
    """Arrays of places × days; NaN where a day cannot be judged."""

    expected: Array
    deviations: Array
    """Robust deviations of the day's count above (or below) what was expected."""
    scale: Array
    """One such deviation, on the scale of square roots."""
    limit: Array
    """Deviations from which a day is out of the ordinary: more while few days are known."""

    def beyond(self, deviations: Array) -> Array:
        """The count that stands so many deviations above (below) the expected one."""
        return unroot(root(self.expected) + deviations * self.scale)


def root(counts: Array) -> Array:
    """The square root that makes the scatter of counts alike."""
    made: Array = np.sqrt(np.maximum(counts, 0) + 0.375)
    return made


def unroot(roots: Array) -> Array:
    """The counts of such square roots."""
    made: Array = np.maximum(np.maximum(roots, 0) ** 2 - 0.375, 0)
    return made


def expect(counts: Array, *, limit: float) -> Expectation:
    """The expectation of each day of daily counts (places × days, NaN unknown), each day by those before it.

    ``limit`` is the number of deviations from which a day is out of the ordinary once half a year is known.
    """
    if not counts.size:
        return Expectation(counts, counts, counts, counts)
    parts = [_expect(counts[i : i + _CHUNK], limit) for i in range(0, len(counts), _CHUNK)]
    fields = ("expected", "deviations", "scale", "limit")
    return Expectation(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def weekdays(logs: Array) -> Array:
    """The weekday's part of each day's log count: places × days, the first known day first."""
    length = logs.shape[1]
    starts = np.arange(WARM_UP, max(length, WARM_UP + 1), 7)
    padded = np.concatenate([np.full((len(logs), WEEKS * 7), np.nan), logs], axis=1)
    blocks = (
        np.stack([padded[:, s : s + WEEKS * 7] for s in starts], axis=1)
        if length >= WARM_UP
        else padded[:, None, : WEEKS * 7]
    )
    blocks = blocks.reshape(len(logs), len(starts), WEEKS, 7)
    weeks = median(blocks)
    effects = np.nan_to_num(median(np.swapaxes(blocks - weeks[..., None], -1, -2)))
    for _ in range(2):
        weeks = center(blocks - effects[..., None, :])
        effects = np.nan_to_num(center(np.swapaxes(blocks - weeks[..., None], -1, -2)))
    early = effects[:, 0, (np.arange(WARM_UP) - WARM_UP) % 7]
    return np.concatenate([early, effects.reshape(len(logs), -1)], axis=1)[:, :length]


def _expect(counts: Array, limit: float) -> Expectation:
    known = np.isfinite(counts)
    first = np.where(known.any(axis=1), known.argmax(axis=1), counts.shape[1])
    # Every series begins at its first known day, so that all warm up alike.
    counts = _shifted(counts, first)
    logs = np.log1p(counts)
    week = weekdays(logs)
    level = np.fmax(center(before(logs - week, LEVEL_DAYS)), center(before(logs - week, 2 * LEVEL_DAYS)))
    plain = np.maximum(np.expm1(week + level), 0.0)
    away = root(counts) - root(plain)
    away[:, :WARM_UP] = np.nan
    telling = np.isfinite(away) & ~((counts == 0) & (plain < 0.5))  # a Sunday's zero tells nothing of a Monday
    ordinary = telling
    for _ in range(2):
        spread = _spread(np.where(ordinary, away, np.nan), plain)
        unit = np.sqrt(1.0 + spread * plain)
        scaled = _frame(np.where(ordinary, away / unit, np.nan))
        middle = scaled.rolling(SCALE_DAYS, min_periods=LEAST // 2).median().shift(1)
        past = (scaled - middle).abs().rolling(SCALE_DAYS, min_periods=LEAST)
        scale = (past.quantile(_QUANTILE).shift(1) / _OF_NORMAL).clip(lower=_POISSON).to_numpy().T
        shift = middle.to_numpy().T
        deviations = (away / unit - shift) / scale
        ordinary = telling & ~(np.abs(deviations) > ORDINARY)
    number = past.count().shift(1).to_numpy().T
    expected = np.where(np.isfinite(scale), unroot(root(plain) + shift * unit), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = np.where(np.isfinite(scale), limit * (1 + 5 / number), np.nan)
    back = (expected, deviations, scale * unit, limits)
    return Expectation(*(_shifted(values, -first) for values in back))


def _spread(away: Array, plain: Array) -> Array:
    """φ of a scatter of counts with variance ``expected + φ·expected²``, from the days before."""
    size = np.maximum(plain, 1.0)
    each = np.where(plain >= 1.0, ((away / _POISSON) ** 2 * TO_SIGMA**2 - 1.0) / size, np.nan)
    made: Array = (
        _frame(each).rolling(SCALE_DAYS, min_periods=1).median().shift(1).clip(lower=0.0).fillna(0.0).to_numpy().T
    )
    return made


def _frame(values: Array) -> pd.DataFrame:
    return pd.DataFrame(values.T)


def _shifted(values: Array, by: NDArray[np.int64]) -> Array:
    """Each row moved left by its own number of days, NaN where nothing comes in."""
    index = np.arange(values.shape[1]) + by[:, None]
    inside = (index >= 0) & (index < values.shape[1])
    taken = np.take_along_axis(values, np.clip(index, 0, values.shape[1] - 1), axis=1)
    return np.where(inside, taken, np.nan)
