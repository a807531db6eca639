"""A quarter: three calendar months, written ``2026-Q4``; quarters begin and end at midnight UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from sesreport.core.errors import ConfigError
from sesreport.core.period import Period


@dataclass(frozen=True, order=True)
class Quarter:
    """One quarter of a year."""

    year: int
    number: int
    """1 to 4."""

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """``YYYY-Qn``. Raises ConfigError for anything else."""
        if not re.fullmatch("[12][0-9]{3}-Q[1-4]", text):
            raise ConfigError(f"quarter {text!r:.80} is not a quarter: write YYYY-Q1, YYYY-Q2, YYYY-Q3 or YYYY-Q4")
        return cls(int(text[:4]), int(text[6]))

    @classmethod
    def of(cls, day: date) -> Quarter:
        """The quarter that a day, or a moment in UTC, is in."""
        return cls(day.year, (day.month + 2) // 3)

    def shift(self, quarters: int) -> Quarter:
        year, number = divmod(self.year * 4 + self.number - 1 + quarters, 4)
        return Quarter(year, number + 1)

    @property
    def start(self) -> datetime:
        return Period(self.year, 3 * self.number - 2).start

    @property
    def end(self) -> datetime:
        """The first instant after the quarter."""
        return self.shift(1).start

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.number}"
