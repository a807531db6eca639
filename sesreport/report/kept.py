"""Packs computed before, kept in the user's cache: the same input is not judged twice for an analyst.

The same is: snapshot and earlier snapshots, settings, register, attestations, owners, cost exports, prices, period,
reference data and the code of this package.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sesreport.core.errors import NameTakenError, SnapshotError, WriteError
from sesreport.core.files import sha256_of, whole_folder
from sesreport.core.formats import FormatError, read_format
from sesreport.core.kept import code_sha256
from sesreport.core.period import Period
from sesreport.core.registry import extended
from sesreport.core.schema import nullable
from sesreport.report.compute import branding, make_pack, table_of, write_data
from sesreport.report.contents import Pack
from sesreport.report.stored import read_stored
from sesreport.settings.attestations import attestations_sha256
from sesreport.settings.config import Config, cache_folder
from sesreport.settings.owners import directory_sha256
from sesreport.settings.prices import prices
from sesreport.settings.register import register_sha256
from sesreport.snapshot.store import Snapshot
from sesreport.usage.settings_exports import SettingsExports

log = logging.getLogger(__name__)

KEPT = 10
"""Packs kept, the newest."""
LARGEST = 64 * 1024 * 1024
"""Bytes above which a pack is not kept."""
_SEAL, _FORMAT = "kept.json", "sesreport-kept/1"


def kept_pack(snapshot: Snapshot, config: Config, period: Period, *, earlier: Mapping[Period, Snapshot]) -> Pack | None:
    """The pack of the very same input; None where it was not kept, or was changed since."""
    if extended() or not _register_readable(config):
        return None
    folder = _folder(snapshot, config, period, earlier)
    try:
        if read_format((folder / _SEAL).read_bytes(), _FORMAT).get("files") != _hashes(folder):
            return None
        stored = read_stored(folder)
        frames = dict(stored.frames)  # all of them now: a later pack may take the folder's place
    except (OSError, FormatError, SnapshotError):
        return None
    return Pack(stored.results, frames, branding(config))


def keep_pack(
    made: Path, snapshot: Snapshot, config: Config, period: Period, *, earlier: Mapping[Period, Snapshot]
) -> None:
    """Copies ``results.json`` and ``data/`` of a folder; where that fails the next one is only slower."""
    if extended() or not _register_readable(config):
        return
    folder = _folder(snapshot, config, period, earlier)
    files = [made / "results.json", *(made / "data").glob("*.parquet")]
    if sum(file.stat().st_size for file in files) > LARGEST:
        return
    try:
        with whole_folder(folder, replace=True) as temporary:
            shutil.copytree(made / "data", temporary / "data")
            shutil.copy(made / "results.json", temporary)
            seal = {"format": _FORMAT, "files": _hashes(temporary)}
            (temporary / _SEAL).write_text(json.dumps(seal), encoding="utf-8")
        for old in sorted(folder.parent.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    except (OSError, WriteError, NameTakenError) as error:
        log.info("the pack is not kept: %s", error)


def computed_pack(snapshot: Snapshot, config: Config, period: Period, *, earlier: Mapping[Period, Snapshot]) -> Pack:
    """The pack of a snapshot, from the cache where it was computed before from the very same input."""
    found = kept_pack(snapshot, config, period, earlier=earlier)
    if found is not None:
        return found
    pack = new_pack(snapshot, config, period, earlier=earlier)
    with tempfile.TemporaryDirectory(prefix="sesreport-") as folder:
        write_data(pack, Path(folder))
        keep_pack(Path(folder), snapshot, config, period, earlier=earlier)
    return pack


def new_pack(snapshot: Snapshot, config: Config, period: Period, *, earlier: Mapping[Period, Snapshot]) -> Pack:
    """The pack of a snapshot, worked out now; its frames are as they come back from the disk, as a kept one's are."""
    pack = make_pack(snapshot, config, period, earlier=earlier)
    frames = {name: nullable(table_of(frame)) for name, frame in pack.frames.items()}
    return Pack(pack.results, frames, pack.branding)


def _folder(snapshot: Snapshot, config: Config, period: Period, earlier: Mapping[Period, Snapshot]) -> Path:
    register = Path(config.paths.register_file)
    before = [[str(month), old.id, old.sha256] for month, old in earlier.items()]
    inputs = [
        code_sha256(), snapshot.id, snapshot.sha256, before, config.sha256, register.exists(),
        register_sha256(register), attestations_sha256(config), directory_sha256(config), str(period),
        SettingsExports(tuple(config.costs.exports)).sha256, prices(config).sha256,
    ]  # fmt: skip
    return cache_folder(config) / "packs" / hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def _register_readable(config: Config) -> bool:
    """Whether the register is there, or need not be; else computing says what is wrong with it."""
    register = Path(config.paths.register_file)
    return register.is_file() or not (config.register_named or register.exists() or register.is_symlink())


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _SEAL)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
