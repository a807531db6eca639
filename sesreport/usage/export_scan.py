"""Rows of SES in cost exports, read by DuckDB: only those rows, and only the columns that charges need."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.core.text import one_line
from sesreport.snapshot.series import connection, literal, quoted, text
from sesreport.usage.export_files import MONTH, Delivery, ExportFile, Gap, line_of
from sesreport.usage.export_format import REQUIRED, ExportFormat, column_name, format_of

NONE = "(none)"
"""Stands in a key for what a row does not have: taxes and fees have no usage type, some lines no Region."""
AMOUNTS = ("billed", "effective", "listed", "quantity")
_SERVICE = "('amazonses', 'amazon simple email service')"
_TEXTS = ("payer", "account", "region", "usage_type", "line_type", "bill_type", "currency",
          "consumed_unit", "pricing_unit", "description", "line_id", "time_interval")  # fmt: skip
_LINES = ", ".join(
    [
        "delivery INTEGER, place INTEGER, ses BOOLEAN, lines BIGINT, period VARCHAR",
        *(f"{name} VARCHAR" for name in _TEXTS),
        *(f"{name} DECIMAL(38, 10), {name}_known BIGINT, {name}_bad BIGINT" for name in AMOUNTS),
    ]
)
_SAME_LINE = ("line_id", "time_interval", "period", "account", "region", "usage_type", "line_type")
_BLOCK = 2**20


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

    @property
    def kind(self) -> tuple[object, ...]:
        """What files have in common that one query reads."""
        return self.format.name, self.columns, self.types, self.compression

    def sql_names(self, field: str) -> list[str]:
        """The columns that hold a field, as SQL names them."""
        there: dict[str, str] = {}
        for number, name in enumerate(self.columns):
            there.setdefault(column_name(name), quoted(name) if self.types else f"c{number}")
        return [there[name] for name in self.format.columns.get(field, ()) if name in there]


@dataclass(frozen=True)
class Scan:
    """What was read of one delivery in one format; its rows are those of this number in the table ``lines``."""

    number: int
    delivery: Delivery
    format: ExportFormat
    files: tuple[ExportFile, ...]
    rows: int
    sha256: str
    first: tuple[str | None, str]
    """Billing period and payer that its first row states."""
    lost: frozenset[str] = frozenset()
    """Billing periods that are not counted, because a file cannot be read."""


class Scanner:
    """Reads deliveries into the table ``lines`` of its own DuckDB, lines alike added up."""

    def __init__(self) -> None:
        self.db = connection()
        self.db.execute(f"SET preserve_insertion_order = false; CREATE TEMP TABLE lines ({_LINES})")
        self._remote = NumberedFiles()
        self.db.register_filesystem(self._remote)
        self._numbers = count()
        self.scans: list[Scan] = []
        self.gaps: list[Gap] = []

    def __enter__(self) -> Scanner:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def read(self, delivery: Delivery) -> None:
        """Reads a delivery. What cannot be read becomes a gap, and costs its billing period: nothing of that counts."""
        hashes = {file: _sha256(file) for file in delivery.files}
        failed: dict[ExportFile, str] = {}
        sources: dict[str, list[Source]] = {}
        for file in self._once(delivery, hashes):
            try:
                source = source_of(file)
                sources.setdefault(source.format.name, []).append(source)
            except EmptyFileError as error:
                if delivery.named:
                    failed[file] = str(error)
                else:
                    self._gap(delivery, f"{error}; it is left out", file)
            except UnreadableFileError as error:
                failed[file] = str(error)
        scans = []
        for group in sources.values():
            scan, unread = self._read_format(delivery, group, hashes)
            scans.append(scan)
            failed |= unread
        for file, problem in failed.items():
            scans = self._without(scans, delivery, file, problem)
        self.scans += scans

    def _once(self, delivery: Delivery, hashes: dict[ExportFile, str]) -> Iterator[ExportFile]:
        """The files in the order of their age, without copies of one where no manifest names them."""
        seen: dict[str, ExportFile] = {}
        for file in sorted(delivery.files, key=lambda file: (str(file.modified or ""), file.path)):
            same = seen.setdefault(hashes[file] or file.path, file)
            if same is file or delivery.named or not file.size:
                yield file
            else:
                problem = f"{one_line(file.name)} has the same content as {one_line(same.name)}; it is counted once"
                self._gap(delivery, problem, file)

    def _read_format(
        self, delivery: Delivery, sources: Sequence[Source], hashes: dict[ExportFile, str]
    ) -> tuple[Scan, dict[ExportFile, str]]:
        """Reads the files of one format; returned are also those that failed, and why."""
        number, rows, failed = next(self._numbers), 0, {}
        groups: dict[object, list[Source]] = {}
        for source in sources:
            groups.setdefault(source.kind if delivery.named else source.file, []).append(source)
        twice = not delivery.named and len(sources) > 1  # a line may be in two of the files
        for place, group in enumerate(groups.values()):
            try:
                rows += self._read_group(number, place, group, delivery.period, twice=twice)
            except (duckdb.Error, OSError) as error:
                source, why = self._culprit(group, error)
                failed[source.file] = f"{one_line(source.file.name)} cannot be read ({line_of(why)})"
        if twice:
            self._drop_repeated(delivery, number)
        read = [source for source in sources if source.file not in failed]
        first = self._first_row(read[0]) if read else (None, "")
        files = tuple(source.file for source in sources)
        return Scan(number, delivery, sources[0].format, files, rows, _sha256_of(files, hashes), first), failed

    def _read_group(self, number: int, place: int, group: Sequence[Source], period: str | None, *, twice: bool) -> int:
        """Reads files that are alike in one query; returns how many rows they have, of SES or not."""
        one = group[0]
        parquet, ses = bool(one.types), _is_ses(one)
        # Rows of other services are left out of a Parquet file, and counted in a CSV file, which has no other count.
        only = str if parquet else (lambda sql: f"CASE WHEN {ses} THEN {sql} END")
        texts = {name: _text(one, name) for name in _TEXTS} | (
            {} if twice else {"line_id": "NULL", "time_interval": "NULL"}
        )
        fields = {"period": _period(one, period), **texts, **{name: _text(one, name) for name in AMOUNTS}}
        sums = [
            f"sum({_decimal(name)}), count({_decimal(name)}), count({name}) - count({_decimal(name)})"
            for name in AMOUNTS
        ]
        keys = ", ".join(["ses", "period", *_TEXTS])
        self.db.execute(f"""
            INSERT INTO lines (delivery, place, lines, {keys}, {", ".join(f"{n}, {n}_known, {n}_bad" for n in AMOUNTS)})
            SELECT {number}, {place}, count(*), {keys}, {", ".join(sums)}
            FROM (
                SELECT {ses} AS ses, {", ".join(f"{only(sql)} AS {name}" for name, sql in fields.items())}
                FROM {self._table(group)} {f"WHERE {ses}" if parquet else ""}
            )
            GROUP BY {keys}
        """)
        if parquet:
            return sum(source.rows for source in group)
        return self._value("SELECT coalesce(sum(lines), 0) FROM lines WHERE delivery = ? AND place = ?", number, place)

    def _culprit(self, group: Sequence[Source], error: Exception) -> tuple[Source, Exception]:
        """Which of the files cannot be read, and why."""
        for source in group if len(group) > 1 else ():
            try:
                self._read_group(-1, 0, [source], None, twice=False)
            except (duckdb.Error, OSError) as own:
                return source, own
            finally:
                self.db.execute("DELETE FROM lines WHERE delivery = -1")
        return group[0], error

    def _drop_repeated(self, delivery: Delivery, number: int) -> None:
        """Counts a line that several files have once: as the newest of them has it."""
        same = " AND ".join(f"lines.{name} IS NOT DISTINCT FROM newest.{name}" for name in _SAME_LINE)
        dropped = self.db.execute(f"""
            WITH newest AS (
                SELECT {", ".join(_SAME_LINE)}, max(place) AS place FROM lines
                WHERE delivery = {number} AND line_id IS NOT NULL GROUP BY ALL HAVING min(place) < max(place)
            )
            DELETE FROM lines USING newest
            WHERE delivery = {number} AND lines.line_id = newest.line_id AND {same} AND lines.place < newest.place
            RETURNING lines.period, lines.lines
        """).fetchall()
        for period in sorted({period for period, _ in dropped}, key=str):
            lines = sum(number for each, number in dropped if each == period)
            self.gaps.append(
                Gap(
                    delivery.export,
                    "line items are in two files of a folder without a manifest; each is counted once, as in the newer",
                    period,
                    delivery.folder,
                    lines,
                )
            )

    def _without(self, scans: list[Scan], delivery: Delivery, file: ExportFile, problem: str) -> list[Scan]:
        """The scans without the billing period of a file that cannot be read; all of them where it is not known."""
        period = delivery.period or _period_in(file.name) or self._first_period(file)
        what = period or f"the files in {one_line(delivery.folder)}"
        self.gaps.append(
            Gap(
                delivery.export,
                f"{problem}, so nothing of {what} is counted; copy or export it again",
                period,
                file.path,
            )
        )
        whole = period is None or delivery.named or delivery.period is not None
        for scan in scans:
            self.db.execute("DELETE FROM lines WHERE delivery = ? AND (? OR period = ?)", [scan.number, whole, period])
        return [] if whole else [replace(scan, lost=scan.lost | {str(period)}) for scan in scans]

    def _first_period(self, file: ExportFile) -> str | None:
        """The billing period of the first row of a file that cannot be read to its end."""
        try:
            return self._first_row(source_of(file))[0]
        except (UnreadableFileError, duckdb.Error, OSError):
            return None

    def _first_row(self, source: Source) -> tuple[str | None, str]:
        """The billing period and the payer that a first row states."""
        found = self.db.execute(
            f"SELECT {_period(source, None)}, {_text(source, 'payer')} FROM {self._table([source])} LIMIT 1"
        ).fetchone()
        return (found[0], found[1] or "") if found else (None, "")

    def _table(self, sources: Sequence[Source]) -> str:
        """The table function of files that are alike."""
        names = ", ".join(text(self._address(source.file)) for source in sources)
        if sources[0].types:
            return f"read_parquet([{names}], hive_partitioning = false)"
        columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(sources[0].columns)))
        return (
            f"read_csv([{names}], auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
            f"compression = '{sources[0].compression}', hive_partitioning = false, columns = {{{columns}}})"
        )

    def _address(self, file: ExportFile) -> str:
        return literal(Path(file.path)) if file.storage is None else self._remote.add(file)

    def _value(self, query: str, *values: object) -> int:
        found = self.db.execute(query, list(values)).fetchone()
        return int(found[0]) if found else 0

    def _gap(self, delivery: Delivery, problem: str, file: ExportFile) -> None:
        self.gaps.append(Gap(delivery.export, problem, delivery.period, file.path))


class NumberedFiles(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """Files of any fsspec storage under addresses in which DuckDB sees no pattern and no URL of its own."""

    protocol = "costexport"
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self._files: list[ExportFile] = []

    def add(self, file: ExportFile) -> str:
        """The address of a file."""
        self._files.append(file)
        return f"{self.protocol}://{len(self._files) - 1}"

    def _file(self, path: str) -> ExportFile:
        return self._files[int(self._strip_protocol(path).rsplit("/", 1)[-1])]

    def glob(self, path: str, **_: Any) -> list[str]:
        return [path]

    def exists(self, path: str, **_: Any) -> bool:
        return True

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "type": "file", "size": self._file(path).size}

    def modified(self, path: str) -> datetime:
        return self._file(path).modified or datetime.fromtimestamp(0, UTC)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        return self._file(path).open()


# --- what a file says about itself


def source_of(file: ExportFile) -> Source:
    """A file's columns and format. Raises UnreadableFileError, for a file without any content EmptyFileError."""
    name = one_line(file.name)
    if not file.size:
        raise EmptyFileError(f"{name} is empty")
    try:
        with file.open() as opened:
            start = opened.read(4)
            opened.seek(0)
            if start == b"PAR1" or file.name.lower().endswith(".parquet"):
                metadata = pq.ParquetFile(opened)
                schema = metadata.schema_arrow
                found = tuple(schema.names), tuple(map(str, schema.types)), metadata.metadata.num_rows, ""
            elif start.startswith(b"PK"):
                raise UnreadableFileError(
                    f"{name} is a ZIP archive, which is not read; unpack it, or export GZIP or Parquet"
                )
            else:
                zipped = start.startswith(b"\x1f\x8b")
                plain = gzip.GzipFile(fileobj=opened) if zipped else opened
                found = _header(plain), (), 0, "gzip" if zipped else "none"
    except (OSError, EOFError, ValueError, csv.Error, pa.ArrowException, zlib.error) as error:
        raise UnreadableFileError(f"{name} cannot be read ({line_of(error)})") from error
    columns, types, rows, compression = found
    if not columns:
        raise EmptyFileError(f"{name} is empty")
    made = format_of(columns)
    if made is None:
        shown = ", ".join(map(one_line, columns[:3]))
        raise UnreadableFileError(f"{name} is no cost export of a known format (its columns are {shown:.120}, …)")
    source = Source(file, made, columns, types, rows, compression)
    lacking = [made.columns[field][0] for field in REQUIRED if not source.sql_names(field)]
    if lacking:
        raise UnreadableFileError(
            f"{name} ({made.name}) lacks the columns {', '.join(lacking)}; add them to the export"
        )
    return source


