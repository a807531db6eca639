"""A reviewer's workbook read: what it is of, its rows by the titles of their columns, and what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.files import sha256_of
from sesreport.core.quarter import Quarter
from sesreport.governance.review.rows import (
    ABOUT_SHEET,
    ANSWERS,
    FACTS,
    KEY,
    ORGANIZATION,
    PROPERTIES,
    QUARTER,
    ROWS,
    SHEET,
    SNAPSHOT,
    About,
)
from sesreport.settings.rows import Number, Row, Unread, is_blank
from sesreport.settings.workbooks import custom_properties, xlsx_rows

TITLES = (*FACTS.values(), *ANSWERS.values(), KEY)
DAY = ANSWERS["expires_at"]
FIRST_ROWS = 20
"""Rows among which the titles stand."""
SMALLER = "take out what was added to it"
"""What to do about a workbook that is too large."""
FEWEST_TITLES = 3
"""Titles that tell their row from a note that happens to hold one."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a workbook, where, and what to do."""

    file: str
    what: str
    sheet: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        where = [self.file, *([f"sheet {self.sheet}"] if self.sheet else [])]
        where += [f"row {self.row}"] if self.row is not None else []
        return ": ".join([", ".join(where), *([self.column] if self.column else []), self.what])


@dataclass(frozen=True)
class AnswerRow:
    """One row: text by title, a day or a text under :data:`DAY`; None where nothing is written."""

    number: int
    cells: Mapping[str, Any]


@dataclass
class AnsweredWorkbook:
    """What a file holds; ``problems`` are those of cells and of the file itself."""

    path: Path
    sha256: str = ""
    about: About | None = None
    expected: int = 0
    """Rows it was written with."""
    rows: list[AnswerRow] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)
    """Rows with a cell that cannot be read."""
    problems: list[Problem] = field(default_factory=list)
    bad_cells: set[tuple[int, str]] = field(default_factory=set)
    without_rows: bool = False
    """Whether its rows were not read, as its titles are not those of the export."""

    def problem(self, what: str, row: int | None = None, column: str = "", sheet: str = SHEET) -> None:
        """Adds a problem; of a cell, the first alone, as the others follow from it."""
        if row is not None:
            self.bad_rows.add(row)
            if column and (row, column) in self.bad_cells:
                return
            self.bad_cells.add((row, column))
        self.problems.append(Problem(str(self.path), what, sheet, row, column))

    def file_problem(self, what: str) -> None:
        self.problem(what, sheet="")


def read_workbook(path: Path) -> AnsweredWorkbook:
    """Everything in a reviewer's workbook; what is wrong with it stands among its problems."""
    book = AnsweredWorkbook(path)
    if path.suffix.lower() != ".xlsx":
        macros = " without macros" if path.suffix.lower() in (".xlsm", ".xlsb", ".xltm") else ""
        book.file_problem(f"is not an .xlsx file; save it as .xlsx{macros}")
        return book
    try:
        book.sha256 = sha256_of(path)
        rows = list(xlsx_rows(path, naming=KEY.casefold(), within=FIRST_ROWS, formulas=False, instead=SMALLER))
        book.about, book.expected = _about(path)
    except OSError as error:
        book.file_problem(f"cannot be read ({error.strerror or error})")
    except ConfigError as error:
        book.file_problem(str(error).removeprefix(f"{path}: "))
    else:
        _read_rows(book, rows)
    return book


def _about(path: Path) -> tuple[About, int]:
    """What a workbook says it is of, by its properties or, where an office program dropped them, by its sheet."""
    told = custom_properties(path, instead=SMALLER)
    said = {name: told[prop] for name, prop in PROPERTIES.items() if prop in told} or dict(_about_sheet(path))
    missing = [name for name in PROPERTIES if not said.get(name)]
    if missing:
        raise ConfigError(
            f"{path}: does not say its {missing[0]}, neither as a document property nor on the sheet {ABOUT_SHEET!r}; "
            "take the workbook that 'sesreport review export' wrote"
        )
    rows = said[ROWS]
    if not re.fullmatch("[0-9]{1,7}", rows):
        raise ConfigError(f"{path}: says it has {rows!r:.40} rows; take the workbook that was exported")
    return About(Quarter.parse(said[QUARTER]), said[ORGANIZATION], said[SNAPSHOT]), int(rows)


def _about_sheet(path: Path) -> Iterator[tuple[str, str]]:
    """Names and values of the sheet about the review."""
    for row in xlsx_rows(path, naming="value", within=FIRST_ROWS):
        cells = [cell.text if isinstance(cell, Number) else cell for cell in row.cells]
        if len(cells) >= 2 and isinstance(cells[0], str) and isinstance(cells[1], str):
            yield cells[0].strip().casefold(), cells[1].strip()


def _read_rows(book: AnsweredWorkbook, rows: Sequence[Row]) -> None:
    header: list[str] | None = None
    for row in rows:
        if header is None:
            header = _header(row)
            if header is not None and not _header_fits(book, row.number, header):
                book.without_rows = True
                return
        else:
            _read_row(book, header, row)
    if header is None:
        book.file_problem(
            f"has no sheet with a column {KEY!r} (hidden ones are passed over); take the workbook that was exported, "
            "with all columns"
        )


def _header(row: Row) -> list[str] | None:
    """The titles of a row that names the key and others; as they are declared, whatever their case and blanks."""
    known = {title.casefold(): title for title in TITLES}
    written = [" ".join(cell.split()) if isinstance(cell, str) else "" for cell in row.cells]
    titles = [known.get(title.casefold(), title) for title in written]
    return titles if KEY in titles and len({*titles} & {*TITLES}) >= FEWEST_TITLES else None


def _header_fits(book: AnsweredWorkbook, number: int, header: Sequence[str]) -> bool:
    for title in TITLES:
        if title not in header:
            others = [each for each in header if each and each not in TITLES]
            hint = suggestion(title, others) if others else ""
            book.problem(f"there is no such column{hint}; restore its title, or take the exported file", number, title)
        elif header.count(title) > 1:
            book.problem(f"there are {header.count(title)} columns of that title; keep one", number, title)
    return not book.problems


def _read_row(book: AnsweredWorkbook, header: Sequence[str], row: Row) -> None:
    cells: dict[str, Any] = dict.fromkeys(TITLES)
    for title, cell in zip_longest(header, row.cells):
        if title in cells:
            cells[title] = _value(book, row.number, title, cell)
    if any(value is not None for value in cells.values()):
        book.rows.append(AnswerRow(row.number, cells))


def _value(book: AnsweredWorkbook, number: int, title: str, cell: Any) -> Any:
    """A cell's value: text, or what may be a day under the title of days."""
    if is_blank(cell):
        return None
    if isinstance(cell, Unread):
        book.problem(cell.why, number, title)
        return None
    if title == DAY:
        return (cell.day or cell.text) if isinstance(cell, Number) else cell
    if isinstance(cell, Number):
        if title in FACTS.values():
            book.problem(f"is the number {cell.text}, no longer the text that was exported; restore it", number, title)
        return cell.text
    if isinstance(cell, str):
        return cell.strip()
    kind = "TRUE or FALSE" if isinstance(cell, bool) else "a date or a time"
    book.problem(f"Excel has made {kind} of it; format it as text and write it again", number, title)
    return None


def is_day(value: Any) -> bool:
    return isinstance(value, date)
