"""A pack on disk as destinations are given it: whole, unchanged since it was made, and nothing but the pack."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sesreport.core.errors import ConfigError, SnapshotError
from sesreport.core.files import remove_leftovers, sha256_of
from sesreport.core.period import Period
from sesreport.kpis.results import Results
from sesreport.report.delivery.receipts import Receipts
from sesreport.report.manifest import COMPLETE, MANIFEST, RESULTS, check_files, read_pack_manifest


@dataclass(frozen=True)
class Parcel:
    """One pack to deliver."""

    folder: Path
    period: str
    results: Results
    files: dict[str, str]
    """SHA-256 by relative path; ``manifest.json`` is the last, so that whoever sees it sees the rest."""
    sha256: str
    """Hash of what the pack says (documents, results, frames); a rerun that says the same has the same. The executed
    notebooks do not count: those of one's own may show something else each time."""
    receipts: Receipts
    now: datetime
    again: bool = False
    """Send even what was sent before."""
    places: tuple[str, ...] = ()
    """Where the pack has been put by now."""


def open_parcel(output: Path, period: Period, *, now: datetime, again: bool = False) -> Parcel:
    """The pack of a period in a folder of packs.

    Raises ConfigError when there is none or it is not complete, SnapshotError when a file is missing or was changed.
    """
    remove_leftovers(output)
    folder = output / str(period)
    try:
        manifest = read_pack_manifest(folder)
    except FileNotFoundError as error:
        raise ConfigError(f"no pack of {period} in {output}; make it with 'sesreport run --period {period}'") from error
    if manifest.status != COMPLETE:
        raise ConfigError(f"pack {folder}: {manifest.status}; only a complete pack is delivered. Make it again")
    if manifest.period != str(period):
        raise SnapshotError(f"pack {folder}: is of {manifest.period}; make the pack of {period} again")
    check_files(folder, manifest, manifest.files)
    files = {name: entry.sha256 for name, entry in manifest.files.items()}
    said = "".join(f"{sha256} {name}\n" for name, sha256 in sorted(files.items()) if not name.startswith("notebooks/"))
    return Parcel(
        folder=folder,
        period=str(period),
        results=Results.read(folder / RESULTS),
        files={**files, MANIFEST: sha256_of(folder / MANIFEST)},
        sha256=hashlib.sha256(said.encode()).hexdigest(),
        receipts=Receipts(output / f"{period}.receipts.json"),
        now=now,
        again=again,
    )
