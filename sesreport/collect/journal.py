"""Every answer of a collection, written down when it arrives, so that a collection that was cut off can go on.

A collection that runs has a folder ``.collecting-<UTC time>-…`` beside the snapshots: ``collection.json`` says what was
begun, and each thread appends place, call and answer as lines of JSON. Nothing is asked twice that is written there.
The folder is locked while its process lives, and removed when the snapshot is whole.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from pydantic import BaseModel

from sesreport.core.errors import WriteError
from sesreport.core.files import remove_folder
from sesreport.core.formats import FormatError, Moment, check_shape, read_format

try:
    import fcntl
except ImportError:  # not on Windows: there, nothing tells a collection that runs from one that was cut off
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

FORMAT = "sesreport-collection/1"
_PREFIX = ".collecting-"


class _Begun(BaseModel):
    """What is needed to go on with a collection."""

    started_at: Moment
    based_on: str | None
    configuration_sha256: str | None = None
    scope: str | None = None
    account_id: str | None = None
    speaks_for: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a call answered, and when."""

    content: dict[str, Any]
    at: datetime


class Calls(Protocol):
    """Remembers answers by account × Region and call."""

    def known(self, place: str, call: str) -> Answer | None: ...

    def record(self, place: str, call: str, answer: Answer) -> None: ...


