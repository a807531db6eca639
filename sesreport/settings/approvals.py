"""The entries of a register: which outside account was approved, for what, by whom, until when.

An entry is one approval; an account may have several, such as a renewal beside the approval before it. They are read
and checked row by row without pandas, so that a short-lived function can start fast;
:mod:`sesreport.settings.register` makes a frame of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sesreport.core.days import read_day
from sesreport.core.errors import ConfigError, suggestion
from sesreport.settings.config import describe, read_toml
from sesreport.settings.plain_approvals import PlainApproval, made_id, standing
from sesreport.settings.rows import Number, Row, Unread, csv_rows, is_blank

COLUMNS = (
    "account_id", "name", "vendor", "owner", "justification", "ticket", "approved_by", "approved_at", "expires_at",
    "identities", "from_patterns", "review_every", "approval_id",
)  # fmt: skip
DAYS = ("approved_at", "expires_at")
LISTS = ("identities", "from_patterns")
REVIEWS = ("3 months", "6 months", "12 months")
"""How often an approval can be reviewed; without a word of it, every quarter."""
LONGEST = 32_767
"""Characters of a cell, as many as Excel's have; one with more is a mistake."""
_PART = r"[A-Za-z0-9_*?\[\]!-]+"
_DOMAIN = rf"{_PART}(\.{_PART})*"
_BEFORE_AT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\[\]-]+"
_IDENTITY = re.compile(rf"({_BEFORE_AT}@)?{_DOMAIN}")
_FROM_PATTERN = re.compile(rf"{_BEFORE_AT}(@{_DOMAIN})?")


def _none_if_blank(value: Any) -> Any:
    return None if is_blank(value) else value


def _day(value: Any) -> date | None:
    return None if is_blank(value) else read_day(value)


def _account_id(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{12}", value.strip()):
        raise ValueError("an account id is text of 12 digits")
    return value.strip()


def _split(value: Any) -> Any:
    """The parts of a list in one cell: ``;`` stands between them, and ``,`` or a line break may."""
    if is_blank(value):
        return []
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in re.split("[;,\r\n]", value) if part.strip()]
    if not parts:
        raise ValueError("names nothing; leave it empty where there is no limit")
    return parts


def _identities(values: list[str]) -> list[str]:
    for value in values:
        if not (_IDENTITY.fullmatch(value) and any(mark in value for mark in ".@*")):
            raise ValueError(f"{value!r:.80} is no domain or address (with ';' between them, '*' for any part)")
    return values


def _from_patterns(values: list[str]) -> list[str]:
    for value in values:
        if not (_FROM_PATTERN.fullmatch(value) and any(mark in value for mark in "@*")):
            raise ValueError(f"{value!r:.80} is no address such as *@example.com (with ';' between them)")
    return values


def _review(value: Any) -> str | None:
    if is_blank(value):
        return None
    written = " ".join(str(value).casefold().split())
    if written not in REVIEWS:
        raise ValueError(f"is written {', '.join(REVIEWS[:-1])} or {REVIEWS[-1]}")
    return written


Text = Annotated[str | None, BeforeValidator(_none_if_blank)]
Day = Annotated[date | None, BeforeValidator(_day)]


