"""Snapshots on disk: one Parquet file per frame and a manifest that seals them.

``<folder>/<UTC time>/`` holds ``<frame>.parquet`` and ``manifest.json`` (versions, settings' hash, SHA-256 and rows of
each file, coverage in short). A snapshot is written under a temporary name, renamed when whole, and never changed;
loading verifies every byte.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import botocore
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.core.errors import ConfigError, NameTakenError, SnapshotError
from sesreport.core.files import sha256_of, whole_folder
from sesreport.core.formats import FormatError
from sesreport.core.period import Period
from sesreport.core.schema import Frame
from sesreport.core.version import __version__
from sesreport.snapshot.collected import frames as declared_frames
from sesreport.snapshot.frame_attributes import CollectedFrames
from sesreport.snapshot.manifest import FORMAT, MANIFEST, parse_manifest

_NAME = re.compile(r"(?P<begun>[0-9]{8}T[0-9]{6}Z)(-(?P<number>[0-9]+))?")


class Snapshot(CollectedFrames):
    """One collection: frames as attributes (``snapshot.identities``), verified against the manifest."""

    imagined = False
    """Whether it was never collected (:class:`sesreport.snapshot.imagined.ImaginedSnapshot`)."""

    def __init__(self, path: Path) -> None:
        """Raises SnapshotError when the snapshot is missing, incomplete, changed, or of another format."""
        self.path = path
        self.manifest: dict[str, Any] = read_manifest(path)
        self.sha256 = sha256_of(path / MANIFEST)
        """Hash of the manifest, which holds the hash of every file: it names the evidence."""
        self._declared = declared_frames()
        self._read_frames: dict[str, pd.DataFrame] = {}
        files = self.manifest["files"]
        for name in self._declared:
            if name not in files and (path / f"{name}.parquet").exists():
                raise SnapshotError(f"snapshot {path}: {name}.parquet is not in its manifest; restore the manifest")
        for name, entry in files.items():
            _check(path, name, entry)

    @property
    def id(self) -> str:
        return self.path.name

    @cached_property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["started_at"])

    @cached_property
    def finished_at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["finished_at"])

    @cached_property
    def organization(self) -> str:
        """Whose accounts it holds: see :func:`organization_of`."""
        return _organization(self.accounts["account_id"].tolist(), self.accounts["organization_id"].dropna().tolist())

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """All collected frames by name."""
        return {name: self.frame(name) for name in self._declared}

    def frame_names(self) -> Iterable[str]:
        return self._declared

    def frame(self, name: str) -> pd.DataFrame:
        """A collected frame; also of a dataset of somebody else's."""
        if name not in self._declared:
            raise self.no_frame(name)
        if name not in self._read_frames:
            self._read_frames[name] = self._read(self._declared[name])
        return self._read_frames[name]

    def release(self) -> None:
        """Forgets the frames that were read; they are read again when they are asked for."""
        self._read_frames.clear()

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {entry['rows']}" for name, entry in self.manifest["files"].items())
        return f"<Snapshot {self.id}: {rows}>"

    def _read(self, declared: Frame) -> pd.DataFrame:
        if declared.name not in self.manifest["files"]:
            return declared.empty()  # a dataset that is newer than the snapshot; it has no coverage rows either
        return self.frame_of(self.path, declared)

    @staticmethod
    def frame_of(path: Path, declared: Frame) -> pd.DataFrame:
        """One frame of the snapshot at a path, as it is there. Raises SnapshotError."""
        try:
            with pq.ParquetFile(path / f"{declared.name}.parquet", memory_map=True) as file:
                table = file.read()  # in a fifth of the time that pq.read_table takes for a small one
            for name, column in declared.all_columns.items():
                if name not in table.column_names and not column.required:  # newer than the snapshot: not known
                    table = table.append_column(name, pa.nulls(table.num_rows, declared.arrow.field(name).type))
            table = table.select(list(declared.all_columns)).cast(declared.arrow)
        except (OSError, KeyError, pa.ArrowException) as error:
            raise SnapshotError(f"snapshot {path}: {declared.name}.parquet cannot be read: {error}") from error
        return declared.from_arrow(table)


