"""What a file of a cost export says about itself: its format, its columns, and where in SQL each value is."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.zip import ZipFileSystem

from sesreport.core.text import one_line
from sesreport.snapshot.series import quoted, text
from sesreport.usage.export_deliveries import MONTH
from sesreport.usage.export_files import ExportFile, line_of
from sesreport.usage.export_format import REQUIRED, ExportFormat, column_name, format_of

SHORT_ID = "[0-9]{10,11}"
_SERVICE = "('amazonses', 'amazon simple email service')"
_EXACT = 100_000
"""Below, a double has its ten decimal places right when it is multiplied, which is faster than to print it."""
_AMOUNT = "DECIMAL(28, 10)"
"""An amount of 10^18 or more is no price and no count; without such, no sum has more than a decimal's 28 digits."""
_FIRST_ROWS = 1000


class UnreadableFileError(Exception):
    """A file that cannot be read; the message is for the reader."""


class EmptyFileError(UnreadableFileError):
    """A file without as much as names of columns."""


@dataclass(frozen=True)
class Source:
    """A file that is known to have charges, and where."""

    file: ExportFile
    format: ExportFormat
    columns: tuple[str, ...]
    """Names as they are in the file."""
    types: tuple[str, ...] = ()
    """Of a Parquet file."""
    rows: int = 0
    """Of a Parquet file; those of a CSV file are counted when it is read."""
    compression: str = ""
    """Of a CSV file."""
    inside: ExportFile | None = None
    """The file in it, where it is a ZIP archive."""

    @property
    def content(self) -> ExportFile:
        """What has the rows: the file itself, or the one in it."""
        return self.inside or self.file

    @property
    def kind(self) -> tuple[object, ...]:
        """What files have in common that one query reads."""
        return self.format.name, self.columns, self.types, self.compression

    def sql_names(self, field: str) -> list[str]:
        """The columns that hold a field, as SQL names them."""
        there = self._sql_names
        return [there[name] for name in self.format.columns.get(field, ()) if name in there]

    @cached_property
    def _sql_names(self) -> dict[str, str]:
        """By name as formats list it; of columns with one name the first."""
        there: dict[str, str] = {}
        for number, name in enumerate(self.columns):
            there.setdefault(column_name(name), quoted(name) if self.types else f"c{number}")
        return there

    def said(self, column: str) -> str:
        """What a column of amounts holds, as SQL: a number, or a text; NULL for nothing."""
        return column if self._is_number(column) else _plain(column)

    def amount(self, column: str) -> str:
        """A column of amounts as decimals, as SQL. A double is the shortest decimal number that is printed for it."""
        if not self._is_number(column):
            return _decimal(self.said(column))
        return f"CASE WHEN abs({column}) < {_EXACT} THEN {_decimal(column)} ELSE {_decimal(f'{column}::VARCHAR')} END"

    def _is_number(self, column: str) -> bool:
        types = dict(zip(map(quoted, self.columns), self.types, strict=False))
        return types.get(column, "string").startswith(("double", "int", "uint", "decimal"))


_UNREADABLE = (
    OSError, EOFError, ValueError, csv.Error, pa.ArrowException, zlib.error, zipfile.BadZipFile, RuntimeError,
)  # fmt: skip
"""What is raised for a file whose beginning or footer is broken."""


def source_of(file: ExportFile) -> Source:
    """A file's columns and format. Raises UnreadableFileError, for a file without any content EmptyFileError."""
    name = one_line(file.name)
    if file.problem:
        raise UnreadableFileError(f"{name} cannot be read ({file.problem})")
    if not file.size:
        raise EmptyFileError(f"{name} is empty")
    try:
        inside = None if file.name.lower().endswith(".parquet") else _inside(file)
        with (inside or file).open() as opened:
            start = opened.read(4)
            opened.seek(0)
            if start == b"PAR1" or (inside or file).name.lower().endswith(".parquet"):
                metadata = pq.ParquetFile(opened)
                schema = metadata.schema_arrow
                found = tuple(schema.names), tuple(map(str, schema.types)), metadata.metadata.num_rows, ""
            elif start.startswith(b"PK"):
                raise UnreadableFileError(f"{name} has a ZIP archive in it, which is not read; unpack it")
            else:
                zipped = start.startswith(b"\x1f\x8b")
                header = next(_csv_rows(opened, zipped=zipped), [])
                found = tuple(header), (), 0, "gzip" if zipped else "none"
    except _UNREADABLE as error:
        raise UnreadableFileError(f"{name} cannot be read ({line_of(error)})") from error
    columns, types, rows, compression = found
    if not columns:
        raise EmptyFileError(f"{name} is empty")
    made = format_of(columns)
    if made is None:
        shown = ", ".join(map(one_line, columns[:3]))
        raise UnreadableFileError(f"{name} is no cost export of a known format (its columns are {shown:.120}, …)")
    source = Source(file, made, columns, types, rows, compression, inside)
    lacking = [made.columns[field][0] for field in REQUIRED if not source.sql_names(field)]
    if lacking:
        raise UnreadableFileError(
            f"{name} ({made.name}) lacks the columns {', '.join(lacking)}; add them to the export"
        )
    return source


