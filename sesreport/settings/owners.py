"""The directory of owners: the people and teams there are, so that an owner who has left is found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.files import read_text
from sesreport.settings.config import Config, read_toml
from sesreport.settings.rows import Number, Row, Unread, csv_rows, is_blank

COLUMNS = ("email", "user", "team")
"""Columns of a table; any of them, each with names."""

Names = Iterable[tuple[str, Any]]
"""What was written, each with its place in the file."""


def directory_of(config: Config) -> frozenset[str] | None:
    """The names in the directory that the settings name, in lower case; None where they name none.

    Raises ConfigError as :func:`read_directory` does.
    """
    return read_directory(Path(config.owners.directory)) if config.owners.directory else None


def directory_sha256(config: Config) -> str:
    """Hash of what :func:`directory_of` reads; of nothing where there is no directory."""
    return hashlib.sha256("\n".join(sorted(directory_of(config) or ())).encode()).hexdigest()


def read_directory(path: Path) -> frozenset[str]:
    """E-mail addresses, user and team names in a file, in lower case.

    A table (``.csv``, ``.xlsx``) has columns :data:`COLUMNS`, ``.toml`` a list ``owners``, ``.txt`` one name a line
    (``#`` begins a comment). Raises ConfigError naming the file and the place of what cannot be read, and for a file
    that names nobody: then every owner would seem to have left.
    """
    readers = {".csv": _csv, ".xlsx": _xlsx, ".toml": _toml, ".txt": _text}
    if path.suffix.lower() not in readers:
        raise ConfigError(f"{path}: a directory of owners is .csv, .xlsx, .toml or .txt")
    try:
        found = {_name(path, where, written) for where, written in readers[path.suffix.lower()](path)} - {""}
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such directory of owners; correct owners.directory") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if not found:
        raise ConfigError(f"{path}: names nobody; enter the people and teams there are, or take owners.directory out")
    return frozenset(found)


def absent(owner: str, directory: frozenset[str]) -> list[str]:
    """Those of an owner's names, with ``;`` or ``,`` between them, that are not in a directory; case does not count."""
    if _compared(owner) in directory:
        return []
    names = [name.strip() for name in re.split("[;,]", owner)]
    return [name for name in names if name and _compared(name) not in directory]


def _compared(name: str) -> str:
    return " ".join(name.casefold().split())


def _name(path: Path, where: str, written: Any) -> str:
    if isinstance(written, Unread):
        raise ConfigError(f"{path}, {where}: {written.why}")
    if isinstance(written, Number):
        return written.text
    if is_blank(written):
        return ""
    if not isinstance(written, str):
        raise ConfigError(f"{path}, {where}: {written!s:.80} is no name; write it as text")
    return _compared(written)


def _text(path: Path) -> Names:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        yield f"line {number}", line.partition("#")[0]


def _toml(path: Path) -> Names:
    content = read_toml(path)
    for name in content.keys() - {"owners"}:
        raise ConfigError(f"{path}: unknown key {name!r}{suggestion(name, ['owners'])}")
    owners = content.get("owners", [])
    if not isinstance(owners, list):
        raise ConfigError(f"{path}: owners is a list of names")
    yield from ((f"name {number}", name) for number, name in enumerate(owners, start=1))


def _csv(path: Path) -> Names:
    return _table(path, csv_rows(path))


def _xlsx(path: Path) -> Names:
    from sesreport.settings.workbooks import xlsx_rows

    return _table(path, xlsx_rows(path, naming="email"))


def _table(path: Path, rows: Iterator[Row]) -> Names:
    """Every cell below the first row, which names the columns."""
    header: list[str] | None = None
    for row in rows:
        if header is None:
            header = [_column(path, row.number, cell) for cell in row.cells]
            continue
        for number, cell in enumerate(row.cells):
            if number >= len(header) or not header[number]:
                if not is_blank(cell):
                    raise ConfigError(f"{path}, row {row.number}: has a value in a column without a name")
                continue
            yield f"row {row.number}: {header[number]}", cell


def _column(path: Path, row: int, cell: Any) -> str:
    name = "" if is_blank(cell) else _name(path, f"row {row}", cell)
    if name and name not in COLUMNS:
        raise ConfigError(f"{path}, row {row}: unknown column {name!r:.80}{suggestion(name, COLUMNS)}")
    return name
