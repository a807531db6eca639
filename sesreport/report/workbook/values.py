"""Frame columns as what a cell holds: numbers, Excel serial dates, inert text, or nothing.

Nothing here knows openpyxl. Every value that came from outside is text and stays text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sesreport.core.text import marked
from sesreport.report.workbook.description import SheetColumn

Value = str | float | int | None
CELL_LIMIT = 32_767
"""Characters of a cell (Excel specifications and limits)."""
SHORTENED = " … [shortened: {total:,} characters; the whole text is in the pack's data folder]"

NUMBERS = frozenset({"integer", "share", "rate", "days", "real", "money", "unit_cost", "figure", "change"})
DATES = frozenset({"at", "date"})
INPUTS = frozenset({"input", "input_date"})
"""Cells that are left empty, for a reviewer to fill in."""
_DAY_ZERO = pd.Timestamp("1899-12-30")


def text(value: str) -> str:
    """Text a cell can hold, all of it visible, shortened with a mark where it is too long."""
    value = marked(value)
    if len(value) <= CELL_LIMIT:
        return value
    mark = SHORTENED.format(total=len(value))
    return value[: CELL_LIMIT - len(mark)] + mark


def cells(rows: pd.DataFrame, column: SheetColumn) -> list[Value]:
    """One column's cells, top to bottom. A column the frame lacks is unknown throughout."""
    if column.kind in INPUTS or column.source not in rows.columns:
        blank = column.kind in INPUTS or column.kind in NUMBERS | DATES | {"spark"}
        return [None if blank else column.unknown] * len(rows)
    values = rows[column.source]
    if column.kind in NUMBERS:
        return _numbers(values)
    if column.kind in DATES:
        return _dates(values)
    if column.kind == "flag":
        return [column.unknown if _unknown(v) else "yes" if v else "no" for v in values]
    if column.kind == "texts":
        return [_joined(v, column.unknown) for v in values]
    return [column.unknown if _unknown(v) else text(str(v)) for v in values]


def _numbers(values: pd.Series[Any]) -> list[Value]:
    if isinstance(values.dtype, pd.ArrowDtype):  # of whose decimals to_numeric drops the unknown ones
        values = values.astype("Float64")
    numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
    known = numbers.notna() & np.isfinite(numbers.to_numpy("float64", na_value=np.nan))
    plain_numbers = numbers.to_numpy("float64", na_value=0.0)
    whole = bool((plain_numbers[known.to_numpy("bool")] % 1 == 0).all()) and bool((abs(plain_numbers) < 2**53).all())
    listed: list[Any] = (plain_numbers.astype("int64") if whole else plain_numbers).tolist()
    return [value if is_known else None for value, is_known in zip(listed, known.tolist(), strict=True)]


def _dates(values: pd.Series[Any]) -> list[Value]:
    """Serial days of Excel's 1900 calendar, UTC, to the second."""
    moments = pd.to_datetime(values, utc=True, errors="coerce").dt.tz_localize(None)
    days = ((moments - _DAY_ZERO) / pd.Timedelta(days=1)).round(8)
    return [None if pd.isna(day) else float(day) for day in days.tolist()]


def _unknown(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _joined(value: object, unknown: str) -> str:
    if _unknown(value):
        return unknown
    items = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    return text("; ".join(unknown if _unknown(item) else str(item) for item in items)) if items else "none"


WIDEST = 60
"""Characters of a column that names no width."""


def width(column: SheetColumn, values: list[Value]) -> float:
    """Column width in characters: what nine rows of ten need, at least the header's longest word."""
    if column.width is not None:
        return column.width
    if column.kind in DATES:
        return 18.5 if column.kind == "at" else 13.5
    word = max((len(part) for part in column.title.split()), default=0) + 4.5
    if column.kind in NUMBERS:
        longest = max((len(f"{value:,.0f}") for value in values if isinstance(value, int | float)), default=0)
        return max(word, longest + 3.5, 9.5)
    lengths = sorted(max(map(len, str(value).split("\n"))) for value in values[:5000] if value is not None)
    if column.kind == "signal":
        return min(
            max(word, (lengths[-1] if lengths else 0) * 1.15 + 3), WIDEST
        )  # bold, never wrapped: the longest word
    typical = lengths[int(len(lengths) * 0.9)] if lengths else 0
    longest = min(lengths[-1], typical * 2) if lengths else 0
    return min(max(word, longest * 1.05 + 3, 9.5), WIDEST)


def lines(value: Value, width_in_characters: float) -> int:
    """How many lines a wrapped text needs at that width, roughly."""
    if not isinstance(value, str):
        return 1
    per_line = max(width_in_characters - 2.5, 1)
    return sum(max(1, -int(-len(part) // per_line)) for part in value.split("\n"))
