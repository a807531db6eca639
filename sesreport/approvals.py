"""The entries of a register: which outside account was approved, by whom, until when.

Read and checked row by row without pandas, so that a short-lived function can start fast;
:mod:`sesreport.register` makes a frame of them.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sesreport.config import describe, suggestion
from sesreport.errors import ConfigError

COLUMNS = (
    "account_id", "name", "vendor", "owner", "justification", "ticket", "approved_by", "approved_at", "expires_at",
    "identities", "from_patterns",
)  # fmt: skip


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _moment_is_day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else _blank_is_none(value)


def _split(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return value


Text = Annotated[str | None, BeforeValidator(_blank_is_none)]
Day = Annotated[date | None, BeforeValidator(_moment_is_day)]
Texts = Annotated[list[str], BeforeValidator(_split)]


class Entry(BaseModel):
    """One row of the register."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    account_id: Annotated[str, Field(pattern="^[0-9]{12}$")]
    name: Annotated[str, Field(min_length=1)]
    vendor: Text = None
    owner: Text = None
    justification: Text = None
    ticket: Text = None
    approved_by: Text = None
    approved_at: Day = None
    expires_at: Day = None
    """The last day on which it is approved."""
    identities: Texts = []
    from_patterns: Texts = []

    def status(self, today: date, warning_days: int = 60) -> str:
        """``valid``, ``expiring`` (ends within ``warning_days``) or ``expired`` (ended, or not approved yet)."""
        if self.approved_at and self.approved_at > today:
            return "expired"
        if self.expires_at is None:
            return "valid"
        if self.expires_at < today:
            return "expired"
        return "expiring" if self.expires_at < today + timedelta(days=warning_days) else "valid"


def read_entries(path: Path) -> list[Entry]:
    """The rows of a register: ``.csv``, ``.xlsx`` or ``.toml`` (``[[account]]`` tables).

    A register that does not exist is empty: then no outside account is approved. Raises ConfigError naming the
    file, the row and the column of the first bad value.
    """
    if not path.exists():
        return []
    readers = {".csv": _read_csv, ".xlsx": _read_xlsx, ".toml": _read_toml}
    if path.suffix not in readers:
        raise ConfigError(f"{path}: a register is .csv, .xlsx or .toml")
    try:
        raw = list(readers[path.suffix](path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except csv.Error as error:
        raise ConfigError(f"{path}: is not a CSV file: {error}") from error
    entries: dict[str, Entry] = {}
    for line, values in raw:
        try:
            entry = Entry.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{path}, row {line}: {describe(error, Entry)}") from error
        if entry.account_id in entries:
            raise ConfigError(f"{path}, row {line}: account_id {entry.account_id} is already registered above")
        entries[entry.account_id] = entry
    return list(entries.values())


def _read_csv(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        _check_header(path, list(reader.fieldnames or []))
        for row in reader:
            if None in row:
                raise ConfigError(f"{path}, row {reader.line_num}: has more values than the header has columns")
            if any(value and value.strip() for value in row.values()):
                yield reader.line_num, row


def _read_xlsx(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    from openpyxl import load_workbook

    try:
        sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
    except Exception as error:  # openpyxl raises whatever the zip or XML reader raised
        raise ConfigError(f"{path}: is not a workbook: {error}") from error
    rows = sheet.iter_rows(values_only=True)
    header = [str(cell or "").strip() for cell in next(rows, ())]
    _check_header(path, header)
    for line, row in enumerate(rows, start=2):
        if any(cell is not None for cell in row):
            yield line, {name: _cell(name, value) for name, value in zip(header, row, strict=False)}


def _cell(column: str, value: Any) -> Any:
    """A cell's value; text that looks like a number, such as an account id or a ticket, is one in Excel."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    text = str(int(value)) if value == int(value) else str(value)
    return text.zfill(12) if column == "account_id" else text


def _read_toml(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    for name in content.keys() - {"account"}:
        raise ConfigError(f"{path}: unknown table {name!r}{suggestion(name, ['account'])}")
    tables = content.get("account", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{path}: accounts are written as [[account]] tables")
    yield from enumerate(tables, start=1)


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            raise ConfigError(f"{path}: unknown column {name!r}{suggestion(name, COLUMNS)}")
        if header.count(name) > 1:
            raise ConfigError(f"{path}: there are {header.count(name)} columns {name!r}; keep one")
    for name in ("account_id", "name"):
        if name not in header:
            raise ConfigError(f"{path}: has no column {name!r}; the columns are {', '.join(COLUMNS)}")