def call_id(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """Names a call: the same for the same question."""
    text = json.dumps([service, operation, parameters], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class Memory:
    """Answers kept in memory: for a place read in another process, which hands them back with its rows."""

    def __init__(self, known: Mapping[tuple[str, str], Answer] | None = None) -> None:
        self._known = dict(known or {})
        self.fresh: dict[tuple[str, str], Answer] = {}

    def known(self, place: str, call: str) -> Answer | None:
        return self._known.get((place, call))

    def record(self, place: str, call: str, answer: Answer) -> None:
        self._known[place, call] = self.fresh[place, call] = answer


@dataclass
class Journal:
    """The folder of one collection."""

    folder: Path
    begun: dict[str, Any]
    """What was begun: start, scope, hash of the settings, caller."""
    _lock_file: IO[str] = field(repr=False)
    _where: dict[str, dict[str, tuple[str, int, int]]] = field(default_factory=dict, repr=False)
    """place → call → name of the file, offset, length."""
    _files: list[int] = field(default_factory=list, repr=False)
    """Open files, one for each thread that wrote."""
    _mine: threading.local = field(default_factory=threading.local, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def begin(cls, folder: Path, begun: Mapping[str, Any]) -> Journal:
        """A new one in a folder of snapshots. Raises WriteError."""
        made = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stem = datetime.fromisoformat(begun["started_at"]).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
            made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{stem}-", dir=folder))
            about = made / "collection.json"
            about.write_text(json.dumps({"format": FORMAT, **begun}), encoding="utf-8")
            return cls(made, dict(begun), _locked(about))
        except OSError as error:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
            raise WriteError(
                f"{folder}: {error.strerror or error}; nothing was read: make the folder writable and free some space, "
                "or set paths.snapshots to another folder"
            ) from error

    @classmethod
    def unfinished(cls, folder: Path) -> Iterator[Journal]:
        """Those that were cut off, newest first; one whose process still lives is passed over.

        One that cannot be understood is passed over too, with a warning.
        """
        for about in sorted(folder.glob(f"{_PREFIX}*/collection.json"), key=_changed_at, reverse=True):
            try:
                lock = _locked(about)
            except OSError:
                continue
            begun, fault = _begun(about)
            if fault:
                lock.close()
                log.warning(
                    "%s cannot be understood and is not gone on with: %s; remove the folder to begin anew",
                    about.parent, fault,
                )  # fmt: skip
                continue
            journal = cls(about.parent, {name: value for name, value in begun.items() if name != "format"}, lock)
            journal._read()
            yield journal

    def known(self, place: str, call: str) -> Answer | None:
        """The answer written down, or None; also None where the line does not hold it any more."""
        where = self._where.get(place, {}).get(call)
        if where is None:
            return None
        name, offset, length = where
        try:
            with (self.folder / name).open("rb") as lines:
                lines.seek(offset)
                entry = _entry(lines.read(length))
        except OSError:
            return None
        return entry.answer if entry and (entry.place, entry.call) == (place, call) else None

    def record(self, place: str, call: str, answer: Answer) -> None:
        """Writes an answer down before anything is made of it. Raises WriteError."""
        entry = {"place": place, "call": call, "at": answer.at.isoformat(), "answer": answer.content}
        line = json.dumps(entry, default=_encoded, separators=(",", ":")).encode() + b"\n"
        try:
            name, file = self._my_file()
            offset = os.lseek(file, 0, os.SEEK_END)
            written = os.write(file, line)
        except OSError as error:
            raise _cannot(self.folder, error) from error
        if written < len(line):
            raise WriteError(f"{self.folder}: the disk is full; free some space and go on with --resume")
        self._where.setdefault(place, {})[call] = (name, offset, len(line))

    def of_place(self, place: str) -> dict[tuple[str, str], Answer]:
        """Everything known of one account × Region."""
        found = {(place, call): self.known(place, call) for call in self._where.get(place, {})}
        return {key: answer for key, answer in found.items() if answer}

    @property
    def answers(self) -> int:
        """How many answers are written down."""
        return sum(len(calls) for calls in self._where.values())

    def close(self, *, remove: bool) -> None:
        """Lets go of the folder; ``remove`` when the snapshot is whole."""
        for file in self._files:
            with suppress(OSError):
                os.close(file)
        self._files.clear()
        if remove:
            remove_folder(self.folder)
        self._lock_file.close()

    def _my_file(self) -> tuple[str, int]:
        """Name and descriptor of the file of this thread: a new one, with a number above all that are there."""
        mine: tuple[str, int] | None = getattr(self._mine, "file", None)
        if mine is None:
            with self._lock:
                number = max((int(path.stem) for path in _files_of(self.folder)), default=-1) + 1
                name = f"{number}.jsonl"
                file = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
                self._files.append(file)
            self._mine.file = mine = (name, file)
        return mine

    def _read(self) -> None:
        """Finds every whole line; the last one of a file may be half, when the process was killed while it wrote."""
        for path in _files_of(self.folder):
            offset = 0
            with suppress(OSError), path.open("rb") as lines:
                for line in lines:
                    if entry := _entry(line):
                        self._where.setdefault(entry.place, {})[entry.call] = (path.name, offset, len(line))
                    offset += len(line)


@dataclass(frozen=True)
class CutOff:
    """A collection that was cut off and not gone on with."""

    folder: Path
    begun: dict[str, Any]
    answers: int
    fault: str = ""
    """Why nothing can go on with what ``collection.json`` says."""

    def is_of(self, day: date) -> bool:
        """Whether it was begun in the month of a day, so that its snapshot speaks for what one begun now would."""
        return str(self.begun.get("started_at"))[:7] == f"{day:%Y-%m}"

    @property
    def understood(self) -> bool:
        """Whether ``collection.json`` says all that is needed to go on."""
        return not self.fault

    def __str__(self) -> str:
        """When it was begun, by whom, of what, and how far it came, in one line."""
        begun = _moment(self.begun.get("started_at"))
        at = f"{begun.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if begun else "at an unknown time"
        whose = f"account {self.begun.get('account_id', 'unknown')} ({self.begun.get('scope', 'of unknown scope')})"
        return f"{self.folder}: a collection begun {at} by {whose} was cut off after {self.answers:,} answers"


def cut_off(folder: Path) -> list[CutOff]:
    """Collections that were cut off, oldest first; one whose process still lives is none."""
    found = []
    for about in sorted(folder.glob(f"{_PREFIX}*/collection.json")):
        with suppress(OSError):
            _locked(about).close()
            answers = sum(path.read_bytes().count(b"\n") for path in _files_of(about.parent) if path.is_file())
            begun, fault = _begun(about)
            found.append(CutOff(about.parent, begun, answers, fault))
    return found


def _files_of(folder: Path) -> list[Path]:
    """Files of answers, by number; a file of another name is somebody else's."""
    found = [path for path in folder.glob("*.jsonl") if re.fullmatch("[0-9]{1,9}", path.stem)]
    return sorted(found, key=lambda path: int(path.stem))


def _changed_at(path: Path) -> float:
    """When a file was changed; 0 for one that is gone meanwhile."""
    with suppress(OSError):
        return path.stat().st_mtime
    return 0


def _begun(about: Path) -> tuple[dict[str, Any], str]:
    """What ``collection.json`` says, or nothing and why it cannot be understood."""
    try:
        begun = read_format(about.read_bytes(), FORMAT)
        check_shape(begun, _Begun)
    except (OSError, FormatError) as error:
        return {}, str(error)
    return begun, ""


def _moment(text: object) -> datetime | None:
    """The moment a text names; None where it names none, or one of an unknown time zone."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


@dataclass(frozen=True)
class _Entry:
    """What one line says."""

    place: str
    call: str
    answer: Answer


def _entry(line: bytes) -> _Entry | None:
    """What a line says; None for one that is not whole, or that was not written here."""
    try:
        told = json.loads(line)
        place, call, at, content = told["place"], told["call"], _moment(told["at"]), _decoded(told["answer"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if at is None or not (isinstance(place, str) and isinstance(call, str) and isinstance(content, dict)):
        return None
    return _Entry(place, call, Answer(content, at))


def _encoded(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    raise TypeError(f"{type(value).__name__} in an answer")


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$at"}:
            with suppress(ValueError, TypeError):  # else somebody's own key
                return datetime.fromisoformat(value["$at"])
        return {name: _decoded(each) for name, each in value.items()}
    return [_decoded(each) for each in value] if isinstance(value, list) else value


def _locked(about: Path) -> IO[str]:
    """The file, locked as long as it is open. Raises OSError when another process has it."""
    file = about.open("r+", encoding="utf-8")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
    return file


def _cannot(folder: Path, error: OSError) -> WriteError:
    return WriteError(f"{folder}: {error.strerror or error}; what was read so far is kept, go on with --resume")
