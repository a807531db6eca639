"""All snapshots of a folder as one history: DuckDB over their Parquet files, reading only what is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from sesreport.core.errors import ConfigError, SnapshotError, suggestion
from sesreport.core.files import sha256_of
from sesreport.core.period import Period
from sesreport.core.schema import Frame, nullable
from sesreport.findings.differences import Differences, compare
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.series import Source, connection, gaps, moment, parquet, quoted, stored, text, windows
from sesreport.snapshot.store import (
    Snapshot,
    in_hand,
    load,
    month_snapshots,
    others,
    read_manifest,
    snapshot_of,
    snapshots,
)

Day = str | date | datetime


class History:
    """The snapshots that a folder holds of one organization, oldest first.

    >>> history = History("data/snapshots")
    >>> history.frame("identities", as_of="2026-08-31")
    >>> history.sql("SELECT begun, count(*) AS identities FROM identities GROUP BY ALL ORDER BY ALL")
    >>> history.compare("2026-09", "2026-10")

    A day is told by the last snapshot begun by its end, or by a moment. A month, ``YYYY-MM``, is told by the snapshot
    that its pack is made from (:func:`sesreport.snapshot.store.snapshot_of`).
    """

    def __init__(self, folder: str | Path, config: Config | None = None) -> None:
        """``config`` judges in :meth:`compare`, and may name the organization; else it is the newest snapshot's."""
        self.folder = Path(folder)
        self.config = config
        self.organization = in_hand(self.folder, config.organization.id if config else "")
        """``o-…``, or an account's id where only one was read."""
        self._sound: set[tuple[Path, str]] = set()

    @cached_property
    def paths(self) -> list[Path]:
        """Whole snapshots, oldest first; as they were when first asked for."""
        return snapshots(self.folder, of=self.organization)

    @cached_property
    def left_out(self) -> list[Path]:
        """Snapshots of other organizations in the folder."""
        return others(self.folder, self.organization)

    @cached_property
    def manifests(self) -> dict[Path, dict[str, Any]]:
        """Their manifests. Raises SnapshotError for one that is none."""
        return {path: read_manifest(path) for path in self.paths}

    def __repr__(self) -> str:
        if not self.paths:
            return f"<History {self.folder}: no snapshot{self._others()}>"
        ids = f"{self.paths[0].name} to {self.paths[-1].name}"
        return f"<History {self.folder}: {len(self.paths)} snapshots, {ids}{self._others()}>"

    def _others(self) -> str:
        return f"; {len(self.left_out)} of other organizations left out" if self.left_out else ""

    def as_of(self, day: Day) -> Path:
        """The snapshot that tells a day, a moment or a month. Raises ConfigError."""
        if month := _month(day):
            return snapshot_of(self.folder, month, of=self.organization)
        until = _end(day)
        found = [path for path in self.paths if self._began(path) <= until]
        if not found:
            raise ConfigError(f"no snapshot in {self.folder} was begun by {day}; {self!r}")
        return found[-1]

    def month_ends(self) -> pd.DataFrame:
        """One row per month from the first that a snapshot speaks for to the last: ``period``, ``snapshot``, ``begun``.

        A month that none speaks for is a row with NA.
        """
        speaking = month_snapshots(self.folder, of=self.organization)
        months = sorted(speaking)
        if not months:
            return pd.DataFrame({"period": [], "snapshot": [], "begun": []}).astype(
                {"period": "string", "snapshot": "string", "begun": "datetime64[us, UTC]"}
            )
        last, month, rows = months[-1], months[0], []
        while month <= last:
            path = speaking.get(month)
            rows.append({"period": str(month), "snapshot": path and path.name, "begun": path and self._began(path)})
            month = month.shift(1)
        made = pd.DataFrame(rows).astype({"period": "string", "snapshot": "string"})
        return made.assign(begun=pd.to_datetime(made["begun"], utc=True).astype("datetime64[us, UTC]"))

    def frame(self, name: str, *, as_of: Day | None = None) -> pd.DataFrame:
        """A collected frame as of a day; the newest when None. Only its own file is read, and verified.

        Raises ConfigError for a frame or a day there is none of, SnapshotError for a file that was changed.
        """
        declared = self._declared(name)
        path = self.as_of(as_of) if as_of is not None else self._newest()
        self._verify(path, name)
        if name not in self.manifests[path]["files"]:
            return declared.empty()
        return Snapshot.frame_of(path, declared)

    def sql(self, query: str, parameters: Sequence[Any] | None = None) -> pd.DataFrame:
        """A DuckDB query over all snapshots: a table per collected frame, with ``snapshot`` (id) and ``begun``.

        The table ``snapshots`` has one row each. ``"at"`` is a word of DuckDB's and must be quoted. Only the tables
        that the query names are read, and their files verified. Raises ConfigError for a query DuckDB refuses,
        SnapshotError for a file that was changed.
        """
        with connection() as connected:
            about = pd.DataFrame(
                {"snapshot": [p.name for p in self.paths], "begun": [self._began(p) for p in self.paths]}
            ).astype({"snapshot": "string", "begun": "datetime64[us, UTC]"})
            connected.register("snapshots", about)
            for name in frames():
                if name in query.lower():
                    connected.execute(f"CREATE TEMP VIEW {quoted(name)} AS {self._view(name)}")
            try:
                return nullable(connected.sql(query, params=parameters).to_arrow_table())
            except duckdb.Error as error:
                raise ConfigError(f"query: {' '.join(str(error).split())}") from error

    def series(self, name: str, *, as_of: Day | None = None, where: str = "TRUE") -> pd.DataFrame:
        """``sending`` or ``metrics`` over all snapshots (begun by a day), each slot once: see
        :func:`sesreport.snapshot.series.stored`."""
        chosen = self._until(as_of)
        for path in chosen:
            self._verify(path, name)
            self._verify(path, "coverage")
        return stored(name, [self._source(path) for path in chosen], where=where)

    def gaps(self, name: str, *, as_of: Day | None = None) -> pd.DataFrame:
        """Stretches of a series nobody looked at, by place: ``since`` and ``until``; not known, never zero."""
        chosen = self._until(as_of)
        if not chosen:
            return gaps(windows(name, []), until=pd.Timestamp(datetime.now(UTC)))
        for path in chosen:
            self._verify(path, "coverage")
        declared = frames()["coverage"]
        looked = windows(name, [(self._source(p), Snapshot.frame_of(p, declared)) for p in chosen])
        until = pd.Timestamp(self._began(chosen[-1])).floor("D" if name == "metrics" else "15min")
        return gaps(looked, until=until)

    def compare(self, older: Day, newer: Day) -> Differences:
        """Who gained and who lost the right to send between two days: see :class:`Differences`."""
        paths = self.as_of(older), self.as_of(newer)
        if paths[0] == paths[1]:
            raise ConfigError(
                f"{older} and {newer} are both told by snapshot {paths[0].name}: there is nothing to compare"
            )
        if self._began(paths[0]) > self._began(paths[1]):
            raise ConfigError(f"{older} is told by a later snapshot than {newer}: write the earlier day first")
        return replace(compare(*(load(path) for path in paths), config=self.config), left_out=len(self.left_out))

    def _view(self, name: str) -> str:
        parts = []
        for path in self.paths:
            if name in self.manifests[path]["files"]:
                self._verify(path, name)
                file = parquet([path / f"{name}.parquet"])
                began = moment(self._began(path))
                parts.append(f"SELECT {text(path.name)} AS snapshot, {began} AS begun, * FROM {file}")
        if not parts:
            columns = ", ".join(f"NULL AS {quoted(column)}" for column in self._declared(name).all_columns)
            return f"SELECT NULL AS snapshot, NULL AS begun, {columns} WHERE FALSE"
        return " UNION ALL BY NAME ".join(parts)

    def _verify(self, path: Path, name: str) -> None:
        """That a file is the one the snapshot was sealed with; asked once."""
        entry = self.manifests[path]["files"].get(name)
        if entry is None or (path, name) in self._sound:
            return
        file = path / f"{name}.parquet"
        if not file.is_file():
            raise SnapshotError(f"snapshot {path}: {file.name} is missing; restore it or collect again")
        if sha256_of(file) != entry["sha256"]:
            raise SnapshotError(f"snapshot {path}: {file.name} was changed after it was written; restore it")
        self._sound.add((path, name))

    def _declared(self, name: str) -> Frame:
        if name not in frames():
            raise ConfigError(f"no frame {name!r}{suggestion(name, list(frames()))}")
        return frames()[name]

    def _newest(self) -> Path:
        if not self.paths:
            raise ConfigError(f"no snapshot in {self.folder}; collect one with 'sesreport collect'")
        return self.paths[-1]

    def _until(self, day: Day | None) -> list[Path]:
        if day is None:
            return self.paths
        if _month(day):
            return self.paths[: self.paths.index(self.as_of(day)) + 1]
        return [path for path in self.paths if self._began(path) <= _end(day)]

    def _began(self, path: Path) -> datetime:
        return datetime.fromisoformat(self.manifests[path]["started_at"])

    def _source(self, path: Path) -> Source:
        return Source(path, self._began(path), int(self.manifests[path].get("metric_days", 455)))


def _month(day: Day) -> Period | None:
    """The month that a text names."""
    named = isinstance(day, str) and re.fullmatch("[12][0-9]{3}-(0[1-9]|1[0-2])", day)
    return Period.of(str(day)) if named else None


def _end(day: Day) -> datetime:
    """The last instant of a day; a moment is its own."""
    if isinstance(day, datetime):
        return day if day.tzinfo else day.replace(tzinfo=UTC)
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day)
        except ValueError as error:
            raise ConfigError(f"{day!r} is no day: write YYYY-MM-DD, or YYYY-MM for a month") from error
    return datetime.combine(day, time.max, tzinfo=UTC)
