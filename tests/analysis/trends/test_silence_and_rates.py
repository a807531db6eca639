"""Senders that stop, and rates that are not chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta
from seeded_series import DAYS, SHAPES, Array, as_series

from sesreport.analysis.trends.rates import BOUNCES, COMPLAINTS, sudden_rates
from sesreport.analysis.trends.silence import silences

DAILY = SHAPES[4].draw(1)
OFFICE = next(shape for shape in SHAPES if shape.name == "business days, Poisson").draw(1)


def silent(counts: Array) -> list[tuple[int, int, bool]]:
    found = silences(as_series([counts]))
    return [(int(a), int(b), bool(c)) for a, b, c in found[["first", "last", "ongoing"]].to_numpy()]


def stopped(counts: Array, start: int, end: int = DAYS) -> Array:
    made = counts.copy()
    made[start:end] = 0.0
    return made


def test_a_daily_sender_that_stops_is_silent_from_its_first_day_without_mail_on() -> None:
    assert silent(stopped(DAILY, 440)) == [(440, 454, True)]


def test_a_sender_that_began_again_is_no_longer_silent() -> None:
    assert silent(stopped(DAILY, 400, 410)) == [(400, 409, False)]


def test_two_days_without_mail_are_no_silence() -> None:
    assert silent(stopped(DAILY, 453)) == []


def test_a_weekend_tells_nothing_of_a_business_day_sender() -> None:
    assert silent(OFFICE) == []
    monday = 448
    assert OFFICE[monday] > 0
    assert silent(stopped(OFFICE, monday)) == [(monday, 454, True)]


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_ordinary_senders_of_every_shape_are_never_silent(shape: object) -> None:
    rows = [shape.draw(seed) for seed in range(8)]  # type: ignore[attr-defined]
    assert silences(as_series(rows)).empty


def test_days_that_are_not_known_are_not_silent() -> None:
    unread = DAILY.copy()
    unread[430:] = np.nan
    assert silent(unread) == []


def test_a_day_that_is_not_known_does_not_end_a_silence() -> None:
    counts = stopped(DAILY, 440)
    counts[442] = np.nan
    assert silent(counts) == [(440, 454, True)]


def test_what_was_usual_is_known_after_weeks_nobody_read() -> None:
    counts = stopped(DAILY, 440)
    counts[380:438] = np.nan
    found = silences(as_series([counts]))
    assert found["expected"].notna().all()
    assert len(found) == 1


def test_how_much_is_missing_is_told_by_the_days_before() -> None:
    found = silences(as_series([stopped(DAILY, 300)]))
    assert found["expected"].iloc[0] == pytest.approx(np.mean(DAILY[290:300]), rel=0.25)


def _rates(sent: Array, counted: Array, rate: object = BOUNCES) -> list[tuple[int, int]]:
    name = rate.counted  # type: ignore[attr-defined]
    found = sudden_rates(as_series([sent], **{name: [counted]}), rate)  # type: ignore[arg-type]
    return [(int(a), int(b)) for a, b in found[["first", "last"]].to_numpy()]


def test_one_bounce_of_five_messages_is_no_alarm() -> None:
    random = np.random.default_rng(5)
    sent = np.full(DAYS, 5.0)
    bounces = (random.random(DAYS) < 0.02).astype(float)
    assert _rates(sent, bounces) == []
    bounces[440] = 4.0
    assert _rates(sent, bounces) == [(440, 440)]


def test_a_rate_that_jumps_is_found_on_its_day() -> None:
    random = np.random.default_rng(6)
    sent = np.full(DAYS, 2000.0)
    bounces = random.binomial(2000, 0.01, DAYS).astype(float)
    bounces[420:424] = 160.0
    found = sudden_rates(as_series([sent], bounces=[bounces]), BOUNCES)
    assert found[["first", "last", "days"]].to_numpy().tolist() == [[420, 423, 4]]
    assert found["severity"].tolist() == ["high"]
    assert found["value"].iloc[0] == 0.08
    assert found["expected"].iloc[0] == pytest.approx(0.01, rel=0.1)


def test_severity_rests_on_the_lower_end_not_on_the_raw_rate() -> None:
    sent, bounces = np.full(DAYS, 50.0), np.zeros(DAYS)
    bounces[400] = 6.0  # 12 %, but as few as 1 % for all that is certain
    found = sudden_rates(as_series([sent], bounces=[bounces]), BOUNCES)
    assert beta.ppf(0.00003167, 6, 45) < BOUNCES.review
    assert found["severity"].tolist() == ["medium"]


@pytest.mark.parametrize("messages", [5, 40, 300, 5000, 200_000])
@pytest.mark.parametrize(("rate", "share"), [(BOUNCES, 0.01), (COMPLAINTS, 0.0003)])
def test_ordinary_rates_of_any_volume_hardly_ever_alarm(messages: int, rate: object, share: float) -> None:
    random = np.random.default_rng(messages)
    sent = random.poisson(messages, (20, DAYS)).astype(float)
    # A rate that itself varies by a fifth from day to day, as lists do.
    counted = random.binomial(sent.astype(int), share * random.gamma(25, 1 / 25, sent.shape)).astype(float)
    found = sudden_rates(as_series(list(sent), **{rate.counted: list(counted)}), rate)  # type: ignore[attr-defined,arg-type]
    assert len(found) <= 2, "in 20 accounts and 15 months"


def test_bounces_that_are_not_known_are_not_zero() -> None:
    sent, bounces = np.full(DAYS, 2000.0), np.full(DAYS, 20.0)
    bounces[:400] = np.nan
    bounces[405] = 300.0
    assert _rates(sent, bounces) == []


def test_a_rate_that_stays_high_becomes_ordinary() -> None:
    sent, bounces = np.full(DAYS, 2000.0), np.full(DAYS, 20.0)
    bounces[200:] = 120.0
    assert [first for first, _ in _rates(sent, bounces)] == [200]
    assert all(last < 300 for _, last in _rates(sent, bounces))
