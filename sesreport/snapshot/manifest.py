"""A snapshot's ``manifest.json``: when and how it was collected, and hash and rows of every file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator

from sesreport.core.formats import Count, Moment, Sha256, check_shape, read_format

FORMAT = "sesreport-snapshot/1"
MANIFEST = "manifest.json"
NEEDED = ("accounts", "identities", "policies", "coverage")
"""Frames that no snapshot is without: one that is not named counts as newer than the snapshot, and has no rows."""


class SnapshotFile(BaseModel):
    """One file of a snapshot, as it was written."""

    sha256: Sha256
    rows: Count


class _Tool(BaseModel):
    sesreport: str


class _Caller(BaseModel):
    account_id: str


class SnapshotManifest(BaseModel):
    """What is relied on of a manifest."""

    tool: _Tool
    started_at: Moment
    finished_at: Moment
    files: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")], SnapshotFile]
    caller: _Caller = _Caller(account_id="")
    scope: str = ""
    speaks_for: str = ""
    limited_to: dict[str, list[str]] = {}
    mode: str = ""
    metric_days: Count = 0
    identities_carried: Count = 0

    @field_validator("files")
    @classmethod
    def _whole(cls, files: dict[str, SnapshotFile]) -> dict[str, SnapshotFile]:
        for name in NEEDED:
            if name not in files:
                raise ValueError(f"{name} is not among them")
        return files


def parse_manifest(content: bytes) -> tuple[dict[str, Any], SnapshotManifest]:
    """All that a manifest says, and what is relied on of it. Raises FormatError."""
    found = read_format(content, FORMAT)
    return found, check_shape(found, SnapshotManifest)
