"""A frame as a table of the report: the first rows as HTML, all of them as compact JSON for paging and search."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sesreport.core.text import visible
from sesreport.core.vocabulary import severity_rank
from sesreport.kpis.words import UNKNOWN
from sesreport.report.charts.registry import why_empty

STATIC_ROWS = 50
"""Rows that stand in the page without JavaScript; also the rows of one page."""
CELL = 300
"""Characters of one cell; the whole text is in the pack's ``data/`` folder."""
NUMBERS = ("integer", "percent", "money")
Value = str | float | int | None


@dataclass(frozen=True)
class TableColumn:
    """One column. ``kind``: text, name and long (wider texts), id (digits), rank (severity), integer, percent,
    money, date."""

    name: str
    label: str
    kind: str = "text"
    facet: bool = False
    """Offered as a filter."""
    decimals: int = 1
    """Of a percent or an amount of money."""
    missing: str = UNKNOWN
    """What a missing value means."""


@dataclass(frozen=True)
class HtmlTable:
    """A table of the report; ``cells`` holds the values by column, in the order of ``heads``."""

    id: str
    caption: str
    heads: tuple[TableColumn, ...]
    cells: tuple[tuple[Value, ...], ...]
    total: int
    """Rows there are; more than are held when the page's size asked for it."""
    source: str
    """The frame's name in ``data/``."""
    empty: str = ""
    """Why there is no row."""
    open: bool = False

    @property
    def held(self) -> int:
        return len(self.cells[0]) if self.cells else 0

    @property
    def paged(self) -> bool:
        return self.held > STATIC_ROWS or self.total > self.held

    @property
    def first_rows(self) -> list[list[tuple[TableColumn, Value]]]:
        """The rows that stand in the page."""
        return [list(zip(self.heads, row, strict=True)) for row in list(zip(*self.cells, strict=True))[:STATIC_ROWS]]

    def head(self, rows: int) -> HtmlTable:
        """The same table holding at most ``rows`` rows."""
        return replace(self, cells=tuple(column[:rows] for column in self.cells))

    def to_json(self) -> str:
        """The rows by column, repeated texts as indexes of a list; safe inside a ``<script>`` element."""
        columns = [_encoded(head, values) for head, values in zip(self.heads, self.cells, strict=True)]
        text = json.dumps({"name": self.source, "rows": self.held, "columns": columns}, ensure_ascii=False,
                          separators=(",", ":"), allow_nan=False)  # fmt: skip
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(
    id: str,  # noqa: A002
    caption: str,
    frames: Mapping[str, pd.DataFrame],
    name: str,
    columns: Sequence[TableColumn],
    *,
    rows: pd.DataFrame | None = None,
    none: str | None = None,
    open: bool = False,  # noqa: A002
) -> HtmlTable:
    """The frame ``name`` as a table; ``rows`` is a selection of it in the wanted order.

    Columns the frame does not have are left out. ``none`` is said when the frame has rows but the selection does not.
    """
    frame = frames.get(name)
    whole = frame if frame is not None else pd.DataFrame()
    chosen = whole if rows is None else rows
    kept = tuple(column for column in columns if column.name in chosen.columns) if len(chosen) else tuple(columns)
    values = tuple(_values(chosen[column.name], column) for column in kept) if len(chosen) else tuple(() for _ in kept)
    empty = "" if len(chosen) else (none if none and len(whole) else why_empty(name, frames))
    return HtmlTable(id, caption, kept, values, len(chosen), name, empty, open)


def _values(series: pd.Series, column: TableColumn) -> tuple[Value, ...]:
    if column.kind == "integer":
        return tuple(None if pd.isna(v) else int(v) for v in series.astype(object))
    if column.kind == "percent":
        return tuple(None if pd.isna(v) else round(float(v) * 100, column.decimals) for v in series.astype(object))
    if column.kind == "money":
        return tuple(None if pd.isna(v) else round(float(v), column.decimals) for v in series.astype(object))
    if column.kind == "date":
        at = pd.to_datetime(series, utc=True)
        return tuple(at.dt.strftime("%Y-%m-%d").astype(object).where(at.notna(), None))
    return tuple(_text(value) for value in series.astype(object))


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        shown = visible(value[: CELL * 4])
        over = len(value) - CELL
        return shown if len(shown) <= CELL else f"{shown[:CELL]}… ({over:,} more characters)"
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "__iter__"):
        return _text(", ".join("" if item is None else str(item) for item in value))
    return _text(str(value))


def _encoded(head: TableColumn, values: tuple[Value, ...]) -> dict[str, Any]:
    encoded: dict[str, Any] = {"label": head.label, "kind": head.kind, "missing": head.missing}
    if head.facet:
        encoded["facet"] = 1
    if head.kind in ("percent", "money"):
        encoded["decimals"] = head.decimals
    distinct = dict.fromkeys(values)
    if head.kind in NUMBERS or (len(distinct) > len(values) * 0.7 and head.kind != "rank"):
        return {**encoded, "values": values}
    texts = [value for value in distinct if value is not None]
    if head.kind == "rank":
        texts = list(pd.Series(texts, dtype=object).sort_values(key=severity_rank))
    places = {text: i for i, text in enumerate(texts)}
    return {**encoded, "texts": texts, "values": [-1 if value is None else places[value] for value in values]}
