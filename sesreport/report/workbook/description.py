"""What a sheet says about itself: texts, columns, rows and charts, with no word about cells.

A sheet is one function in one file of :mod:`sesreport.report.workbook.sheets`::

    @sheet(title="Exposure", question="What may others do with our identities?", order=60, group="evidence")
    def exposure(pack: Pack) -> SheetContent: ...

The decorator registers it; :mod:`sesreport.report.workbook.writer` turns every :class:`SheetContent` into cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from sesreport.core.registry import Registry
from sesreport.report.contents import Pack

Kind = Literal[
    "text", "account_id", "texts", "flag", "integer", "share", "rate", "days", "real", "money",
    "unit_cost", "at", "date", "figure", "change", "signal", "link", "input", "input_date", "spark",
]  # fmt: skip
"""How a column is written; ``figure`` and ``change`` follow the unit in the rows' column ``unit``; a
``signal`` is a word in bold, colored by :attr:`SheetColumn.colors`."""
GROUPS = ("summary", "evidence", "reference")


@dataclass(frozen=True)
class SheetColumn:
    """One column of the sheet's table. ``at`` columns are written as UTC and their header says so."""

    source: str
    """Column of :attr:`SheetContent.rows`."""
    header: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    """For ``input``: what a reviewer may choose; any text where it names nothing."""
    prompt: str = ""
    """For ``input`` and ``input_date``: what the reviewer is asked."""
    hidden: bool = False
    unknown: str = "not known"
    """Written for NA in text columns; numbers stay blank."""
    width: float | None = None
    """Characters; from the content when None."""
    colors: Mapping[str, str] = field(default_factory=dict)
    """Fill (#RRGGBB) of cells by their text: a conditional format of the whole column."""

    @property
    def title(self) -> str:
        return f"{self.header} (UTC)" if self.kind == "at" else self.header


@dataclass(frozen=True)
class Cells:
    """Cells of a sheet's table that a chart reads: one column, data rows ``first`` to ``last`` (from 0)."""

    sheet: str
    header: str
    first: int
    last: int


@dataclass(frozen=True)
class SheetSeries:
    """One series: cells of a table, or numbers counted for the chart alone."""

    name: str
    values: Cells | tuple[float | None, ...]
    color: str
    dashed: bool = False
    """A limit: a dashed line, or an outline around the columns."""


@dataclass(frozen=True)
class SheetChart:
    """A native chart. ``kind``: ``line``, ``column``, ``bar`` or ``stacked`` (bars)."""

    kind: str
    title: str
    alt: str
    categories: Cells | tuple[str, ...]
    series: tuple[SheetSeries, ...]
    unit: str = "count"


@dataclass(frozen=True)
class SheetContent:
    """One sheet: title in A1 (from the registration), subtitle in A2, note in A3, table at A5."""

    subtitle: str
    note: str
    columns: Sequence[SheetColumn]
    rows: pd.DataFrame
    charts: Sequence[SheetChart] = ()
    charts_beside: bool = False
    """Right of the table instead of below it."""
    empty: str = ""
    """Why there are no rows, for when there are none."""
    file: str = ""
    """Where all rows are when the table cannot hold them."""
    most_lines: int = 6
    """Lines of wrapped text that a row shows at most."""


Build = Callable[[Pack], SheetContent]


@dataclass(frozen=True)
class Sheet:
    """A registered sheet."""

    title: str
    question: str
    order: int
    group: str
    build: Build
    kpis: tuple[str, ...] = ()
    """KPIs whose evidence it shows."""


SHEETS: Registry[Sheet] = Registry("sheet")


def sheet(*, title: str, question: str, order: int, group: str, kpis: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Register a sheet. Raises ValueError for a title or order that is taken or that Excel refuses."""

    def register(build: Build) -> Build:
        if len(title) > 31 or set(title) & set("[]:*?/\\") or group not in GROUPS:
            raise ValueError(f"sheet {title!r}: not a sheet name, or no group {group!r}")
        SHEETS.add(title, Sheet(title, question, order, group, build, kpis=kpis), build.__module__, place=order)
        return build

    return register


def registered() -> list[Sheet]:
    """All sheets in the workbook's order."""
    return sorted(SHEETS.values(), key=lambda each: each.order)


def sheet_of(kpi_id: str) -> str | None:
    """The sheet that shows a KPI's evidence."""
    return next((each.title for each in registered() if kpi_id in each.kpis), None)