class Entry(BaseModel):
    """One row of the register: an approval."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    account_id: Annotated[str, BeforeValidator(_account_id)]
    name: Annotated[str, Field(min_length=1)]
    vendor: Text = None
    owner: Text = None
    justification: Text = None
    ticket: Text = None
    approved_by: Text = None
    approved_at: Day = None
    expires_at: Day = None
    """The last day on which it is approved."""
    identities: Annotated[list[str], BeforeValidator(_split), AfterValidator(_identities)] = []
    from_patterns: Annotated[list[str], BeforeValidator(_split), AfterValidator(_from_patterns)] = []
    review_every: Annotated[str | None, BeforeValidator(_review)] = None
    """How often its grants are reviewed; None means every 3 months."""
    approval_id: Text = None
    """Its id as written; see :attr:`key`."""

    @property
    def key(self) -> str:
        """The id of the approval; made where the register gives it none."""
        made = made_id(self.account_id, self.approved_at, self.identities, self.from_patterns)
        return self.approval_id or made

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Entry:
        if self.approved_at and self.expires_at and self.expires_at < self.approved_at:
            raise ValueError(f"expires_at: {self.expires_at} is before approved_at, {self.approved_at}; correct one")
        return self

    def status(self, today: date, warning_days: int = 60) -> str:
        """``valid``, ``expiring`` (ends within ``warning_days``) or ``expired`` (ended, or not approved yet)."""
        return standing(self.approved_at, self.expires_at, today, warning_days)

    @property
    def plain(self) -> PlainApproval:
        """What of it says who may send, as what, until when."""
        return PlainApproval(
            self.account_id, self.name, tuple(self.identities), tuple(self.from_patterns), self.approved_at,
            self.expires_at, self.key,
        )  # fmt: skip


def read_entries(path: Path, *, missing_ok: bool = True) -> list[Entry]:
    """The rows of a register: ``.csv``, ``.xlsx`` or ``.toml`` (``[[account]]`` tables).

    A register that does not exist is empty: then no outside account is approved; without ``missing_ok`` it is an error.
    Raises ConfigError naming the file, the row and the column of the first value that cannot be read: none is guessed,
    left out or taken for empty.
    """
    readers = {".csv": _read_csv, ".xlsx": _read_xlsx, ".toml": _read_toml}
    if path.suffix.lower() not in readers:
        raise ConfigError(f"{path}: a register is .csv, .xlsx or .toml")
    entries: dict[str, Entry] = {}
    rows: dict[str, int] = {}
    try:
        for number, values in readers[path.suffix.lower()](path):
            entry = _entry(path, number, values)
            if entry.key in entries:
                raise ConfigError(f"{path}, row {number}: {_twice(entry, rows[entry.key])}")
            entries[entry.key], rows[entry.key] = entry, number
    except FileNotFoundError as error:
        if missing_ok and not path.is_symlink():
            return []
        raise ConfigError(f"{path}: there is no such register; correct paths.register, or take it out") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    return list(entries.values())


def _twice(entry: Entry, row: int) -> str:
    if entry.approval_id:
        return f"approval_id {entry.approval_id!r:.80} is already that of row {row}; give each approval its own"
    return (
        f"account_id {entry.account_id} is already registered above, in row {row}, for the same identities and From "
        "patterns since the same day; keep one of the two, or give each an approval_id"
    )


Values = Iterator[tuple[int, dict[str, Any]]]


def _entry(path: Path, number: int, values: dict[str, Any]) -> Entry:
    for column, value in values.items():
        if isinstance(value, str) and len(value) > LONGEST:
            raise ConfigError(f"{path}, row {number}: {column}: has {len(value):,} characters, more than {LONGEST:,}")
    try:
        return Entry.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{path}, row {number}: {describe(error, Entry)}") from error


def _read_csv(path: Path) -> Values:
    return _table(path, csv_rows(path))


def _read_xlsx(path: Path) -> Values:
    from sesreport.settings.workbooks import xlsx_rows

    return _table(path, xlsx_rows(path, naming="account_id"))


def _read_toml(path: Path) -> Values:
    content = read_toml(path)
    for name in content.keys() - {"account"}:
        raise ConfigError(f"{path}: unknown table {name!r}{suggestion(name, ['account'])}")
    tables = content.get("account", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{path}: accounts are written as [[account]] tables")
    yield from enumerate(tables, start=1)


def _table(path: Path, rows: Iterable[Row]) -> Values:
    """Values by column of every row behind the first, which names the columns."""
    header: list[str] | None = None
    for row in rows:
        if header is None:
            header = _header(path, row)
            continue
        named = {}
        for column, cell in zip_longest(header, row.cells):
            if column:
                named[column] = _value(path, row.number, column, cell)
            elif not is_blank(cell):
                shown = cell.why if isinstance(cell, Unread) else repr(cell)[:80]
                raise ConfigError(f"{path}, row {row.number}: has more values than the header has columns: {shown}")
        yield row.number, named
    if header is None:
        _header(path, Row(1, []))


def _value(path: Path, row: int, column: str, cell: Any) -> Any:
    """A cell's value. What looks like a number, such as an account id, a ticket or a day, is one in Excel."""
    where = f"{path}, row {row}: {column}"
    if isinstance(cell, Unread):
        raise ConfigError(f"{where}: {cell.why}")
    if isinstance(cell, str) and _swallows(column, cell):
        raise ConfigError(
            f'{where}: holds a line with an account id: look for a quote (") that is opened and not closed here'
        )
    if column in DAYS:
        return cell.day or cell.text if isinstance(cell, Number) else cell
    if isinstance(cell, Number):
        if column == "account_id" and len(cell.text) != 12:
            raise ConfigError(f"{where}: an account id has 12 digits, not the number {cell.text}; write it as text")
        return cell.text
    if cell is not None and not isinstance(cell, str):
        kind = "TRUE or FALSE" if isinstance(cell, bool) else "a date or a time"
        raise ConfigError(f"{where}: Excel has made {kind} of it ({cell}); format it as text and write it again")
    return cell


def _swallows(column: str, cell: str) -> bool:
    """Whether a cell seems to hold the next row: stray quotes would give this row the end of that one."""
    return column not in LISTS and re.search(r"\n[^\n]*\b[0-9]{12}\b", cell) is not None


def _header(path: Path, row: Row) -> list[str]:
    """Names of the columns; empty for one without a name."""
    header: list[str] = []
    for cell in row.cells:
        if isinstance(cell, Unread):
            raise ConfigError(f"{path}, row {row.number}: the name of column {len(header) + 1}: {cell.why}")
        written = "" if cell is None else cell.text if isinstance(cell, Number) else str(cell)
        name = "_".join(written.casefold().split())
        if name and name not in COLUMNS:
            raise ConfigError(
                f"{path}, row {row.number}: unknown column {written.strip()!r:.80}{suggestion(name, COLUMNS)}"
            )
        header.append(name)
    for name in COLUMNS:
        if header.count(name) > 1:
            raise ConfigError(f"{path}, row {row.number}: there are {header.count(name)} columns {name!r}; keep one")
    for name in ("account_id", "name"):
        if name not in header:
            raise ConfigError(f"{path}, row {row.number}: has no column {name!r}; the columns are {', '.join(COLUMNS)}")
    return header
