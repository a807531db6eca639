"""Days as people write them in registers and settings: read only where there is one way to read them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
"""Days beyond these are mistakes, or words for "no end" such as 9999-12-31."""
_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ]00:00(:00(\.0+)?)?(Z|\+00:00)?)?")
_OTHER = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")


def read_day(value: Any) -> date:
    """The day of a date, a moment, or text ``YYYY-MM-DD``.

    Raises ValueError, with the ISO form of what may be meant, for everything else, and for days before
    :data:`EARLIEST` or after :data:`LATEST`.
    """
    if isinstance(value, datetime):
        day = value.date()
    elif isinstance(value, date):
        day = value
    else:
        day = _read_text(value.strip() if isinstance(value, str) else "")
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"must be a day between {EARLIEST} and {LATEST}")
    return day


def _read_text(text: str) -> date:
    if found := _ISO.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(found[1])
    told = " or ".join(day.isoformat() for day in _meant(text))
    raise ValueError(f"a date is written YYYY-MM-DD{f' (here {told})' if told else ''}")


def _meant(text: str) -> list[date]:
    """The days a date in another form may mean: dots are written day first, slashes and dashes either way.

    A number is the day that Excel stores as such.
    """
    if re.fullmatch("[0-9]{5}", text):
        return [date(1899, 12, 30) + timedelta(days=int(text))]
    found = _OTHER.fullmatch(text)
    if found is None:
        return []
    first, separator, second, year = found.groups()
    orders = [(second, first)] if separator == "." else [(second, first), (first, second)]
    days = []
    for month, day in orders:
        with suppress(ValueError):
            days.append(date(int(year) + 2000 * (len(year) == 2), int(month), int(day)))
    return list(dict.fromkeys(days))
