"""The files of cost exports: every one in the folders and at the URLs that the settings name, readable or not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sesreport.core.errors import ConfigError
from sesreport.core.text import one_line
from sesreport.snapshot.storage import is_url, open_url

SETTING = "costs.exports"
_DATA = (".parquet", ".csv", ".gz", ".zip")


@dataclass(frozen=True)
class ExportFile:
    """One file, as it was listed."""

    export: str
    """The setting that led to it."""
    path: str
    size: int
    modified: datetime | None
    scheme: str = ""
    """Of the URL; empty for a local file."""
    storage: Any = field(default=None, compare=False, repr=False)
    """The fsspec file system; None for a local file."""
    beside: bool = False
    """Whether it is no part of what is configured: a manifest of an export of which ``data`` alone is."""
    problem: str = ""
    """Why it cannot be read, as listing it showed."""
    is_folder: bool = False
    """Whether it is a folder, which is listed only where it cannot be read."""

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(Path(self.path).parts) if not self.scheme else tuple(self.path.split("/"))

    @property
    def name(self) -> str:
        return self.parts[-1]

    def open(self) -> Any:
        """The file opened to read bytes. Raises OSError."""
        if self.problem:
            raise OSError(self.problem)
        return Path(self.path).open("rb") if self.storage is None else self.storage.open(self.path, "rb")


@dataclass(frozen=True)
class Gap:
    """Something that could not be read or judged."""

    export: str
    problem: str
    """One line, with outside text made visible."""
    period: str | None = None
    file: str | None = None
    rows: int | None = None


def list_exports(exports: Sequence[str | Path], base: Path | None) -> tuple[list[ExportFile], list[Gap]]:
    """Every file of the exports, each once however many exports lead to it; and exports without any.

    Files and folders within an export that cannot be read are listed with their problem. Raises ConfigError for a path
    that is not there, and for one that cannot be read.
    """
    found: dict[tuple[str, str], ExportFile] = {}
    gaps = []
    for export in dict.fromkeys(map(str, exports)):
        listed = list(_list_url(export) if is_url(export) else _list_path(export, base))
        if all(file.beside for file in listed):
            gaps.append(Gap(export, "has no files of cost exports (Parquet, CSV or CSV.gz); correct the path"))
        for file in listed:
            identity = file.path if file.scheme else os.path.realpath(file.path)
            if file.path == identity and not file.beside:  # a manifest finds it there, whichever link led to it before
                found[file.scheme, identity] = file
            found.setdefault((file.scheme, identity), file)
    return list(found.values()), gaps


def line_of(error: BaseException) -> str:
    """An error's first line, with outside text made visible."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return one_line(lines[0])[:200]


def _list_path(export: str, base: Path | None) -> Iterator[ExportFile]:
    path = (base or Path()) / export
    try:
        if path.is_file():
            yield _local(export, path.parent.resolve() / path.name)
        elif path.is_dir():
            folder = path.resolve()  # so that a manifest finds its files, whichever links lead to either
            for file in _walk(export, folder):
                if file.is_folder and file.path == str(folder):
                    raise ConfigError(f"{SETTING}: {one_line(path)} cannot be read ({file.problem})")
                yield file
            for beside in _metadata_beside(folder.parts):
                yield from (replace(file, beside=True) for file in _walk(export, Path(*beside)))
        else:
            raise ConfigError(
                f"{SETTING}: {one_line(path)}: there is no such file or folder; correct the path in sesreport.toml"
            )
    except OSError as error:
        raise ConfigError(f"{SETTING}: {one_line(path)} cannot be read ({error.strerror})") from error


