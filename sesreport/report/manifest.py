"""A pack's ``manifest.json``: what it was made from, what became of its notebooks, and the hash of every file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, field_validator

from sesreport.core.errors import SnapshotError
from sesreport.core.files import sha256_of
from sesreport.core.formats import Count, FormatError, Sha256, check_shape, read_format

FORMAT = "sesreport-pack/1"
MANIFEST, RESULTS = "manifest.json", "results.json"
COMPLETE, FAILED_NOTEBOOKS = "complete", "failed notebooks"


class File(BaseModel):
    """One file of a pack, as it was made."""

    sha256: Sha256
    bytes: Count


class Manifest(BaseModel):
    """What is relied on of a manifest."""

    period: str
    status: str
    files: dict[str, File]
    """By relative path."""

    @field_validator("files")
    @classmethod
    def _whole(cls, files: dict[str, File]) -> dict[str, File]:
        if RESULTS not in files:
            raise ValueError(f"{RESULTS} is not among them")
        return files


def read_pack_manifest(folder: Path) -> Manifest:
    """The manifest of the pack in a folder. Raises FileNotFoundError where there is none, else SnapshotError."""
    try:
        found: Manifest = check_shape(read_format((folder / MANIFEST).read_bytes(), FORMAT), Manifest)
    except FileNotFoundError:
        raise
    except (OSError, FormatError) as error:
        raise SnapshotError(f"pack {folder}: {MANIFEST} cannot be read: {error}") from error
    return found


def check_files(folder: Path, manifest: Manifest, names: Iterable[str]) -> None:
    """Raises SnapshotError when one of these files of a pack is missing, outside of it, or was changed."""
    for name in names:
        path, entry = folder / name, manifest.files[name]
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise SnapshotError(f"pack {folder}: {name} is missing; make the pack again")
        if path.stat().st_size != entry.bytes or sha256_of(path) != entry.sha256:
            raise SnapshotError(f"pack {folder}: {name} was changed after the pack was made; make it again")


def pack_status(folder: Path) -> str | None:
    """What a pack's manifest says of it, COMPLETE or FAILED_NOTEBOOKS; None where that cannot be read."""
    try:
        return read_pack_manifest(folder).status
    except (OSError, SnapshotError):
        return None