def _check(path: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Raises SnapshotError for a file of a snapshot that is not the one its manifest names."""
    file = path / f"{name}.parquet"
    if not file.is_file():
        raise SnapshotError(f"snapshot {path}: {file.name} is missing; restore it or collect again")
    if sha256_of(file) != entry["sha256"]:
        raise SnapshotError(f"snapshot {path}: {file.name} was changed after it was written; restore it")
    try:
        rows = pq.read_metadata(file).num_rows
    except (OSError, pa.ArrowException) as error:
        raise SnapshotError(f"snapshot {path}: {file.name} cannot be read: {error}") from error
    if rows != entry["rows"]:
        raise SnapshotError(
            f"snapshot {path}: {file.name} has {rows:,} rows, and {MANIFEST} says {entry['rows']:,}; restore both"
        )


def write_snapshot(
    folder: Path,
    frames: Mapping[str, pd.DataFrame],
    *,
    started_at: datetime,
    finished_at: datetime,
    about: dict[str, Any],
) -> Path:
    """Writes a new snapshot and returns its path; ``about`` joins the manifest.

    Two collections that began in the same second get different names. Raises SchemaError, WriteError.
    """
    stem = started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in count(1):
        destination = folder / (stem if number == 1 else f"{stem}-{number}")
        if destination.exists():
            continue
        try:
            _write(destination, frames, {"started_at": started_at, "finished_at": finished_at}, about)
        except NameTakenError:  # by a collection that was done while this one wrote
            continue
        return destination
    raise AssertionError


def _write(
    destination: Path, frames: Mapping[str, pd.DataFrame], times: Mapping[str, datetime], about: dict[str, Any]
) -> None:
    declared = declared_frames()
    with whole_folder(destination) as temporary:
        files = {}
        for name, frame in frames.items():
            table = declared[name].to_arrow(frame)
            file = temporary / f"{name}.parquet"
            pq.write_table(table, file, compression="zstd")
            files[name] = {"sha256": sha256_of(file), "rows": table.num_rows}
        manifest = {
            "format": FORMAT,
            "tool": {
                "sesreport": __version__,
                "botocore": botocore.__version__,
                "pandas": pd.__version__,
                "pyarrow": pa.__version__,
                "python": platform.python_version(),
            },
            **{name: moment.isoformat() for name, moment in times.items()},
            **about,
            "coverage": frames["coverage"]["status"].value_counts().sort_index().to_dict(),
            "files": files,
        }
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def load(path: str | Path) -> Snapshot:
    """The snapshot at a path, verified. Raises SnapshotError."""
    return Snapshot(Path(path))


def organization_of(path: Path) -> str:
    """Whose accounts a snapshot holds: ``o-…``, or the account's id where only one was read.

    Empty where its accounts cannot be read, or do not tell.
    """
    accounts = _accounts(path)
    return _organization(accounts["account_id"], [each for each in accounts["organization_id"] if each])


def _accounts(path: Path) -> dict[str, list[str]]:
    """Accounts of a snapshot and their organizations; none where they cannot be read."""
    columns = ["account_id", "organization_id"]
    try:
        return dict(pq.read_table(path / "accounts.parquet", columns=columns).to_pydict())
    except (OSError, pa.ArrowException, KeyError):
        return {name: [] for name in columns}


def _organization(accounts: Sequence[str], organizations: Sequence[str]) -> str:
    if organizations:
        return str(min(organizations))
    return str(accounts[0]) if len(accounts) == 1 else ""


def snapshots(folder: Path, *, of: str | None = None) -> list[Path]:
    """Paths of all whole snapshots in a folder, oldest first; with ``of``, those of one organization alone.

    Those of which nobody can tell whose they are belong to all: whoever loads them is told what is wrong.
    """
    found = _all(folder)
    return found if of is None else [path for path in found if organization_of(path) in ("", of)]


def newest_with(folder: Path, account_id: str) -> Path | None:
    """The newest snapshot of a whole organization that an account is in."""
    for path in reversed(_all(folder)):
        accounts = _accounts(path)
        if account_id in accounts["account_id"] and any(accounts["organization_id"]):
            return path
    return None


def others(folder: Path, of: str) -> list[Path]:
    """Snapshots of other organizations than this one."""
    mine = snapshots(folder, of=of)
    return [path for path in _all(folder) if path not in mine]


def in_hand(folder: Path, organization: str = "") -> str:
    """The organization that a folder of snapshots is asked about: the one named, else that of the newest snapshot."""
    return organization or next(filter(None, map(organization_of, reversed(_all(folder)))), "")


def _all(folder: Path) -> list[Path]:
    found = {p.parent: _NAME.fullmatch(p.parent.name) for p in folder.glob("[0-9]*/manifest.json")}
    named = [(name["begun"], int(name["number"] or 1), path) for path, name in found.items() if name]
    return [path for _, _, path in sorted(named)]


def snapshot_of(folder: Path, period: Period, *, of: str | None = None) -> Path:
    """The snapshot that speaks for a closed month: the first begun after its end, within the next month.

    Of several, the last that was collected in its place (``speaks_for`` in its manifest, see
    :func:`sesreport.collect.run.collect`). Failing that, the last one begun within the month. With ``of``, among
    those of one organization. Raises ConfigError when there is neither.
    """
    found = _speaker([(_begun(path), path) for path in snapshots(folder, of=of)], period)
    if found is None:
        raise ConfigError(
            f"no snapshot for {period} in {folder}: it needs one begun in {period} or {period.shift(1)}; "
            "collect one with 'sesreport collect'"
        )
    return found


def month_snapshots(folder: Path, *, of: str | None = None) -> dict[Period, Path]:
    """The snapshot that speaks for each month that has one, oldest first; each for one month alone.

    With ``of``, of one organization.
    """
    begun = [(_begun(path), path) for path in snapshots(folder, of=of)]
    out: dict[Period, Path] = {}
    if not begun:
        return out
    month = Period(begun[0][0].year, begun[0][0].month).shift(-1)
    while month.start <= begun[-1][0]:
        path = _speaker(begun, month)
        if path is not None and path not in out.values():
            out[month] = path
        month = month.shift(1)
    return out


def _speaker(begun: Sequence[tuple[datetime, Path]], period: Period) -> Path | None:
    after = [path for moment, path in begun if period.end <= moment < period.shift(1).end]
    if not after:
        return next((path for moment, path in reversed(begun) if period.start <= moment < period.end), None)
    in_its_place = [path for path in after[1:] if _speaks_for(path) == str(period)]
    return in_its_place[-1] if in_its_place else after[0]


def standing_snapshot(
    folder: Path, period: Period, *, now: datetime, anew: bool = False, of: str | None = None
) -> Path | None:
    """The snapshot a closed month is made from without collecting; None where one is to be collected now.

    A month is never made from a later state: a snapshot begun ``now`` speaks for it only until the next month is over.
    Within that time a snapshot begun before the month's end does not keep the end from being read, and ``anew`` asks
    for a collection in place of the one that stands. Raises ConfigError when there is no snapshot and it is too late
    for one, and for ``anew`` when it is too late.
    """
    in_time = now < period.shift(1).end
    if anew and in_time:
        return None
    try:
        path = snapshot_of(folder, period, of=of)
    except ConfigError:
        if in_time:
            return None
        raise ConfigError(f"no snapshot for {period} in {folder}, and {_too_late(period, now)}") from None
    if anew:
        raise ConfigError(f"{period} cannot be collected again: {_too_late(period, now)}")
    return None if in_time and _begun(path) < period.end else path


def speaks_for(snapshot: Snapshot, period: Period) -> bool:
    """Whether a snapshot was begun within a month or the next, so that the month may be made from it."""
    return period.start <= snapshot.started_at < period.shift(1).end


def _too_late(period: Period, now: datetime) -> str:
    return (
        f"a snapshot collected now shows {now:%Y-%m-%d}, not the end of {period}; to make the month from a later "
        "state all the same: 'sesreport collect', then 'sesreport report --snapshot PATH --other-month'"
    )


def _speaks_for(path: Path) -> str | None:
    """The month a snapshot was collected for in another's place; None also where the manifest cannot be read."""
    try:
        return str(read_manifest(path).get("speaks_for"))
    except SnapshotError:
        return None  # whoever loads it is told


def _begun(path: Path) -> datetime:
    return datetime.strptime(path.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a whole snapshot. Raises SnapshotError for anything else."""
    try:
        manifest, _ = parse_manifest((path / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise SnapshotError(
            f"snapshot {path}: there is no {MANIFEST}; it is not a snapshot, or not a whole one"
        ) from error
    except (OSError, FormatError) as error:
        raise SnapshotError(f"snapshot {path}: {MANIFEST} cannot be read: {error}") from error
    return manifest