def _walk(export: str, folder: Path) -> Iterator[ExportFile]:
    """The files in a folder, and folders that cannot be read, itself included. Links are followed, after all else."""
    refused: list[OSError] = []
    seen: set[str] = set()
    tops = [str(folder)]
    for top in tops:
        for where, folders, names in os.walk(top, onerror=refused.append):
            real = os.path.realpath(where)
            if real in seen or (top != tops[0] and folder.is_relative_to(real)):  # read, or a loop
                folders.clear()
                continue
            seen.add(real)
            folders.sort()
            tops += [str(path) for path in (Path(where, name) for name in folders) if path.is_symlink()]
            for path in (Path(where, name) for name in sorted(names)):
                if _is_of_interest(path.name):
                    yield _listed(export, path)
                elif path.is_symlink() and _may_be_folder(path.name):
                    found = _listed(export, path)
                    yield from [replace(found, is_folder=True)] if found.problem else []
    for error in refused:
        yield ExportFile(export, str(error.filename), 0, None, problem=str(error.strerror), is_folder=True)


def _listed(export: str, path: Path) -> ExportFile:
    """A file within a folder, be it one that cannot be read, such as a link that leads nowhere."""
    try:
        return _local(export, path)
    except OSError as error:
        return ExportFile(export, str(path), 0, None, problem=str(error.strerror))


def _local(export: str, path: Path) -> ExportFile:
    status = path.stat()
    return ExportFile(export, str(path), status.st_size, _moment({"mtime": status.st_mtime}))


def _list_url(export: str) -> Iterator[ExportFile]:
    storage, root = open_url(export, SETTING)
    top = ExportFile(export, root, 0, None, urlsplit(export).scheme, storage, is_folder=True)
    try:
        if storage.isfile(root):
            yield replace(_stored(top, storage.info(root)), path=root)
            return
        yield from _walk_url(top)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{SETTING}: {one_line(export)}: there is nothing; correct the URL in sesreport.toml"
        ) from error
    except Exception as error:
        raise ConfigError(f"{SETTING}: {one_line(export)} cannot be read: {line_of(error)}") from error
    for parts in _metadata_beside(top.parts):
        beside = replace(top, path="/".join(parts), beside=True)
        try:
            yield from _walk_url(beside)
        except FileNotFoundError:
            pass  # it has none
        except Exception as error:  # noqa: BLE001 - storages have errors of their own
            yield replace(beside, problem=line_of(error))


def _walk_url(top: ExportFile) -> Iterator[ExportFile]:
    """The files in a folder, and folders in it that cannot be listed. Raises what listing the folder itself raises.

    fsspec's ``find`` leaves out a folder that it cannot list, without a word.
    """
    folders = [top]
    for folder in folders:
        try:
            listed = sorted(folder.storage.ls(folder.path, detail=True), key=lambda info: str(info["name"]))
        except Exception as error:
            if folder is top:
                raise
            yield replace(folder, problem=line_of(error))
            continue
        for found in (_stored(folder, info) for info in listed):
            if found.is_folder and found.path != folder.path:
                folders.append(found)
            elif not found.is_folder and _is_of_interest(found.name):
                yield found


def _stored(folder: ExportFile, info: dict[str, Any]) -> ExportFile:
    """What a listing of a folder names."""
    is_folder = info.get("type") == "directory"
    path, size = str(info["name"]).rstrip("/"), int(info.get("size") or 0)
    return replace(folder, path=path, size=size, modified=_moment(info), is_folder=is_folder)


def _metadata_beside(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The folder of the manifests of an export of which ``data`` alone is configured."""
    if "data" in parts:
        before = len(parts) - 1 - parts[::-1].index("data")
        folder = (*parts[:before], "metadata")
        if parts[0] != "/" or Path(*folder).is_dir():
            yield folder


def _is_of_interest(name: str) -> bool:
    return not name.startswith((".", "_")) and name.lower().endswith((*_DATA, "manifest.json"))


def _may_be_folder(name: str) -> bool:
    """Whether a link that leads nowhere may have led to a folder of an export: it has no ending of a file."""
    return not name.startswith((".", "_")) and not Path(name).suffix


def _moment(info: dict[str, Any]) -> datetime | None:
    """When a file was written, by whichever name its file system has for that; 1970 stands for not known."""
    for name in ("mtime", "LastModified", "last_modified", "modified", "created"):
        value = info.get(name)
        if isinstance(value, int | float) and value > 0:
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None
