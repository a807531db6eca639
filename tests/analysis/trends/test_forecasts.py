"""Forecasts: the right kind of answer, and intervals that hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import theilslopes
from seeded_series import DAYS, SHAPES, Array, Shape, as_series

from sesreport.analysis.trends import forecasts
from sesreport.analysis.trends.forecast import COVERAGE, HORIZON, line, theil_sen


def answer(
    sent: Array, quota: float | None, metric: str = "sent", kind: str = "quota", **others: Array
) -> dict[Any, Any]:
    series = as_series([sent], **{name: [values] for name, values in others.items()})
    quotas = series.places.assign(max_24_hour_send=pd.array([quota], dtype="Float64"))
    made = forecasts(series, quotas, minimum_sends=1000)
    return made[(made["metric"] == metric) & (made["line"] == kind)].to_dict("records")[0]


GROWING = 1000 * 1.004 ** np.arange(DAYS)
FLAT = SHAPES[0].draw(1)


def test_growth_crosses_its_quota_on_the_day_it_does() -> None:
    quota = GROWING[-1] * 1.004**40
    found = answer(GROWING, quota)
    assert found["state"] == "crosses"
    days = (found["crosses_at"] - pd.Timestamp("2026-10-31", tz="UTC")).days
    assert abs(days - 40) <= 3
    assert found["earliest_at"] <= found["crosses_at"] <= found["latest_at"]


def test_a_level_sender_does_not_cross_in_the_horizon() -> None:
    found = answer(FLAT, 400.0)
    assert found["state"] == "no crossing"
    assert found["words"].startswith("No crossing of its quota of 400 a day in 91 days: ")
    assert pd.isna(found["crosses_at"])


def test_what_only_the_upper_end_reaches_may_cross() -> None:
    found = answer(FLAT, 240.0)
    assert found["state"] == "may cross"
    assert pd.isna(found["crosses_at"])
    assert "but is not expected to" in found["words"]


def test_a_quota_that_is_reached_is_already_above() -> None:
    assert answer(FLAT, 150.0)["state"] == "already above"


@pytest.mark.parametrize(("quota", "state"), [(-1.0, "unlimited"), (None, "not known")])
def test_no_quota_and_an_unknown_quota_are_answers_of_their_own(quota: float | None, state: str) -> None:
    found = answer(FLAT, quota)
    assert found["state"] == state
    assert pd.isna(found["threshold"])


def test_a_few_weeks_are_too_little_data() -> None:
    sent = np.full(DAYS, np.nan)
    sent[-40:] = 100.0
    assert answer(sent, 1000.0)["state"] == "too little data"


def test_weeks_nobody_read_lately_are_too_little_data() -> None:
    sent = FLAT.copy()
    sent[-21:] = np.nan
    assert answer(sent, 1000.0)["state"] == "too little data"


def test_the_busiest_weekday_meets_the_quota_not_the_average() -> None:
    sent = next(shape for shape in SHAPES if shape.name == "two campaigns a week").draw(1)
    found = answer(sent, 100_000.0)
    assert found["forecast"] == pytest.approx(20_000 * 2.45, rel=0.15)


def test_aws_s_own_rate_goes_before_ours() -> None:
    rate = np.full(DAYS, 0.02)
    aws = answer(FLAT, 1000.0, "bounce_rate", "review", aws_bounce_rate=rate)
    own = answer(FLAT, 1000.0, "bounce_rate", "review", bounces=np.full(DAYS, 6.0))
    assert (aws["current"], aws["basis"]) == (0.02, "AWS's own rate")
    assert own["current"] == pytest.approx(6 / 200, rel=0.05)
    assert "an indicator" in own["basis"]


def test_few_messages_have_no_rate_of_their_own() -> None:
    tiny = next(shape for shape in SHAPES if shape.name == "tiny, 5 a day").draw(1)
    assert answer(tiny, 1000.0, "bounce_rate", "review", bounces=np.ones(DAYS))["state"] == "too little data"


def test_a_rate_that_climbs_reaches_review_before_pause() -> None:
    rate = np.linspace(0.0, 0.045, DAYS)
    review = answer(FLAT, 1000.0, "bounce_rate", "review", aws_bounce_rate=rate)
    pause = answer(FLAT, 1000.0, "bounce_rate", "pause", aws_bounce_rate=rate)
    assert (review["state"], pause["state"]) == ("crosses", "no crossing")


def test_slope_and_interval_are_scipy_s() -> None:
    values = np.random.default_rng(3).normal(size=13) + np.arange(13) * 0.2
    at = np.arange(13) * 7.0
    slope, at_zero, low, high = theil_sen(values, at, COVERAGE)
    expected = theilslopes(values, at, alpha=COVERAGE)
    assert (slope, at_zero) == pytest.approx((expected.slope, expected.intercept))
    assert (low, high) == pytest.approx((expected.low_slope, expected.high_slope))


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.missing == 0], ids=lambda shape: shape.name)
def test_nine_days_of_ten_fall_within_the_interval(shape: Shape) -> None:
    inside = []
    for seed in range(15):
        roots = np.sqrt(shape.draw(seed) + 0.375)[: 7 * 65]
        made = line(_weekless(shape, roots)[:-HORIZON])
        assert made is not None
        future = _weekless(shape, roots)[-HORIZON:]
        inside.append(((future >= made.low) & (future <= made.high)).mean())
    assert 0.85 <= np.mean(inside) <= 0.98


def _weekless(shape: Shape, roots: Array) -> Array:
    """Without the week, as its shape has it, on logs for proportions."""
    mean = shape.mean.reshape(-1, 7)
    week = np.tile(np.log1p(mean[0]) - np.log1p(mean[0]).mean(), len(mean))
    return np.log1p(roots**2 - 0.375) - week