def _header(opened: Any) -> tuple[str, ...]:
    """The names of the columns of a CSV file."""
    return tuple(next(csv.reader(io.TextIOWrapper(opened, encoding="utf-8-sig", newline="")), ()))


def _period_in(name: str) -> str | None:
    """The month in a file's name; None for none, and for several."""
    months = {f"{found['year']}-{found['month']}" for found in re.finditer(rf"(?<!\d){MONTH}(?!\d)", name)}
    return months.pop() if len(months) == 1 else None


def _sha256(file: ExportFile) -> str:
    """The hash of a local file's content; empty for others, and for one that cannot be read."""
    if file.storage is not None:
        return ""
    try:
        with file.open() as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


def _sha256_of(files: Sequence[ExportFile], hashes: dict[ExportFile, str]) -> str:
    """The hash of names, sizes and, where they are known, contents."""
    lines = sorted(f"{file.name}\t{file.size}\t{hashes[file]}" for file in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


# --- SQL


def _text(source: Source, field: str) -> str:
    """A field as text; NULL for what is empty, or is the text NULL."""
    names = source.sql_names(field)
    return f"nullif(nullif(trim(CAST({names[0]} AS VARCHAR)), ''), 'NULL')" if names else "NULL::VARCHAR"


def _decimal(name: str) -> str:
    """A text as an amount; by way of text a double is the decimal number that is printed for it."""
    return f"TRY_CAST({name} AS DECIMAL(38, 10))"


def _period(source: Source, period: str | None) -> str:
    """The billing period of a row, which its folder tells where the row does not."""
    own = f"regexp_extract({_text(source, 'period')}, '^([12][0-9]{{3}}-(0[1-9]|1[0-2]))(-|$)', 1)"
    return f"coalesce(nullif({own}, ''), {text(period) if period else 'NULL'})"


def _is_ses(source: Source) -> str:
    """Whether a row is of SES, by the code or the name of the service."""
    tests = [f"lower(trim(CAST({name} AS VARCHAR))) IN {_SERVICE}" for name in source.sql_names("service")]
    return f"coalesce({' OR '.join(tests)}, false)"
