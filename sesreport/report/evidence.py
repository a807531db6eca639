"""What a pack was made from, for a notebook that judges it anew: the snapshot and the settings.

While a pack is in the making, a file in its folder says where they are; it is gone before the pack is sealed, so that
no pack holds a path or a setting. Of a pack that is there, the snapshot is looked for by its id, and has to be the very
one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sesreport.core.errors import ConfigError, SnapshotError
from sesreport.core.formats import FormatError, read_format
from sesreport.kpis.results import SnapshotRef
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot, load

LENT, _FORMAT = "evidence.json", "sesreport-evidence/1"


@dataclass(frozen=True)
class Evidence:
    """A snapshot, the folder of those before it, and the settings that judge."""

    snapshot: Snapshot
    folder: Path
    config: Config


@contextmanager
def lent(pack: Path, evidence: Evidence) -> Iterator[None]:
    """Says in the folder of a pack in the making where its evidence is; only this user can read it."""
    here = evidence.config.based_at(Path.cwd())  # whoever borrows it may be in another folder
    settings = here.model_dump(mode="json", by_alias=True, exclude={"delivery"})
    if not evidence.config.register_named:  # the usual place, where there need not be one
        register = settings["paths"].pop("register")
        if Path(register).exists():
            settings["paths"]["register"] = register
    told = {
        "format": _FORMAT,
        "snapshot": str(evidence.snapshot.path.absolute()),
        "folder": str(evidence.folder.absolute()),
        "config": settings,
    }
    file = pack / LENT
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(told, stream)
    try:
        yield
    finally:
        file.unlink()


def borrowed(pack: Path) -> Evidence | None:
    """The evidence of a pack in the making; None of one that is made. Raises SnapshotError."""
    try:
        told = read_format((pack / LENT).read_bytes(), _FORMAT)
    except FileNotFoundError:
        return None
    except (OSError, FormatError) as error:
        raise SnapshotError(f"pack {pack}: {LENT} cannot be read: {error}") from error
    return Evidence(load(told["snapshot"]), Path(told["folder"]), Config.model_validate(told["config"]))


def found(wanted: SnapshotRef, folder: Path, config: Config) -> Evidence:
    """The evidence of a pack that is made, among the snapshots of a folder. Raises ConfigError, SnapshotError."""
    path = folder / wanted.id
    if not path.is_dir():
        raise ConfigError(f"the pack was made from snapshot {wanted.id}, which is not in {folder}; {_REMEDY}")
    snapshot = load(path)
    if snapshot.sha256 != wanted.sha256:
        raise ConfigError(f"the pack was made from another snapshot {wanted.id} than that in {folder}; {_REMEDY}")
    return Evidence(snapshot, folder, config)


_REMEDY = "name the snapshot's folder and the settings in place of the pack"
