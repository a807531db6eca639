"""Quarters: three months, written 2026-Q4."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sesreport.core.errors import ConfigError
from sesreport.core.quarter import Quarter


@pytest.mark.parametrize("text", ["2026-Q0", "2026-Q5", "2026Q4", "2026-q4", "26-Q4", "2026-10", "", " 2026-Q4"])
def test_what_is_no_quarter_is_told_with_the_form(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a quarter: write YYYY-Q1"):
        Quarter.parse(text)


@pytest.mark.parametrize(
    ("day", "quarter"),
    [("2026-01-01", "2026-Q1"), ("2026-03-31", "2026-Q1"), ("2026-04-01", "2026-Q2"), ("2026-09-30", "2026-Q3"),
     ("2026-10-01", "2026-Q4"), ("2026-12-31", "2026-Q4")],
)  # fmt: skip
def test_a_day_is_in_its_quarter(day: str, quarter: str) -> None:
    assert str(Quarter.of(date.fromisoformat(day))) == quarter


def test_a_quarter_begins_and_ends_at_midnight() -> None:
    quarter = Quarter.parse("2026-Q4")
    assert (quarter.start, quarter.end) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("by", "text"), [(0, "2026-Q4"), (1, "2027-Q1"), (-4, "2025-Q4"), (-3, "2026-Q1")])
def test_quarters_are_counted_over_the_end_of_a_year(by: int, text: str) -> None:
    assert Quarter(2026, 4).shift(by) == Quarter.parse(text)
