"""A pack on disk as destinations are given it: whole, unchanged since it was made, and nothing but the pack."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sesreport.delivery.receipts import Receipts
from sesreport.errors import ConfigError, SnapshotError
from sesreport.files import remove_leftovers, sha256_of
from sesreport.pack.build import COMPLETE, FORMAT
from sesreport.period import Period
from sesreport.results import Results

MANIFEST = "manifest.json"


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
    notebooks, which hold their own run times, do not count."""
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
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise SnapshotError(
                f"pack {folder}: format {manifest['format']!r}, not {FORMAT!r}: made by another version"
            )
        status, files = str(manifest["status"]), {str(n): str(e["sha256"]) for n, e in manifest["files"].items()}
    except FileNotFoundError as error:
        raise ConfigError(f"no pack of {period} in {output}; make it with 'sesreport run --period {period}'") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"pack {folder}: {MANIFEST} cannot be read: {error}") from error
    if status != COMPLETE:
        raise ConfigError(f"pack {folder}: {status}; only a complete pack is delivered. Make it again")
    for name, sha256 in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise SnapshotError(f"pack {folder}: {name} is missing; make the pack again")
        if sha256_of(path) != sha256:
            raise SnapshotError(f"pack {folder}: {name} was changed after the pack was made; make it again")
    said = "".join(f"{sha256} {name}\n" for name, sha256 in sorted(files.items()) if not name.startswith("notebooks/"))
    return Parcel(
        folder=folder,
        period=str(period),
        results=Results.read(folder / "results.json"),
        files={**files, MANIFEST: sha256_of(folder / MANIFEST)},
        sha256=hashlib.sha256(said.encode()).hexdigest(),
        receipts=Receipts(output / f"{period}.receipts.json"),
        now=now,
        again=again,
    )
