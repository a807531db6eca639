"""Files and folders that are whole or not there: written under a temporary name, renamed when finished.

And what people wrote, read with a limit and as UTF-8.
"""

from __future__ import annotations

import codecs
import ctypes
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from sesreport.core.errors import ConfigError, NameTakenError, WriteError

try:
    import fcntl
except ImportError:  # not on Windows: there, what a killed process left is removed when it is a day old
    fcntl = None  # type: ignore[assignment]

_PART, _OLD = ".sesreport-part", ".sesreport-old"
"""Endings of names that only this module gives: to what is being written, and to what is being replaced."""
_LEFTOVER = re.compile(rf"\.(?P<name>.+)-[0-9a-f]{{8}}(?P<ending>{re.escape(_PART)}|{re.escape(_OLD)})")
_STALE = 24 * 3600
"""Seconds after which nobody is still writing."""
_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux."""
LARGEST = 16 * 2**20
"""Bytes of a file that people write, such as settings or a register; a larger one is not read."""


@contextmanager
def whole_folder(destination: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new folder to fill; it takes its name only when the block ends well, else nothing of it remains.

    With ``replace`` a folder of that name is exchanged, else its presence is an error. A block that moves the folder
    elsewhere itself leaves the destination as it was.
    Raises WriteError when the disk is full or not writable, NameTakenError when the name is taken.
    """
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with _part(destination, Path.mkdir) as temporary:
            yield temporary
            if not temporary.exists():
                return
            if replace and destination.exists():
                exchange(temporary, destination)
            elif destination.exists():
                raise NameTakenError(f"{destination}: is already there; nothing was written")
            else:
                temporary.rename(destination)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY) and destination.exists():
            raise NameTakenError(f"{destination}: is already there; nothing was written") from error
        raise WriteError(f"{destination}: {error.strerror or error}; nothing was kept of it") from error


def write_whole(path: Path, content: str | bytes | Callable[[IO[bytes]], object]) -> None:
    """Writes one file, whole or not at all: text as UTF-8, bytes, or what a function writes into the open file.

    Raises WriteError, with what was at ``path`` untouched, when the file system refuses.
    """
    try:
        with _part(path, partial(Path.touch, exist_ok=False)) as temporary:
            with temporary.open("wb") as file:
                if callable(content):
                    content(file)
                else:
                    file.write(content.encode("utf-8") if isinstance(content, str) else content)
            temporary.replace(path)
    except OSError as error:
        raise WriteError(
            f"{path} could not be written: {error.strerror or error}; what was there is untouched"
        ) from error


def exchange(new: Path, destination: Path) -> None:
    """Puts a new folder in the place of the one there, which is removed; that one stays where it cannot be done.

    On Linux it is one step. Elsewhere, and on file systems without it, :func:`remove_leftovers` puts back the older
    folder of a process that was killed between the two.
    """
    old = _beside(destination, _OLD)
    with _locked(destination):
        if _swapped(new, destination):
            new.rename(old)
        else:
            try:
                destination.rename(old)
                new.rename(destination)
            except BaseException:
                if old.exists() and not destination.exists():
                    old.rename(destination)
                raise
        _remove(old)


def remove_folder(folder: Path) -> None:
    """Removes a folder; nobody finds half of it under its name, also when the process is killed meanwhile."""
    gone = _beside(folder.with_name("removed"), _PART)
    try:
        folder.rename(gone)
    except OSError:  # on Windows while a file in it is open
        gone = folder
    _remove(gone)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed processes left half-written in a folder, and puts back what one was about to replace.

    What a living process writes stays: it is locked or, where the file system has no locks, not a day old.
    """
    there: list[Path] = []
    with suppress(OSError):  # a folder that is not there, or cannot be listed
        there = list(folder.iterdir())
    for left in there:
        found = _LEFTOVER.fullmatch(left.name)
        if found is None:
            continue
        with suppress(OSError), _locked(left) as mine:
            destination = left.with_name(found["name"])
            if mine is False:
                continue
            if found["ending"] == _OLD and not destination.exists():
                left.rename(destination)
            elif mine or time.time() - left.stat().st_mtime > _STALE:
                _remove(left)


def check_writable(folder: Path) -> None:
    """Raises WriteError when nothing could be written into a folder; leaves no trace, not even a missing folder."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _part(folder / "writable", Path.mkdir):
            pass
    except OSError as error:
        raise WriteError(f"{folder}: cannot be written to ({error.strerror or error})") from error
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


def _beside(destination: Path, ending: str) -> Path:
    return destination.with_name(f".{destination.name}-{secrets.token_hex(4)}{ending}")


@contextmanager
def _part(destination: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    """A file or folder of its own beside a destination, with the permissions that the umask leaves.

    It is locked while the block runs; what is there of it then is removed.
    """
    remove_leftovers(destination.parent)
    while True:
        part = _beside(destination, _PART)
        make(part)
        with _locked(part) as mine:
            if mine is False or not part.exists():  # another process took it for a leftover before it was locked
                continue
            try:
                yield part
            finally:
                _remove(part)
            return


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[bool | None]:
    """Locks a file or folder; yields True, False when another has locked it, None where there are no locks."""
    descriptor = None
    if fcntl is not None:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
    try:
        yield None if descriptor is None else _lock(descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Locks a folder, which is made where it is missing, against all others that ask for it while the block runs.

    Where the system or the file system has no locks nothing is locked. Raises WriteError when another process has
    locked it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{folder}: cannot be made ({error.strerror or error})") from error
    with _locked(folder) as mine:
        if mine is False:
            raise WriteError(f"{folder}: another process writes there now; try again when it has ended")
        yield


def _lock(descriptor: int) -> bool | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # network file systems do not lock folders
        return None
    return True


def _swapped(one: Path, other: Path) -> bool:
    """Exchanges two names in one step; False where the system or the file system cannot (renameat2(2), Linux)."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, TypeError, AttributeError):
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def read_small(path: Path) -> bytes:
    """The content of a file that people write. Raises ConfigError above :data:`LARGEST` bytes, and OSError."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ConfigError(f"{path}: is larger than {LARGEST // 2**20} MiB, so it was not read; is it the right file?")
    return content


def is_utf16(content: bytes) -> bool:
    """Whether it begins like text that an office program saved as "Unicode"."""
    return content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:2]


def read_text(path: Path) -> str:
    """The UTF-8 text of a file that people write, without its byte order mark and with ``\\n`` as line ends.

    Raises ConfigError, with line and column of the first byte that is not UTF-8, and OSError.
    """
    content = read_small(path)
    if is_utf16(content):
        raise ConfigError(f"{path}, line 1, column 1: is UTF-16, not UTF-8 text; save it as UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        where = f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
        raise ConfigError(
            f"{path}, {where}: is not UTF-8 text (byte 0x{content[error.start]:02X}); save it as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
