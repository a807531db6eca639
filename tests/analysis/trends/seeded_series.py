"""Seeded daily series of every shape an account sends in, and spikes of a known number of robust deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.trends import Series

Array = NDArray[np.float64]

DAYS = 455
"""What CloudWatch keeps."""
QUARTER = 91
_T = np.arange(DAYS)
_WEEK = np.array([1.1, 1.1, 1.1, 1.05, 1.0, 0.5, 0.4])[_T % 7]
_OFFICE = np.array([1.1, 1.1, 1.1, 1.05, 1.0, 0.0, 0.0])[_T % 7]
_CAMPAIGNS = np.array([0.35, 2.1, 0.4, 2.45, 0.7, 0.45, 0.55])[_T % 7]


@dataclass(frozen=True)
class Shape:
    """One kind of sender: its mean by day, and how it scatters."""

    name: str
    mean: Array
    dispersion: float | None = None
    """k of a negative binomial (variance mean + mean²/k); None is Poisson."""
    missing: float = 0.0
    """Share of days that are not known."""
    shift: int | None = None
    """Day from which on it has another level: an alarm then is right, and one is enough."""

    def draw(self, seed: int) -> Array:
        random = np.random.default_rng(seed)
        counts = _draw(random, self.mean, self.dispersion)
        counts[random.random(DAYS) < self.missing] = np.nan
        return counts

    def spike(self, day: int, deviations: float) -> float:
        """The least count that stands so many robust deviations (median, MAD of square roots) above the day's own."""
        return _spike(float(self.mean[day]), self.dispersion, deviations)


def _draw(random: np.random.Generator, mean: Array, dispersion: float | None) -> Array:
    if dispersion is None:
        return random.poisson(mean).astype(float)
    rate = random.gamma(dispersion, np.maximum(mean, 1e-9) / dispersion)
    return random.poisson(np.where(mean > 0, rate, 0.0)).astype(float)


@cache
def _spike(mean: float, dispersion: float | None, deviations: float) -> float:
    roots = np.sqrt(_draw(np.random.default_rng(1), np.full(20_000, mean), dispersion) + 0.375)
    middle = float(np.median(roots))
    deviation = max(1.4826 * float(np.median(np.abs(roots - middle))), 0.5)
    return float(np.ceil((middle + deviations * deviation) ** 2 - 0.375))


SHAPES = (
    Shape("Poisson, 200 a day", np.full(DAYS, 200.0)),
    Shape("Poisson, 20 a day", np.full(DAYS, 20.0)),
    Shape("bursty (negative binomial, k = 10)", np.full(DAYS, 5000.0), 10),
    Shape("very bursty (negative binomial, k = 5)", np.full(DAYS, 800.0), 5),
    Shape("weekly season, Poisson", 1000 * _WEEK),
    Shape("weekly season, bursty", 1000 * _WEEK, 20),
    Shape("two campaigns a week", 20_000 * _CAMPAIGNS, 50),
    Shape("business days, bursty", 500 * _OFFICE, 20),
    Shape("business days, Poisson", 50 * _OFFICE),
    Shape("growing fourfold", 1000 * _WEEK * 4 ** (_T / DAYS), 20),
    Shape("shrinking fourfold", 4000 * _WEEK * 4 ** (-_T / DAYS), 20),
    Shape("12 % of days not known", 2000 * _WEEK, 20, missing=0.12),
    Shape("tiny, 5 a day", np.full(DAYS, 5.0)),
    Shape("tiny, 5 a business day", 5 * _OFFICE),
    Shape("threefold from day 220 on", 1000 * _WEEK * np.where(_T >= 220, 3.0, 1.0), 20, shift=220),
)


def as_series(rows: list[Array], **others: list[Array]) -> Series:
    """Series of made-up accounts in one Region; ``others`` are the further columns, not known where not given."""
    accounts = [f"{210_000_000_000 + number}" for number in range(len(rows))]
    places = pd.DataFrame({"account_id": accounts, "region": "eu-west-1"}, dtype="string")
    sent = np.array(rows, dtype=float)
    unknown = np.full(sent.shape, np.nan)
    names = ("bounces", "complaints", "aws_bounce_rate", "aws_complaint_rate")
    columns = {name: np.array(others[name], dtype=float) if name in others else unknown for name in names}
    days = pd.date_range(end="2026-10-31", periods=sent.shape[1], freq="D", tz="UTC")
    return Series(places, days, {"sent": sent, **columns})


@dataclass(frozen=True)
class Outcome:
    """What a detector made of one shape."""

    shape: str
    found: float
    """Share of the spikes on whose day an alarm was raised."""
    spikes: int
    false: float
    """Mean false alarms per account and quarter."""
    most: int
    """Most of them in any account and quarter."""
    noisy: float
    """Share of accounts' quarters with more than one."""
    late: int
    """Most alarms a lasting change of level raised in one account."""


Alarms = Callable[[list[Array]], list[list[tuple[int, int]]]]
"""From series to (first day, last day) of the alarms of each."""


def measure(shape: Shape, alarms: Alarms, *, seeds: range, deviations: float = 5.0, each: int = 6) -> Outcome:
    """False alarms on untouched series, and how many of ``each`` × seeds spikes, one at a time, are found."""
    drawn = [shape.draw(seed) for seed in seeds]
    quiet = alarms(drawn)
    quarters = [_quarters(found, shape.shift) for found in quiet]
    late = [sum(1 for first, _ in found if shape.shift is not None and _near(first, shape.shift)) for found in quiet]
    cases = [case for seed, counts in zip(seeds, drawn, strict=True) for case in _cases(shape, seed, counts, each)]
    spiked = []
    for counts, day in cases:
        touched = counts[: day + 1].copy()
        touched[day] = shape.spike(day, deviations)
        spiked.append(np.concatenate([touched, np.full(DAYS - day - 1, np.nan)]))
    hits = [any(a <= day <= b for a, b in found) for found, (_, day) in zip(alarms(spiked), cases, strict=True)]
    numbers = [number for account in quarters for number in account]
    return Outcome(
        shape.name,
        float(np.mean(hits)),
        len(hits),
        float(np.mean(numbers)),
        max(numbers),
        float(np.mean(np.array(numbers) > 1)),
        max(late),
    )


def _cases(shape: Shape, seed: int, counts: Array, each: int) -> Iterator[tuple[Array, int]]:
    random = np.random.default_rng(seed + 10_000)
    days = random.permutation(np.arange(2 * QUARTER, DAYS))
    apt = [d for d in days if shape.mean[d] > 0 and np.isfinite(counts[d]) and not _near(int(d), shape.shift)]
    yield from ((counts, int(day)) for day in apt[:each])


def _near(day: int, shift: int | None) -> bool:
    return shift is not None and shift <= day < shift + 42


def _quarters(found: list[tuple[int, int]], shift: int | None) -> list[int]:
    """False alarms in each whole quarter after the first."""
    return [
        sum(1 for first, _ in found if start <= first < start + QUARTER and not _near(first, shift))
        for start in range(QUARTER, DAYS - QUARTER + 1, QUARTER)
    ]
