"""Open a pack: the folder of one already made, or one computed from a snapshot for an analyst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq

from sesreport.errors import ConfigError, SnapshotError
from sesreport.pack.contents import Pack
from sesreport.period import Period
from sesreport.results import Results
from sesreport.schema import nullable

if TYPE_CHECKING:
    from sesreport.config import Config


def open_pack(pack: str = "", *, snapshot: str = "demo", period: str = "last-month", config: str = "") -> Pack:
    """Numbers (``.results``) and frames (``.frames``) of one period.

    ``pack`` names the folder of a pack and wins over all else. Otherwise ``snapshot`` is a snapshot's folder,
    ``latest`` (the newest of the configuration's) or ``demo`` (the demonstration organization, read once from its
    own endpoint and kept in the user's cache); those beside it that speak for earlier months are its history.
    ``period`` is ``YYYY-MM`` or the month before the snapshot.
    Raises ConfigError, SnapshotError.
    """
    if pack:
        folder = Path(pack)
        if not (folder / "results.json").is_file():
            raise SnapshotError(f"{folder}: is not a pack (there is no results.json)")
        return Pack(Results.read(folder / "results.json"), StoredFrames(folder / "data"))
    from sesreport.pack.build import earlier_snapshots, make_pack
    from sesreport.store import load

    settings, path = _choose(snapshot, config)
    chosen = load(path)
    month = Period.parse(period, today=chosen.started_at.date())
    return make_pack(chosen, settings, month, earlier=earlier_snapshots(path.parent, month, chosen))


class StoredFrames(Mapping[str, pd.DataFrame]):
    """The frames of a pack on disk by name, each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = nullable(pq.read_table(self._files[name]))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _choose(snapshot: str, config: str) -> tuple[Config, Path]:
    from sesreport.config import load_config
    from sesreport.storage import snapshots_folder
    from sesreport.store import snapshots

    if snapshot == "demo":
        from sesreport.demo import reference_day
        from sesreport.demo.snapshot import demo_config, demo_snapshot

        return demo_config(), demo_snapshot(today=reference_day())
    settings = load_config(Path(config) if config else None)
    if snapshot != "latest":
        return settings, Path(snapshot)
    found = snapshots(snapshots_folder(settings))
    if not found:
        raise ConfigError(f"no snapshot in {settings.paths.snapshots}; collect one with 'sesreport collect'")
    return settings, found[-1]
