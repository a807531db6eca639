"""Snapshots on other storage than a local disk: a folder in the user's cache mirrors any fsspec URL.

Snapshots never change, so each is fetched once, and everything that reads them, DuckDB included, reads local files.
A snapshot is there when its ``manifest.json`` is, which is written last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_cache_path

from sesreport.core.errors import ConfigError, NameTakenError, WriteError
from sesreport.core.files import whole_folder
from sesreport.core.registry import Registry
from sesreport.settings.config import Config

MANIFEST = "manifest.json"
Opener = Callable[[str], tuple[Any, str]]
"""From a URL to the fsspec file system that holds it, and the path in it. Raises ImportError, ValueError, OSError."""
FILE_SYSTEMS: Registry[Opener] = Registry("file system")


def file_system(scheme: str) -> Callable[[Opener], Opener]:
    """Registers what opens URLs of a scheme in place of fsspec's own file system."""

    def register(open_url: Opener) -> Opener:
        FILE_SYSTEMS.add(scheme, open_url, open_url.__module__)
        return open_url

    return register


def snapshots_folder(config: Config) -> Path:
    """The local folder of the snapshots; that of the mirror, brought up to date, when they are kept at a URL.

    Raises ConfigError when the URL cannot be read.
    """
    where = config.paths.snapshots
    return mirror(where) if is_url(where) else Path(where)


def is_url(where: str) -> bool:
    """Whether a folder is named by a URL and not by a path."""
    return "://" in where


def mirror(url: str) -> Path:
    """The local copy of all snapshots at a URL; those that are new there are fetched."""
    local = user_cache_path("sesreport") / "mirror" / hashlib.sha256(url.encode()).hexdigest()[:16]
    local.mkdir(parents=True, exist_ok=True)
    storage, root = open_url(url, "paths.snapshots")
    try:
        found = storage.find(root)
        for manifest in [path for path in found if path.endswith(f"/{MANIFEST}")]:
            folder, name = manifest.rsplit("/", 1)[0], manifest.split("/")[-2]
            if (local / name).exists():
                continue
            # Another process may have fetched it meanwhile; it is the same.
            with suppress(NameTakenError), whole_folder(local / name) as temporary:
                for path in [each for each in found if each.rsplit("/", 1)[0] == folder]:
                    storage.get_file(path, str(temporary / path.rsplit("/", 1)[1]))
            _known(local / name).touch()
    except FileNotFoundError:  # an empty folder, or one that is not there yet
        return local
    except WriteError:
        raise
    except Exception as error:
        raise ConfigError(f"paths.snapshots: {url} cannot be read: {_line(error)}") from error
    return local


def publish(folder: Path, url: str) -> dict[Path, Path]:
    """Copies every whole snapshot of a mirror that was never at the URL, each with its manifest last.

    One whose name another machine has given to a snapshot of its own takes the next free name: returned are the old
    path and the new one. (Two machines that copy at the very same time are not told apart.) Raises WriteError; the
    local copies stay, and the next collection tries again.
    """
    storage, root = open_url(url, "paths.snapshots")
    renamed = {}
    for manifest in sorted(folder.glob(f"[0-9]*/{MANIFEST}")):
        snapshot = manifest.parent
        if _known(snapshot).exists():
            continue
        try:
            free = _free(snapshot, storage, root)
            if free != snapshot:
                snapshot.rename(free)
                renamed[snapshot] = snapshot = free
            if not storage.exists(f"{root}/{snapshot.name}/{MANIFEST}"):
                storage.makedirs(f"{root}/{snapshot.name}", exist_ok=True)
                for path in sorted(snapshot.iterdir(), key=lambda path: path.name == MANIFEST):
                    storage.put_file(str(path), f"{root}/{snapshot.name}/{path.name}")
            _known(snapshot).touch()
        except Exception as error:
            raise WriteError(f"{url}: {_line(error)}; the snapshot is kept at {snapshot}") from error
    return renamed


def _free(snapshot: Path, storage: Any, root: str) -> Path:
    """The snapshot's path, or the next of its kind while another snapshot has its name at the URL."""
    stem, own = snapshot.name.partition("-")[0], (snapshot / MANIFEST).read_bytes()
    for number in count(1):
        path = snapshot if number == 1 else snapshot.with_name(f"{stem}-{number}")
        if path != snapshot and path.exists():
            continue
        there = f"{root}/{path.name}/{MANIFEST}"
        if not storage.exists(there) or storage.cat_file(there) == own:
            return path
    raise AssertionError


def _known(snapshot: Path) -> Path:
    """A mark beside a snapshot that it was at the URL: one that is there no more was taken away, and stays away."""
    return snapshot.with_name(f".at-url-{snapshot.name}")


def open_url(url: str, setting: str) -> tuple[Any, str]:
    """The fsspec file system of a URL that a setting names, and the path in it. Raises ConfigError."""
    scheme = urlsplit(url).scheme
    try:
        if scheme in FILE_SYSTEMS:
            return FILE_SYSTEMS[scheme](url)
        import fsspec

        storage, path = fsspec.url_to_fs(url)
        return storage, str(path).rstrip("/")
    except (ImportError, ValueError, OSError) as error:
        raise ConfigError(f"{setting}: {url} cannot be opened: {_line(error)}") from error


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
