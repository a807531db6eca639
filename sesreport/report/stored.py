"""A pack on disk: its results, and its frames, each read when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from sesreport.core.errors import SnapshotError
from sesreport.core.files import sha256_of
from sesreport.core.schema import nullable
from sesreport.kpis.results import Results
from sesreport.report.contents import Pack
from sesreport.report.manifest import RESULTS, check_files, read_pack_manifest


def read_stored(folder: Path) -> Pack:
    """The pack in a folder, without branding; its frames as they were when it was opened.

    A pack in the making has no manifest yet. Raises SnapshotError when what is read of it was changed, also for a frame
    that is asked for when the folder holds another pack by now.
    """
    if not (folder / RESULTS).is_file():
        raise SnapshotError(f"{folder}: is not a pack (there is no {RESULTS})")
    sealed: dict[str, str] = {}
    with suppress(FileNotFoundError):
        manifest = read_pack_manifest(folder)
        check_files(folder, manifest, [name for name in manifest.files if name == RESULTS or name.startswith("data/")])
        sealed = {name: entry.sha256 for name, entry in manifest.files.items()}
    return Pack(Results.read(folder / RESULTS), StoredFrames(folder / "data", sealed))


class StoredFrames(Mapping[str, pd.DataFrame]):
    """The frames of a pack on disk by name."""

    def __init__(self, folder: Path, sealed: Mapping[str, str] | None = None) -> None:
        """``sealed`` has the SHA-256 of files by their path in the pack."""
        self._sealed = sealed or {}
        self._files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            file = self._files[name]
            wanted = self._sealed.get(f"data/{file.name}")
            try:
                if wanted is not None and sha256_of(file) != wanted:
                    raise SnapshotError(f"{file}: was replaced since the pack was opened; open it again")
                self._read[name] = nullable(pq.read_table(file))
            except OSError as error:
                raise SnapshotError(f"{file}: cannot be read: {error}") from error
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
