"""The register: outside accounts that may send as us, who approved them, and until when."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sesreport.config import describe, suggestion
from sesreport.errors import ConfigError
from sesreport.schema import Frame, account_id, at, text, texts

FRAME = Frame(
    "register",
    "Approved outside accounts, as the register says, with their standing on the day of the report.",
    keys={"account_id": account_id("The outside account.")},
    columns={
        "name": text("What we call it.", required=True),
        "vendor": text("The company behind it."),
        "owner": text("Who in our organization answers for it."),
        "justification": text("Why it may send as us."),
        "ticket": text("The change or contract record."),
        "approved_by": text("Who approved it."),
        "approved_at": at("When it was approved."),
        "expires_at": at("The first instant at which it is no longer approved; NA means no end was set."),
        "identities": texts("Identities it may send as; empty means any."),
        "from_patterns": texts("From addresses it may use; empty means any."),
        "status": text("valid, expiring (ends soon) or expired.", required=True),
    },
    samples=(
        {"account_id": "310000000001", "name": "Mailwise", "vendor": "Mailwise BV", "owner": "crm",
         "ticket": "SEC-1041", "status": "valid"},
        {"account_id": "310000000002", "name": "Brightside agency", "vendor": "Brightside Ltd", "owner": "marketing",
         "ticket": "MKT-88", "status": "expired"},
        {"account_id": "310000000003", "name": "Helpdesk", "vendor": "Helpdesk Inc", "owner": "support",
         "ticket": "SUP-7", "status": "expiring"},
    ),
)  # fmt: skip

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


def read_register(path: Path, *, today: date, warning_days: int = 60) -> pd.DataFrame:
    """The register as a frame (:data:`FRAME`); ``.csv``, ``.xlsx`` or ``.toml`` (``[[account]]`` tables).

    A register that does not exist is empty: then no outside account is approved. An entry approved for a later day
    is ``expired`` until then. Raises ConfigError naming the file, the row and the column of the first bad value.
    """
    if not path.exists():
        return FRAME.empty()
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
    rows: dict[str, dict[str, Any]] = {}
    for line, values in raw:
        try:
            entry = Entry.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{path}, row {line}: {describe(error, Entry)}") from error
        if entry.account_id in rows:
            raise ConfigError(f"{path}, row {line}: account_id {entry.account_id} is already registered above")
        rows[entry.account_id] = {
            **entry.model_dump(),
            "approved_at": _midnight(entry.approved_at),
            "expires_at": _midnight(entry.expires_at and entry.expires_at + timedelta(days=1)),
            "status": _status(entry, today, warning_days),
        }
    return FRAME.from_rows(rows.values())


def standing_on(register: pd.DataFrame, moment: datetime, *, warning_days: int = 60) -> pd.DataFrame:
    """The register with the standing of another moment, where the entry has dates to tell it by."""
    begins, ends = register["approved_at"], register["expires_at"]
    at = pd.Timestamp(moment)
    expired = (begins > at).fillna(False) | (ends <= at).fillna(False)
    ending = ~expired & (ends < at + timedelta(days=warning_days)).fillna(False)
    dated = begins.notna() | ends.notna()
    status = expired.map({True: "expired", False: "valid"}).mask(ending, "expiring").astype("string")
    return register.assign(status=status.where(dated, register["status"]))


def register_sha256(path: Path) -> str:
    """Hash of the register's bytes; of nothing when there is none."""
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def _status(entry: Entry, today: date, warning_days: int) -> str:
    if entry.approved_at and entry.approved_at > today:
        return "expired"
    if entry.expires_at is None:
        return "valid"
    if entry.expires_at < today:
        return "expired"
    return "expiring" if entry.expires_at < today + timedelta(days=warning_days) else "valid"


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


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