def _inside(file: ExportFile) -> ExportFile | None:
    """The file in a ZIP archive, as legacy reports are zipped; None where the file is none.

    Raises UnreadableFileError for an archive of several files, and what a broken one raises.
    """
    with file.open() as opened:
        if opened.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):  # the latter of an archive without files
            return None
    archive = ZipFileSystem(file.open())
    found = archive.find("", detail=True)
    if len(found) != 1:
        raise UnreadableFileError(
            f"{one_line(file.name)} is a ZIP archive of {len(found)} files, not of one; unpack it"
        )
    ((path, info),) = found.items()
    return replace(file, path=path, size=info["size"], scheme="zip", storage=archive)


def _csv_rows(opened: Any, *, zipped: bool) -> Iterator[list[str]]:
    """The rows of a CSV file, the names of its columns first."""
    plain = gzip.GzipFile(fileobj=opened) if zipped else opened
    return csv.reader(io.TextIOWrapper(plain, encoding="utf-8-sig", newline=""))


def first_periods(file: ExportFile) -> set[str]:
    """The billing periods of the first rows of a file that cannot be read to its end; empty where none can be read."""
    found: set[str] = set()
    try:
        source = source_of(file)
        with source.content.open() as opened:
            for value in islice(_values(source, opened, source.format.columns["period"][0]), _FIRST_ROWS):
                if month := re.match(rf"{MONTH}(-|$)", str(value).strip()):
                    found.add(f"{month['year']}-{month['month']}")
    except (UnreadableFileError, *_UNREADABLE):
        pass  # what was read until then tells it
    return found


def _values(source: Source, opened: Any, column: str) -> Iterator[object]:
    """The values of a column, by its name as formats list it, as far as they can be read."""
    number = [column_name(name) for name in source.columns].index(column)
    if source.types:
        for batch in pq.ParquetFile(opened).iter_batches(_FIRST_ROWS, columns=[source.columns[number]]):
            yield from batch.column(0).to_pylist()
        return
    rows = _csv_rows(opened, zipped=source.compression == "gzip")
    next(rows, None)
    for row in rows:
        if len(row) == len(source.columns):
            yield row[number]


def whole_id(sql: str) -> str:
    """An account id with the zeros in front that a spreadsheet took away, which takes it for a number."""
    return f"CASE WHEN regexp_full_match({sql}, '{SHORT_ID}') THEN lpad({sql}, 12, '0') ELSE {sql} END"


def text_of(source: Source, field: str) -> str:
    """A field as text."""
    names = source.sql_names(field)
    return _plain(names[0]) if names else "NULL::VARCHAR"


def _plain(column: str) -> str:
    """A column as text; NULL for what is empty, or is the text NULL."""
    return f"nullif(nullif(trim(CAST({column} AS VARCHAR)), ''), 'NULL')"


def _decimal(sql: str) -> str:
    """A decimal number as SQL; NULL for what is none, and for what is absurd."""
    return f"TRY_CAST({sql} AS {_AMOUNT})"


def period_of(source: Source, period: str | None) -> str:
    """The billing period of a row, which its folder tells where the row does not."""
    own = f"regexp_extract({text_of(source, 'period')}, '^([12][0-9]{{3}}-(0[1-9]|1[0-2]))(-|$)', 1)"
    return f"coalesce(nullif({own}, ''), {text(period) if period else 'NULL'})"


def is_ses(source: Source) -> str:
    """Whether a row is of SES, by the code or the name of the service."""
    tests = [f"lower(trim(CAST({name} AS VARCHAR))) IN {_SERVICE}" for name in source.sql_names("service")]
    return f"coalesce({' OR '.join(tests)}, false)"
