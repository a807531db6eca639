"""Volume spikes are found, and ordinary senders are left in peace: bounds on seeded series of every shape."""

from __future__ import annotations

import numpy as np
import pytest
from seeded_series import DAYS, SHAPES, Array, Shape, as_series, measure

from sesreport.analysis.trends.expectation import expect
from sesreport.analysis.trends.spikes import LIMIT, spikes

SEEDS = range(12)


def alarms(rows: list[Array]) -> list[list[tuple[int, int]]]:
    found = spikes(as_series(rows))
    made: list[list[tuple[int, int]]] = [[] for _ in rows]
    for row, first, last in found[["row", "first", "last"]].to_numpy():
        made[row].append((int(first), int(last)))
    return made


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_spikes_are_found_and_ordinary_quarters_are_quiet(shape: Shape) -> None:
    outcome = measure(shape, alarms, seeds=SEEDS, each=5)
    assert outcome.spikes == 60
    assert outcome.found >= 0.95
    assert outcome.most <= 1, "false alarms in one account and quarter"
    assert outcome.false <= 0.15, "false alarms per account and quarter"


def test_a_lasting_change_of_level_alarms_for_a_while_not_for_ever() -> None:
    shape = next(shape for shape in SHAPES if shape.shift)
    assert shape.shift is not None
    for found in alarms([shape.draw(seed) for seed in SEEDS]):
        at_the_change = [(a, b) for a, b in found if shape.shift <= a < shape.shift + 42]
        assert at_the_change[0][0] <= shape.shift + 2
        assert len(at_the_change) <= 2
        assert max(b for _, b in at_the_change) <= shape.shift + 35


def test_no_day_is_judged_by_days_after_it() -> None:
    counts = SHAPES[5].draw(3)
    cut = 300
    whole, part = (expect(values[None], limit=LIMIT) for values in (counts, counts[:cut]))
    np.testing.assert_array_equal(whole.deviations[0, :cut], part.deviations[0])
    np.testing.assert_array_equal(whole.expected[0, :cut], part.expected[0])


def test_a_sender_that_never_scatters_alarms_beyond_what_a_poisson_count_would() -> None:
    constant = np.full(DAYS, 100.0)
    steady, spiked = constant.copy(), constant.copy()
    steady[400], spiked[400] = 120.0, 200.0
    assert alarms([constant, steady, spiked]) == [[], [], [(400, 400)]]


def test_mail_on_the_weekend_of_a_business_day_sender_is_a_spike() -> None:
    counts = next(shape for shape in SHAPES if shape.name == "business days, Poisson").draw(1)
    saturday = 397
    assert counts[saturday] == 0
    counts[saturday] = 60.0
    assert (saturday, saturday) in alarms([counts])[0]


def test_a_day_that_is_not_known_is_neither_a_spike_nor_a_drop() -> None:
    counts = SHAPES[0].draw(2)
    counts[300:330] = np.nan
    judged = expect(counts[None], limit=LIMIT)
    assert np.isnan(judged.deviations[0, 300:330]).all()
    assert not [found for found in alarms([counts])[0] if 300 <= found[0] < 345]


def test_too_few_days_are_not_judged() -> None:
    counts = np.full(60, 100.0)
    counts[-1] = 5000.0
    assert alarms([counts]) == [[]]


def test_a_new_sender_is_judged_from_its_own_first_day_on() -> None:
    counts = SHAPES[0].draw(4)
    late = np.concatenate([np.full(200, np.nan), counts[:255]])
    early = np.concatenate([counts[:255], np.full(200, np.nan)])
    one, other = (expect(values[None], limit=LIMIT).deviations[0] for values in (late, early))
    np.testing.assert_array_equal(one[200:], other[:255])


@pytest.mark.parametrize(
    ("messages", "severity"), [(110.0, "low"), (1500.0, "medium"), (2500.0, "high"), (20_000.0, "critical")]
)
def test_severity_follows_the_size_of_a_spike(messages: float, severity: str) -> None:
    tiny = messages < 200
    counts = np.full(DAYS, 50.0 if tiny else 1000.0)
    counts[400] = messages
    assert spikes(as_series([counts]))["severity"].tolist() == [severity]
