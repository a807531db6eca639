"""A pack on disk: its results, and its frames, each read when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from sesreport.errors import SnapshotError
from sesreport.pack.contents import Pack
from sesreport.pack.manifest import RESULTS, check_files, read_manifest
from sesreport.results import Results
from sesreport.schema import nullable


def read_stored(folder: Path) -> Pack:
    """The pack in a folder, without branding. Raises SnapshotError, also when what is read of it was changed.

    A pack in the making has no manifest yet.
    """
    if not (folder / RESULTS).is_file():
        raise SnapshotError(f"{folder}: is not a pack (there is no {RESULTS})")
    with suppress(FileNotFoundError):
        manifest = read_manifest(folder)
        check_files(folder, manifest, [name for name in manifest.files if name == RESULTS or name.startswith("data/")])
    return Pack(Results.read(folder / RESULTS), StoredFrames(folder / "data"))


class StoredFrames(Mapping[str, pd.DataFrame]):
    """The frames of a pack on disk by name."""

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
