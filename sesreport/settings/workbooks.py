"""Rows of an Excel workbook (.xlsx) with the values it stores; formulas are not worked out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from sesreport.core.days import EARLIEST, LATEST
from sesreport.core.errors import ConfigError
from sesreport.core.files import LARGEST
from sesreport.settings.rows import Number, Row, Unread

LARGEST_INSIDE = 64 * 2**20
"""Bytes of a workbook's parts when they are unpacked; one with more is not read."""
WIDEST = 256
"""Columns of a sheet; what stands beyond them was set by mistake, and would make every row as wide."""
AS_CSV = "save the sheet as 'CSV UTF-8'"
EXACT = 10**15
"""Excel keeps 15 digits of a number; of longer ones it has replaced the rest by zeros."""


def xlsx_rows(
    path: Path, *, naming: str, within: int = 1, formulas: bool = True, instead: str = AS_CSV
) -> Iterator[Row]:
    """The rows of the sheet that names the column ``naming`` in its first row, or in one of the first ``within``.

    Rows that hold nothing are left out. Hidden sheets are passed over; where no other names it, the rows are those of
    the first. A formula without a stored value (without ``formulas``: every formula), an error, and a cell that shares
    the value of merged cells are Unread. Raises ConfigError for a file that is not such a workbook, is too large, or
    has two such sheets, and OSError; ``instead`` says what to do about one that is too large.
    """
    _check_size(path, instead)
    try:
        with warnings.catch_warnings(action="ignore"):  # openpyxl tells what it leaves out, such as drop-down lists
            rows = _rows(path, naming, within, formulas)
    except _SheetError as error:
        raise ConfigError(f"{path}: {error}") from error
    except Exception as error:  # openpyxl raises whatever the zip or XML reader raised
        raise _no_workbook(path, error) from error
    for number, cells in sorted(rows.items()):
        row = Row(number, [cells.get(column) for column in range(1, max(cells) + 1)])
        if not row.blank:
            yield row


def custom_properties(path: Path, *, instead: str = AS_CSV) -> dict[str, str]:
    """The custom document properties of a workbook that are text. Raises as :func:`xlsx_rows` does."""
    _check_size(path, instead)
    try:
        with warnings.catch_warnings(action="ignore"), closing(load_workbook(path, read_only=True)) as opened:
            book: Any = opened
            return {each.name: each.value for each in book.custom_doc_props.props if isinstance(each.value, str)}
    except Exception as error:
        raise _no_workbook(path, error) from error


def _check_size(path: Path, instead: str) -> None:
    """Before anything is unpacked."""
    if path.stat().st_size > LARGEST:
        raise ConfigError(f"{path}: is larger than {LARGEST // 2**20} MiB, so it was not read; is it the right file?")
    try:
        with ZipFile(path) as archive:
            inside = sum(part.file_size for part in archive.infolist())
    except (BadZipFile, NotImplementedError, ValueError) as error:
        raise _no_workbook(path, error) from error
    if inside > LARGEST_INSIDE:
        raise ConfigError(
            f"{path}: has {inside // 2**20} MiB unpacked, more than {LARGEST_INSIDE // 2**20}, so it was not read; "
            f"{instead}"
        )


def _no_workbook(path: Path, error: Exception) -> ConfigError:
    told = " ".join(str(error).split())[:200]
    return ConfigError(f"{path}: is not a workbook that can be read: {told}; save it as .xlsx without a password")


class _SheetError(ValueError):
    """A workbook that can be read, and whose sheets are not what is asked for; the text says what to do."""


Cells = dict[int, dict[int, Any]]
"""Cells that hold something, by row and column."""


def _rows(path: Path, naming: str, within: int, formulas: bool) -> Cells:
    with closing(load_workbook(path, read_only=True, data_only=True, keep_links=False)) as opened:
        book: Any = opened
        sheets = {one.title: _cells(book, one, formulas) for one in book.worksheets if one.sheet_state == "visible"}
    if not sheets:
        raise _SheetError("has no sheet that is not hidden; show the one that is meant")
    named = [title for title, rows in sheets.items() if _names(rows, naming, within)]
    if len(named) > 1:
        raise _SheetError(f"its sheets {named[0]!r} and {named[1]!r} both have a column {naming}; hide all but one")
    return sheets[named[0]] if named else next(iter(sheets.values()))


def _names(rows: Cells, column: str, within: int) -> bool:
    """Whether one of the first rows that hold something names the column."""
    first = [cell for number in sorted(rows)[:within] for cell in rows[number].values()]
    return any(isinstance(cell, str) and "_".join(cell.casefold().split()) == column for cell in first)


def _cells(book: Any, sheet: Any, formulas: bool) -> Cells:
    with sheet._get_source() as source:
        reader = _Reader(
            source, sheet._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )  # fmt: skip
        reader.formulas = formulas
        rows: Cells = {}
        for number, cells in reader.parse():
            if number in rows:
                raise ValueError(f"row {number} of sheet {sheet.title!r} stands there twice")
            rows[number] = {cell["column"]: cell["value"] for cell in cells if cell["value"] is not None}
    rows = {number: cells for number, cells in rows.items() if cells}
    for number, cells in rows.items():
        if max(cells) > WIDEST:
            raise _SheetError(f"row {number} holds something in column {max(cells)}, far from all others; take it out")
    _mark_merged(rows, reader)
    return rows


class _Reader(WorkSheetParser):
    """openpyxl's reader of sheets, in which a cell without a value that can be relied on is Unread.

    Its own would take a formula without a stored value for an empty cell.
    """

    formulas = True
    """Whether a formula's stored value can be relied on."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        value = cell["value"]
        if not self.formulas and element.find(FORMULA_TAG) is not None:
            cell["value"] = Unread("is a formula; write the value itself")
        elif value is None and element.find(FORMULA_TAG) is not None and not _is_empty_text(element):
            cell["value"] = Unread("is a formula without a stored value; save the file in Excel, or write the value")
        elif cell["data_type"] == "e":
            error = f"the error {value}" if element.get("t") == "e" else "a date that cannot be"
            cell["value"] = Unread(f"holds {error}; correct it")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            cell["value"] = _number(value, self.epoch)
        return cell


def _is_empty_text(element: Any) -> bool:
    """Whether a formula's stored value is the text of no characters."""
    return element.get("t") == "str" and element.find(VALUE_TAG) is not None


def _number(value: float, epoch: datetime) -> Number | Unread:
    if abs(value) >= EXACT:
        return Unread("is a number of more than 15 digits, of which Excel keeps no more; write it as text")
    try:
        moment = from_excel(value, epoch)
    except (OverflowError, ValueError):
        moment = None
    day = moment.date() if isinstance(moment, datetime) and EARLIEST <= moment.date() <= LATEST else None
    return Number(str(int(value)) if value == int(value) else str(value), day)


def _mark_merged(rows: Cells, reader: WorkSheetParser) -> None:
    """Cells that are merged with another look as if they had its value, and have none: each is Unread."""
    widest = max((max(cells) for cells in rows.values()), default=0)
    for merged in reader.merged_cells.mergeCell if reader.merged_cells else ():
        why = Unread(f"belongs to the merged cells {merged.ref}; unmerge them and write the value into each row")
        for number in [number for number in rows if merged.min_row <= number <= merged.max_row]:
            for column in range(merged.min_col, min(merged.max_col, widest) + 1):
                if (number, column) != (merged.min_row, merged.min_col):
                    rows[number][column] = why
