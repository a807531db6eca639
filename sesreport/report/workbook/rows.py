"""A table's rows as SpreadsheetML, made in chunks and streamed straight into the finished file.

openpyxl resolves a style and enters three element contexts for each cell, which at 100,000 × 20 cells takes longer than
everything else together. Here each cell is one string: the column's look is known before the first row, and a
value is a number or inert text. (Cells: ECMA-376 part 1, 18.3.1.4; inline text: 18.3.1.53.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pandas as pd

from sesreport.core.text import FORMULA_STARTS
from sesreport.report.ooxml import xstring
from sesreport.report.workbook.description import SheetColumn
from sesreport.report.workbook.styles import BY_KIND
from sesreport.report.workbook.values import DATES, NUMBERS, Value, cells, lines, width

CHUNK = 2_000
SAMPLED = 5_000
"""Rows that widths and wrapping are decided from."""
LINE_HEIGHT, ROW_PAD = 13.5, 2.0
"""Points."""


@dataclass(frozen=True)
class ColumnLayout:
    """How one column is written."""

    column: SheetColumn
    letter: str
    width: float
    wraps: bool

    @classmethod
    def of(cls, column: SheetColumn, letter: str, rows: pd.DataFrame) -> ColumnLayout:
        sample = cells(rows.iloc[:SAMPLED], column)
        across = width(column, sample)
        wraps = (
            column.kind in ("text", "texts") and not column.hidden and any(lines(value, across) > 1 for value in sample)
        )
        return cls(column, letter, across, wraps)

    def look(self, unit: str) -> str:
        """The cell style's name; ``figure`` and ``change`` follow the row's unit."""
        if self.column.kind in ("figure", "change"):
            return f"{self.column.kind.title()} {unit}"
        return "Text wrapped" if self.wraps else BY_KIND[self.column.kind]


def stream(
    rows: pd.DataFrame,
    layouts: Sequence[ColumnLayout],
    first_row: int,
    style_id: Callable[[str], int],
    most_lines: int,
) -> Iterator[bytes]:
    """The ``<row>`` elements of a table; ``style_id`` gives the number of a cell style by name.

    A row of wrapped text is as tall as its text, up to ``most_lines``.
    """
    for start in range(0, len(rows), CHUNK):
        chunk = rows.iloc[start : start + CHUNK]
        columns = [cells(chunk, layout.column) for layout in layouts]
        units = chunk["unit"].astype("str").tolist() if "unit" in chunk.columns else [""] * len(chunk)
        rendered = [_rendered(values, layout, units, style_id) for values, layout in zip(columns, layouts, strict=True)]
        wrapping = [(values, layout.width) for values, layout in zip(columns, layouts, strict=True) if layout.wraps]
        openings = [f'<c r="{layout.letter}' for layout in layouts]
        made = []
        for number, suffixes in enumerate(zip(*rendered, strict=True)):
            row = str(first_row + start + number)
            body = "".join([opening + row + suffix for opening, suffix in zip(openings, suffixes, strict=True)])
            made.append(f'<row r="{row}"{_height(wrapping, number, most_lines)}>{body}</row>')
        yield "".join(made).encode()


def nothing(layouts: Sequence[ColumnLayout], row: int, style_id: Callable[[str], int]) -> Iterator[bytes]:
    """A table needs a row: one that says there is none, in the first column that takes text."""
    first = next((i for i, layout in enumerate(layouts) if layout.column.kind not in NUMBERS | DATES), 0)
    number = style_id("Text")
    parts = [
        f'<c r="{layout.letter}{row}" s="{number}"' + (_text("no data") if i == first else "/>")
        for i, layout in enumerate(layouts)
    ]
    yield f'<row r="{row}">{"".join(parts)}</row>'.encode()


def _rendered(values: list[Value], layout: ColumnLayout, units: list[str], style_id: Callable[[str], int]) -> list[str]:
    """What follows ``<c r="A5`` in each cell of a column."""
    styles = {unit: style_id(layout.look(unit)) for unit in sorted(set(units))}
    opened = {unit: f'" s="{number}"' for unit, number in styles.items()}
    if layout.column.kind in NUMBERS | DATES:
        return [
            f"{opened[unit]}/>" if value is None else f"{opened[unit]}><v>{value!r}</v></c>"
            for value, unit in zip(values, units, strict=True)
        ]
    (style,) = set(opened.values())
    guarded = f'" s="{style_id("Text wrapped guarded" if layout.wraps else "Text guarded")}"'
    return [
        f"{style}/>"
        if value is None or value == ""
        else (guarded if str(value).startswith(FORMULA_STARTS) else style) + _text(str(value))
        for value in values
    ]


def _text(value: str) -> str:
    keep = ' xml:space="preserve"' if value != value.strip() else ""
    return f' t="inlineStr"><is><t{keep}>{escape(xstring(value))}</t></is></c>'


def _height(wrapping: Sequence[tuple[list[Value], float]], number: int, most_lines: int) -> str:
    """The height of a row of wrapped text; that of every other row is left to the application."""
    tallest = max((lines(values[number], across) for values, across in wrapping), default=1)
    if tallest == 1:
        return ""
    return f' ht="{LINE_HEIGHT * min(tallest, most_lines) + ROW_PAD:g}" customHeight="1"'
