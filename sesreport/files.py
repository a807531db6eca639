"""Files and folders that are whole or not there: written under a temporary name, renamed when finished.

And what people wrote, read with a limit and as UTF-8.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sesreport.errors import ConfigError, NameTakenError, WriteError

LARGEST = 16 * 2**20
"""Bytes of a file that people write, such as settings or a register; a larger one is not read."""


@contextmanager
def whole_folder(destination: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new folder to fill; it takes its name only when the block ends well, else nothing of it remains.

    With ``replace`` a folder of that name is exchanged, else its presence is an error. A block that moves the folder
    elsewhere itself leaves the destination as it was.
    Raises WriteError when the disk is full or not writable, NameTakenError when the name is taken.
    """
    temporary: Path | None = None
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
        temporary.chmod(0o755)
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
    finally:
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)


def exchange(new: Path, destination: Path) -> None:
    """The new folder in place of the one there, which comes back when the new one cannot take its place."""
    old = Path(tempfile.mkdtemp(prefix=f".{destination.name}-old-", dir=destination.parent))
    destination.rename(old / "was")
    try:
        new.rename(destination)
    except BaseException:
        (old / "was").rename(destination)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_whole(destination: Path, content: str | bytes) -> None:
    """Writes one file under a temporary name beside it and renames it. Raises WriteError."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = destination.with_name(f".{destination.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(destination)
    except OSError as error:
        raise WriteError(f"{destination}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Raises WriteError when nothing could be written into a folder; leaves no trace, not even a missing folder."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=".writable-", dir=folder)).rmdir()
    except OSError as error:
        raise WriteError(f"{folder}: cannot be written to ({error.strerror or error})") from error
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


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
