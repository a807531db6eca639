"""A folder: a share, a mounted drive, a folder that a client keeps in step with SharePoint."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import field_validator

from sesreport.core.errors import DeliveryError
from sesreport.core.files import check_writable, sha256_of, whole_folder
from sesreport.report.delivery.parcel import Parcel
from sesreport.report.delivery.registry import Destination, DestinationSettings, destination


class FolderSettings(DestinationSettings):
    """``[[delivery.folder]]``."""

    path: str
    """Absolute path of a folder that is there; the pack becomes ``<path>/<period>/``."""

    @field_validator("path")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not Path(value).is_absolute():
            raise ValueError("must be an absolute path")
        return value


@destination(FolderSettings)
def folder(settings: FolderSettings, profile: str | None) -> Destination:
    """Copies the pack under a temporary name and renames it; nobody sees half a pack."""
    root = Path(settings.path)

    def check() -> None:
        if not root.is_dir():  # never made: it would be a folder in place of a share that is not mounted
            raise DeliveryError(f"{root} is not a folder that is there: mount or create it")
        check_writable(root)

    def deliver(parcel: Parcel) -> str:
        check()
        target = root / parcel.period
        if _holds(target, parcel):
            return "is there already, file by file; nothing was written"
        with whole_folder(target, replace=True) as temporary:
            for name in parcel.files:
                (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(parcel.folder / name, temporary / name)
        return f"{len(parcel.files)} files copied to {target}"

    return Destination(f"folder {root}", check, deliver, lambda period: str(root / period))


def _holds(target: Path, parcel: Parcel) -> bool:
    return all((target / name).is_file() and sha256_of(target / name) == sha for name, sha in parcel.files.items())
