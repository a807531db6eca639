"""Rows of a table that people keep in an office program, and those of a CSV file; no more than is stored is read."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.core.files import is_utf16, read_small

SEPARATORS = ",;\t"
"""Those of CSV files; a German Excel writes semicolons."""


@dataclass(frozen=True)
class Unread:
    """A cell whose value is not known: it is neither empty nor anything else."""

    why: str
    """What is wrong and what to do."""


@dataclass(frozen=True)
class Number:
    """A number in a cell."""

    text: str
    """Its digits."""
    day: date | None
    """The day it stands for in a column of dates."""


@dataclass(frozen=True)
class Row:
    """One row; ``cells`` are text, Number, bool, what Python has for dates and times, Unread, or None when empty."""

    number: int
    """From 1, as office programs show it; in a CSV file the line on which it begins."""
    cells: list[Any]

    @property
    def blank(self) -> bool:
        """Whether nothing is in it."""
        return all(is_blank(cell) for cell in self.cells)


def is_blank(cell: Any) -> bool:
    """Whether a cell is empty, or holds blanks alone."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def csv_rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file in UTF-8 that are not blank; its separator is the one its first row has most of.

    A cell that is not UTF-8, or whose quote is never closed, is Unread. Raises ConfigError with the row for a file that
    is not CSV and for a row with fewer values than the first, and OSError.
    """
    content = read_small(path)
    if is_utf16(content):
        raise ConfigError(f"{path}, row 1, column 1: is UTF-16, not UTF-8 text; save it as 'CSV UTF-8'")
    text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    separator = max(SEPARATORS, key=next((line for line in lines if line.strip()), "").count)
    header: list[Any] = []
    for row in _records(path, lines, separator):
        if row.blank:
            continue
        if not header:
            last = max(index for index, cell in enumerate(row.cells) if not is_blank(cell))
            header = row.cells[: last + 1]
        have, wanted = len(row.cells), len(header)
        if have < wanted and not isinstance(row.cells[-1], Unread):
            raise ConfigError(
                f"{path}, row {row.number}: {header[have]}: the row ends before it, with {have} of {wanted} values; "
                f"add what is missing, or the separators ({separator!r})"
            )
        yield row


def _records(path: Path, lines: list[str], separator: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    number = 1
    while True:
        try:
            cells: list[Any] = [_decoded(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            if str(error) != "unexpected end of data":
                raise ConfigError(f"{path}, row {number}: is not a CSV file: {error}; look at its quotes") from error
            cells = next(csv.reader(lines[number - 1 :], delimiter=separator))
            cells[-1] = Unread('a quote (") is opened and never closed; close it or take it out')
        yield Row(number, cells)
        number = reader.line_num + 1


def _decoded(cell: str) -> str | Unread:
    wrong = next((character for character in cell if "\udc80" <= character <= "\udcff"), None)
    if wrong is None:
        return cell
    return Unread(f"is not UTF-8 text (byte 0x{ord(wrong) - 0xDC00:02X}); save the file as 'CSV UTF-8'")
