"""Rows of SES in cost exports, read by DuckDB: only those rows, and only the columns that charges need."""

from __future__ import annotations

import csv
import filecmp
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, islice
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
SHORT_ID = "[0-9]{10,11}"
AMOUNTS = ("billed", "effective", "listed", "quantity")
_SERVICE = "('amazonses', 'amazon simple email service')"
_TEXTS = ("payer", "account", "region", "usage_type", "line_type", "bill_type", "currency",
          "consumed_unit", "pricing_unit", "description", "line_id", "time_interval")  # fmt: skip
_OF_CHARGES = _TEXTS[:-2]
_LINES = ", ".join(
    [
        "delivery INTEGER, place INTEGER, ses BOOLEAN, lines BIGINT, period VARCHAR",
        *(f"{name} VARCHAR" for name in _TEXTS),
        *(f"{n} DECIMAL(38, 10), {n}_known BIGINT DEFAULT 0, {n}_bad BIGINT DEFAULT 0" for n in AMOUNTS),
    ]
)
_FLAG = '"is of SES"'
"""An SQL name that no column of an export has."""
_SAME_LINE = ("line_id", "time_interval", "period", "account", "region", "usage_type", "line_type")
_EXACT = 100_000
"""Below, a double has its ten decimal places right when it is multiplied, which is faster than to print it."""
_ABSURD = 10**18
"""An amount from here on is no price and no count; without such, no sum has more than a decimal's 28 digits."""
_FIRST_ROWS = 1000
_TAIL = 8
"""Bytes at the end of a Parquet file: the length of its footer and ``PAR1``."""


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

    def said(self, column: str) -> str:
        """What a column of amounts holds, as SQL: a number, or a text; NULL for nothing."""
        return column if self._is_number(column) else _plain(column)

    def amount(self, column: str) -> str:
        """A column of amounts as decimals, as SQL. A double is the shortest decimal number that is printed for it."""
        if not self._is_number(column):
            return _decimal(self.said(column))
        exact = f"TRY_CAST({column} AS DECIMAL(38, 10))"
        return f"CASE WHEN abs({column}) < {_EXACT} THEN {exact} ELSE {_decimal(f'{column}::VARCHAR')} END"

    def _is_number(self, column: str) -> bool:
        types = dict(zip(map(quoted, self.columns), self.types, strict=False))
        return types.get(column, "string").startswith(("double", "int", "uint", "decimal"))


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
        seen: dict[object, list[ExportFile]] = {}
        for file in sorted(delivery.files, key=lambda file: (str(file.modified or ""), file.path)):
            alike = seen.setdefault((file.size, hashes[file] or file.path), [])
            same = next((other for other in alike if not delivery.named and file.size and _is_copy(file, other)), None)
            if same is None:
                alike.append(file)
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
        for field, meaning in (("usage_type", "usage type"), ("region", "Region")):
            lacking = [source for source in sources if not source.sql_names(field)]
            if lacking:
                columns = " or ".join(lacking[0].format.columns[field])
                problem = (
                    f"there is no column {columns}, so the {meaning} of its charges is {NONE}; add it to the export"
                )
                self._gap(delivery, problem, lacking[0].file)
        read = [source for source in sources if source.file not in failed]
        first = self._first_row(read[0]) if read and not (failed and delivery.named) else (None, "")
        files = tuple(source.file for source in sources)
        return Scan(number, delivery, sources[0].format, files, rows, _sha256_of(files, hashes), first), failed

    def _read_group(self, number: int, place: int, group: Sequence[Source], period: str | None, *, twice: bool) -> int:
        """Reads files that are alike in one query; returns how many rows they have, of SES or not."""
        one = group[0]
        parquet = bool(one.types)
        # Rows of other services are left out of a Parquet file, and counted in a CSV file, which has no other count.
        only = str if parquet else (lambda sql: f"CASE WHEN {_FLAG} THEN {sql} END")
        rows = f"(SELECT *, {_is_ses(one)} AS {_FLAG} FROM {self._table(group)})"
        keys = ("period", *(_TEXTS if twice else _OF_CHARGES))
        columns = sorted({name for key in keys for name in one.sql_names(key)[:1]})
        amounts = {name: one.sql_names(name)[0] for name in AMOUNTS if one.sql_names(name)}
        texts = [f"{_text(one, key)} AS {key}" for key in keys[1:]]
        results = [f"{name}, {name}_known, {name}_bad" for name in amounts]
        sums = [f"sum({n}) AS {n}, count({n}) AS {n}_known, count({n}_said) - count({n}) AS {n}_bad" for n in amounts]
        values = [f"{only(column)} AS {column}" for column in columns]
        values += [f"{only(one.amount(c))} AS {n}, {only(one.said(c))} AS {n}_said" for n, c in amounts.items()]
        grouped = ", ".join(["ses", *columns])
        # Grouped as they are, and made readable afterwards: that is much less to do.
        self.db.execute(f"""
            INSERT INTO lines BY NAME
            SELECT {number} AS delivery, {place} AS place, ses, lines, {_period(one, period)} AS period,
                {", ".join([*texts, *results])}
            FROM (
                SELECT {grouped}, count(*) AS lines, {", ".join(sums)}
                FROM (
                    SELECT {_FLAG} AS ses, {", ".join(values)} FROM {rows} {f"WHERE {_FLAG}" if parquet else ""}
                ) GROUP BY {grouped}
            )
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
        """Counts a line that several files have once, as the newest of them has it; then adds up lines alike."""
        keys = ", ".join(["delivery", "place", "ses", *(f"lines.{name}" for name in ("period", *_OF_CHARGES))])
        same = " AND ".join(f"lines.{name} IS NOT DISTINCT FROM repeated.{name}" for name in _SAME_LINE)
        amounts = ", ".join(
            f"sum({one}) AS {one}" for name in AMOUNTS for one in (name, f"{name}_known", f"{name}_bad")
        )
        before = self._lines_by_period(number)
        self.db.execute(f"""
            CREATE TEMP TABLE once AS
            WITH repeated AS (
                SELECT {", ".join(_SAME_LINE)}, max(place) AS newest FROM lines
                WHERE delivery = {number} AND line_id IS NOT NULL GROUP BY ALL HAVING min(place) < max(place)
            )
            SELECT {keys}, sum(lines.lines) AS lines, {amounts}
            FROM lines LEFT JOIN repeated ON lines.line_id = repeated.line_id AND {same}
            WHERE delivery = {number} AND (newest IS NULL OR place = newest) GROUP BY ALL;
            DELETE FROM lines WHERE delivery = {number};
            INSERT INTO lines BY NAME FROM once;
            DROP TABLE once
        """)
        after = self._lines_by_period(number)
        problem = "line items are in two files of a folder without a manifest; each is counted once, as in the newer"
        self.gaps += [
            Gap(delivery.export, problem, period, delivery.folder, lines - after[period])
            for period, lines in before.items()
            if lines != after[period]
        ]

    def _lines_by_period(self, number: int) -> dict[str | None, int]:
        return dict(
            self.db.execute(
                "SELECT period, sum(lines)::BIGINT FROM lines WHERE ses AND delivery = ? GROUP BY ALL ORDER BY ALL",
                [number],
            ).fetchall()
        )

    def _without(self, scans: list[Scan], delivery: Delivery, file: ExportFile, problem: str) -> list[Scan]:
        """The scans without the billing period of a file that cannot be read; all of them where it is not known."""
        period = delivery.period or self._period_of_unreadable(file)
        if period is None and file.problem:  # not a byte of it is there, so nothing ties it to the others
            self._gap(delivery, f"{problem}, so nothing in it is counted; copy or export it again", file)
            return scans
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

    def _period_of_unreadable(self, file: ExportFile) -> str | None:
        """The billing period of a file that cannot be read to its end.

        Its first rows tell it, for a name may have the day of the export. The name does where no row can be read.
        """
        told = _first_periods(file)
        return _period_in(file.name) if not told else told.pop() if len(told) == 1 else None

    def _first_row(self, source: Source) -> tuple[str | None, str]:
        """The billing period and the payer that a first row states."""
        found = self.db.execute(
            f"SELECT {_period(source, None)}, {whole_id(_text(source, 'payer'))} FROM {self._table([source])} LIMIT 1"
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

_UNREADABLE = (OSError, EOFError, ValueError, csv.Error, pa.ArrowException, zlib.error)
"""What is raised for a file whose beginning or footer is broken."""


def source_of(file: ExportFile) -> Source:
    """A file's columns and format. Raises UnreadableFileError, for a file without any content EmptyFileError."""
    name = one_line(file.name)
    if file.problem:
        raise UnreadableFileError(f"{name} cannot be read ({file.problem})")
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
    source = Source(file, made, columns, types, rows, compression)
    lacking = [made.columns[field][0] for field in REQUIRED if not source.sql_names(field)]
    if lacking:
        raise UnreadableFileError(
            f"{name} ({made.name}) lacks the columns {', '.join(lacking)}; add them to the export"
        )
    return source


def _csv_rows(opened: Any, *, zipped: bool) -> Iterator[list[str]]:
    """The rows of a CSV file, the names of its columns first."""
    plain = gzip.GzipFile(fileobj=opened) if zipped else opened
    return csv.reader(io.TextIOWrapper(plain, encoding="utf-8-sig", newline=""))


def _first_periods(file: ExportFile) -> set[str]:
    """The billing periods of the first rows of a file that cannot be read to its end; empty where none can be read."""
    found: set[str] = set()
    try:
        source = source_of(file)
        with file.open() as opened:
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


def _period_in(name: str) -> str | None:
    """The month in a file's name; None for none, and for several."""
    months = {f"{found['year']}-{found['month']}" for found in re.finditer(rf"(?<!\d){MONTH}(?!\d)", name)}
    return months.pop() if len(months) == 1 else None


def _sha256(file: ExportFile) -> str:
    """The hash of a local file; empty for others, and for one that cannot be read.

    Of a Parquet file its footer is hashed, which has the sizes, offsets and statistics of all its parts: to read the
    rest of it would take longer than the query.
    """
    if file.storage is not None:
        return ""
    try:
        with file.open() as opened:
            if file.name.lower().endswith(".parquet") and file.size > _TAIL:
                opened.seek(-_TAIL, io.SEEK_END)
                length = int.from_bytes(opened.read(4), "little")
                opened.seek(-min(length + _TAIL, file.size), io.SEEK_END)
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


def _is_copy(one: ExportFile, other: ExportFile) -> bool:
    """Whether two local files have the same content, byte for byte."""
    return filecmp.cmp(one.path, other.path, shallow=False)


def _sha256_of(files: Sequence[ExportFile], hashes: dict[ExportFile, str]) -> str:
    """The hash of names, sizes and, where they are known, contents."""
    lines = sorted(f"{file.name}\t{file.size}\t{hashes[file]}" for file in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


# --- SQL


def whole_id(sql: str) -> str:
    """An account id with the zeros in front that a spreadsheet took away, which takes it for a number."""
    return f"CASE WHEN regexp_full_match({sql}, '{SHORT_ID}') THEN lpad({sql}, 12, '0') ELSE {sql} END"


def _text(source: Source, field: str) -> str:
    """A field as text."""
    names = source.sql_names(field)
    return _plain(names[0]) if names else "NULL::VARCHAR"


def _plain(column: str) -> str:
    """A column as text; NULL for what is empty, or is the text NULL."""
    return f"nullif(nullif(trim(CAST({column} AS VARCHAR)), ''), 'NULL')"


def _decimal(sql: str) -> str:
    """A decimal number as SQL; NULL for what is none, and for what is absurd."""
    number = f"TRY_CAST({sql} AS DECIMAL(38, 10))"
    return f"CASE WHEN abs({number}) < {_ABSURD}::DECIMAL(38, 10) THEN {number} END"


def _period(source: Source, period: str | None) -> str:
    """The billing period of a row, which its folder tells where the row does not."""
    own = f"regexp_extract({_text(source, 'period')}, '^([12][0-9]{{3}}-(0[1-9]|1[0-2]))(-|$)', 1)"
    return f"coalesce(nullif({own}, ''), {text(period) if period else 'NULL'})"


def _is_ses(source: Source) -> str:
    """Whether a row is of SES, by the code or the name of the service."""
    tests = [f"lower(trim(CAST({name} AS VARCHAR))) IN {_SERVICE}" for name in source.sql_names("service")]
    return f"coalesce({' OR '.join(tests)}, false)"
