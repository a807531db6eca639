"""The month ahead of a monthly series."""

from __future__ import annotations

import numpy as np
import pytest

from sesreport.analysis.trends.monthly import LEAST, next_month


def test_a_straight_line_goes_on() -> None:
    ahead = next_month([100.0 + 10 * month for month in range(13)])
    assert ahead == pytest.approx((230.0, 230.0, 230.0))


def test_one_wild_month_moves_nothing() -> None:
    values = [100.0] * 13
    values[7] = 10_000.0
    ahead = next_month(values)
    assert ahead is not None
    assert ahead[1] == pytest.approx(100.0)


@pytest.mark.parametrize("values", [[1.0] * (LEAST - 1), [1.0] * 12 + [None], [None] * 13, []])
def test_of_too_few_months_nothing_is_foretold(values: list[float | None]) -> None:
    assert next_month(values) is None


def test_four_of_five_months_are_within() -> None:
    draw = np.random.default_rng(7)
    within = 0
    for _ in range(500):
        values = [float(value) for value in 1000 + 15 * np.arange(14) + draw.normal(0, 50, 14)]
        ahead = next_month(values[:-1])
        assert ahead is not None
        within += ahead[0] <= values[-1] <= ahead[2]
    assert 0.72 <= within / 500 <= 0.92
