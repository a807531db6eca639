"""How well spikes are found, how often ordinary accounts alarm, and how often forecasts' intervals hold.

Series are seeded; the tests assert the bounds on some of the seeds, this prints all shapes on others. Three ways of
taking the week out are compared: the two-way fit of :mod:`sesreport.analysis.trends.expectation` with deviations on
square roots and on logs, and statsmodels' STL(robust=True) refitted for each day in question.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "analysis" / "trends")]

from seeded_series import DAYS, QUARTER, SHAPES, Alarms, Array, Shape, as_series, measure  # noqa: E402

from sesreport.analysis.trends import expectation  # noqa: E402
from sesreport.analysis.trends.forecast import COVERAGE, HORIZON, line  # noqa: E402
from sesreport.analysis.trends.forecasts import weeks_of  # noqa: E402
from sesreport.analysis.trends.rates import BOUNCES, sudden_rates  # noqa: E402
from sesreport.analysis.trends.spikes import LIMIT, spikes  # noqa: E402

SEEDS = range(700_000, 700_120)
"""None of those the method was chosen with."""
FEW = range(5000, 5004)
HARD = (
    Shape("hard: k = 3", np.full(DAYS, 800.0), 3),
    Shape("hard: holiday peak of 1.75, then back", 50_000 * (1 + 0.75 * np.clip((np.arange(DAYS) - 250) / 38, 0, 1)
                                                  * (np.arange(DAYS) < 290)), 200),
)  # fmt: skip
"""Printed, not asserted: nobody could tell their tails from a spike."""


def ours(rows: list[Array]) -> list[list[tuple[int, int]]]:
    found = spikes(as_series(rows))
    by_row = dict(iter(found.groupby("row")))
    return [
        [(int(a), int(b)) for a, b in by_row[i][["first", "last"]].to_numpy()] if i in by_row else []
        for i in range(len(rows))
    ]


def on_logs(rows: list[Array]) -> list[list[tuple[int, int]]]:
    """The same, with deviations of log counts."""
    with patched(
        root=lambda counts: np.log1p(np.maximum(counts, 0)),
        unroot=lambda logs: np.expm1(np.maximum(logs, 0)),
        _spread=lambda away, plain: np.zeros_like(plain),
        _POISSON=0.02,
    ):
        return ours(rows)


@contextmanager
def patched(**names: Any) -> Iterator[None]:
    before = {name: getattr(expectation, name) for name in names}
    for name, value in names.items():
        setattr(expectation, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(expectation, name, value)


def by_stl(rows: list[Array]) -> list[list[tuple[int, int]]]:
    """STL(robust=True) of the 26 weeks before each day that is asked about (the last known one), one fit a day.

    Untouched series are asked about every seventh day of the last two quarters: it is too slow for more.
    """
    return [_stl_alarms(counts) for counts in rows]


def _stl_alarms(counts: Array) -> list[tuple[int, int]]:
    last = int(np.flatnonzero(np.isfinite(counts))[-1])
    days = range(2 * QUARTER + 91, DAYS, 7) if last == DAYS - 1 else [last]
    return [(day, day) for day in days if _stl_deviations(counts, day) > LIMIT]


def _stl_deviations(counts: Array, day: int) -> float:
    from statsmodels.tsa.seasonal import STL

    past = pd.Series(np.sqrt(counts[day - 182 : day] + 0.375)).interpolate(limit_direction="both")
    made = STL(past, period=7, robust=True).fit()
    rest = made.resid.to_numpy()
    expected = made.trend.iloc[-1] + made.seasonal.iloc[-7]
    middle = float(np.median(rest))
    scale = max(1.4826 * float(np.median(np.abs(rest - middle))), 0.5)
    return float((np.sqrt(counts[day] + 0.375) - expected - middle) / scale)


def coverage(shape: Shape) -> float:
    """Share of days within the interval of a single day, from three origins, by days up to the horizon."""
    inside = []
    for seed in SEEDS:
        counts = shape.draw(seed)
        for origin in (280, 322, DAYS - HORIZON):
            week = weeks_of(counts[:origin][None])[0]
            made = line(np.log1p(counts[:origin]) - week)
            future = np.log1p(counts[origin : origin + HORIZON]) - np.tile(week[-7:], 13)
            known = np.isfinite(future)
            if made is not None:
                inside.append(((future >= made.low) & (future <= made.high))[known].mean())
    return float(np.mean(inside))


def drifting(step: float) -> float:
    """The same for a rate averaged over 21 days, as AWS's is, whose true value walks ``step`` (relative) a day."""
    inside = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        sent = random.poisson(5000, DAYS + 20)
        rate = np.clip(0.01 * np.exp(np.cumsum(random.normal(0, step, DAYS + 20))), 0, 0.2)
        bounces = random.binomial(sent, rate)
        window = np.ones(21)
        seen = np.convolve(bounces, window, "valid") / np.convolve(sent, window, "valid")
        made = line(seen[: DAYS - HORIZON])
        assert made is not None
        future = seen[DAYS - HORIZON :]
        inside.append(((future >= made.low) & (future <= made.high)).mean())
    return float(np.mean(inside))


