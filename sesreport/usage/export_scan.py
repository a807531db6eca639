"""Rows of SES in cost exports, read by DuckDB: only those rows, and only the columns that charges need."""

from __future__ import annotations

import filecmp
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import duckdb

from sesreport.core.text import one_line
from sesreport.snapshot.series import connection, literal, text
from sesreport.usage.export_deliveries import MONTH, Delivery
from sesreport.usage.export_files import ExportFile, Gap, line_of
from sesreport.usage.export_format import NONE, ExportFormat
from sesreport.usage.export_source import (
    EmptyFileError,
    Source,
    UnreadableFileError,
    first_periods,
    is_ses,
    period_of,
    source_of,
    text_of,
    whole_id,
)
from sesreport.usage.numbered_files import NumberedFiles

AMOUNTS = ("billed", "effective", "listed", "quantity")
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
_TAIL = 8
"""Bytes at the end of a Parquet file: the length of its footer and ``PAR1``."""


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
        rows = f"(SELECT *, {is_ses(one)} AS {_FLAG} FROM {self._table(group)})"
        keys = ("period", *(_TEXTS if twice else _OF_CHARGES))
        columns = sorted({name for key in keys for name in one.sql_names(key)[:1]})
        amounts = {name: one.sql_names(name)[0] for name in AMOUNTS if one.sql_names(name)}
        texts = [f"{text_of(one, key)} AS {key}" for key in keys[1:]]
        results = [f"{name}, {name}_known, {name}_bad" for name in amounts]
        sums = [f"sum({n}) AS {n}, count({n}) AS {n}_known, count({n}_said) - count({n}) AS {n}_bad" for n in amounts]
        values = [f"{only(column)} AS {column}" for column in columns]
        values += [f"{only(one.amount(c))} AS {n}, {only(one.said(c))} AS {n}_said" for n, c in amounts.items()]
        # A key that is true in every row would still be compared in each.
        grouped, ses = (", ".join(columns), "true AS ses") if parquet else (", ".join(["ses", *columns]), "ses")
        # Grouped as they are, and made readable afterwards: that is much less to do.
        self.db.execute(f"""
            INSERT INTO lines BY NAME
            SELECT {number} AS delivery, {place} AS place, {ses}, lines, {period_of(one, period)} AS period,
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
        told = first_periods(file)
        return _period_in(file.name) if not told else told.pop() if len(told) == 1 else None

    def _first_row(self, source: Source) -> tuple[str | None, str]:
        """The billing period and the payer that a first row states."""
        payer = whole_id(text_of(source, "payer"))
        query = f"SELECT {period_of(source, None)}, {payer} FROM {self._table([source])} LIMIT 1"
        found = self.db.execute(query).fetchone()
        return (found[0], found[1] or "") if found else (None, "")

    def _table(self, sources: Sequence[Source]) -> str:
        """The table function of files that are alike."""
        names = ", ".join(text(self._address(source.content)) for source in sources)
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
