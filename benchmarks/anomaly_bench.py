"""How well spikes are found, how often ordinary accounts alarm, and how often forecasts' intervals hold.

Series are seeded; the tests assert the bounds on some of the seeds, this prints all shapes on others. Three ways of
taking the week out are compared: the two-way fit of :mod:`sesreport.trends.expectation` with deviations on square roots
and on logs, and statsmodels' STL(robust=True) refitted for each day in question.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "trends")]

from seeded_series import SHAPES, Array, as_series, measure  # noqa: E402

from sesreport.trends.spikes import LIMIT, spikes  # noqa: E402

SEEDS = range(5000, 5024)


def ours(rows: list[Array]) -> list[list[tuple[int, int]]]:
    found = spikes(as_series(rows))
    by_row = dict(iter(found.groupby("row")))
    return [
        [(int(a), int(b)) for a, b in by_row[i][["first", "last"]].to_numpy()] if i in by_row else []
        for i in range(len(rows))
    ]


def main() -> None:
    print(f"spikes of 5 robust deviations, {len(SEEDS)} accounts a shape, limit {LIMIT}")
    print(f"{'shape':42s} found    of   false/quarter   most   ms/series")
    averages = []
    for shape in SHAPES:
        started = time.perf_counter()
        outcome = measure(shape, ours, seeds=SEEDS)
        each = (time.perf_counter() - started) / (len(SEEDS) + outcome.spikes) * 1000
        averages.append(outcome.false)
        told = f"{outcome.found:6.1%} {outcome.spikes:5d} {outcome.false:12.3f} {outcome.most:9d} {each:9.1f}"
        print(f"{shape.name:42s} {told}" + (f"   {outcome.late} alarms at the change" if shape.shift else ""))
    print(f"mean of all shapes: {np.mean(averages):.3f} false alarms per account and quarter")


if __name__ == "__main__":
    main()