def rates() -> tuple[float, float]:
    """False alarms of ordinary bounce rates of any volume, per account and quarter; share of jumps to 8 % found."""
    random = np.random.default_rng(9)
    sent = np.concatenate([random.poisson(m, (20, DAYS)) for m in (5, 40, 300, 5000, 200_000)]).astype(float)
    bounces = random.binomial(sent.astype(int), 0.01 * random.gamma(25, 1 / 25, sent.shape)).astype(float)
    false = len(sudden_rates(as_series(list(sent), bounces=list(bounces)), BOUNCES)) / (
        len(sent) * (DAYS - 14) / QUARTER
    )
    jumped, large = bounces.copy(), np.arange(40, 100)  # 300 a day and more
    jumped[:, 440] = np.round(sent[:, 440] * 0.08)
    found = sudden_rates(as_series(list(sent), bounces=list(jumped)), BOUNCES)
    hits = set(found.loc[(found["first"] <= 440) & (found["last"] >= 440), "row"])
    return false, len(hits & set(large)) / len(large)


def show(title: str, detector: Alarms, shapes: Sequence[Shape], seeds: range, **options: Any) -> None:
    print(f"\n{title}: spikes of 5 robust deviations, limit {LIMIT}, {len(seeds)} accounts a shape")
    print(f"{'shape':42s}  found   of   false/quarter   most   ms/series")
    averages, noisy, found, spiked = [], [], 0.0, 0
    for shape in shapes:
        started = time.process_time()
        outcome = measure(shape, detector, seeds=seeds, **options)
        each = (time.process_time() - started) / (len(seeds) + outcome.spikes) * 1000
        averages.append(outcome.false)
        noisy.append(outcome.noisy)
        found, spiked = found + outcome.found * outcome.spikes, spiked + outcome.spikes
        told = f"{outcome.found:6.1%} {outcome.spikes:4d} {outcome.false:15.3f} {outcome.most:6d} {each:11.1f}"
        print(f"{shape.name:42s} {told}" + (f"   {outcome.late} at the change" if shape.shift else ""))
    print(
        f"all shapes: {found / spiked:.1%} of {spiked:,} found; {np.mean(averages):.3f} false alarms per account and "
        f"quarter, more than one in {np.mean(noisy):.2%} of them"
    )


def main() -> None:
    show("two-way fit, square roots", ours, SHAPES, SEEDS, each=5)
    show("the same, shapes nobody could tell", ours, HARD, SEEDS, each=5)
    show("two-way fit, logs", on_logs, SHAPES, range(5000, 5008))
    show("STL(robust=True), square roots, one day in seven", by_stl, SHAPES, FEW, each=4)
    print(f"\nintervals of forecasts: share of days within, {COVERAGE:.0%} meant, 1 to {HORIZON} days ahead")
    for shape in SHAPES:
        print(f"{shape.name:42s} {coverage(shape):6.1%}")
    for step in (0.0, 0.01, 0.02):
        print(f"{f'rate of 21 days, walking {step:.0%} a day':42s} {drifting(step):6.1%}")
    false, found = rates()
    print(f"\nbounce rates: {false:.4f} false alarms per account and quarter; {found:.1%} of jumps to 8 % found")


if __name__ == "__main__":
    main()
