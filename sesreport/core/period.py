"""A period: one calendar month, written ``2026-10``; months begin and end at midnight UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sesreport.core.errors import ConfigError

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Period:
    """One calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str, *, today: date) -> Period:
        """``YYYY-MM`` or ``last-month``; ConfigError unless the month is closed by ``today``."""
        if text == "last-month":
            return cls(today.year, today.month).shift(-1)
        if not re.fullmatch("[12][0-9]{3}-(0[1-9]|1[0-2])", text):
            raise ConfigError(f"period {text!r} is not a month: write YYYY-MM or last-month")
        period = cls(int(text[:4]), int(text[5:]))
        if period >= cls(today.year, today.month):
            raise ConfigError(
                f"period {period} is not closed yet on {today}: the last closed month is "
                f"{cls(today.year, today.month).shift(-1)}"
            )
        return period

    @classmethod
    def of(cls, text: str) -> Period:
        """The month of a ``YYYY-MM`` text that is known to be one."""
        return cls(int(text[:4]), int(text[5:7]))

    def shift(self, months: int) -> Period:
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Period(year, month + 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after the month."""
        return self.shift(1).start

    def back(self, months: int) -> list[Period]:
        """This month and the ones before it, oldest first; ``months`` in all."""
        return [self.shift(-i) for i in reversed(range(months))]

    @property
    def name(self) -> str:
        """``October 2026``, in English whatever the locale."""
        return f"{_MONTHS[self.month - 1]} {self.year}"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
