"""What an identity's policies were before a change.

"Newly" needs an old text, and an event does not carry it. In this order:

1. CreateEmailIdentityPolicy is refused when the name is taken (AlreadyExistsException): before it there was no such
   policy. So it is known without asking.
2. Where snapshots are configured, the last one finished before the event has the text, if it read that identity whole.
3. Otherwise the old text is not known. Then the change is measured against the identity without this policy, which
   shows all that the policy lets in; what an earlier Deny in it may have kept out cannot be shown, and is said to be
   unknown (:mod:`sesreport.governance.monitor.judge`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sesreport.core.errors import SesReportError
from sesreport.governance.monitor.event import Change
from sesreport.governance.monitor.locations import UnreadableError, folders, read_bytes
from sesreport.snapshot.events import EventKind


@dataclass(frozen=True)
class EarlierText:
    """The policy's text before the change."""

    known: bool
    since: str
    """What the change is compared with, in words."""
    text: str | None = None
    """The text, when known; None when there was no such policy."""
    bare: bool = False
    """Whether it is known that the identity had no policy at all."""
    note: str = ""
    """Why a snapshot that is configured was of no use."""


UNKNOWN = EarlierText(False, "the earlier text is not known")


def earlier_text(change: Change, snapshots: str) -> EarlierText:
    """What is known of the time before a change; ``snapshots`` is the configured location or empty."""
    if change.kind is EventKind.CREATES_POLICY:
        return EarlierText(
            True,
            "the identity without this policy, which was not there: CreateEmailIdentityPolicy refuses a taken name",
        )
    if not snapshots or change.kind is EventKind.BEGINS_IDENTITY:
        return UNKNOWN
    try:
        name, found = _from_snapshot(snapshots, change)
    except (SesReportError, ImportError) as error:
        return replace(UNKNOWN, note=f"no snapshot could be used: {error}")
    text = found.get(change.policy_name) if change.policy_name else None
    return EarlierText(True, f"the policy's text in the snapshot {name}", text, bare=not found)


def _from_snapshot(location: str, change: Change) -> tuple[str, Mapping[str, str]]:
    """The newest snapshot finished before the change and the identity's policies in it. Raises UnreadableError."""
    from sesreport.core.formats import FormatError
    from sesreport.snapshot.manifest import MANIFEST, parse_manifest

    for name in reversed(folders(location)):
        folder = f"{location.rstrip('/')}/{name}"
        try:
            content = read_bytes(f"{folder}/{MANIFEST}")
        except UnreadableError:
            continue  # not a snapshot, or not a whole one
        try:
            _, manifest = parse_manifest(content)
        except FormatError as error:  # an older snapshot could tell an older text
            raise UnreadableError(f"{folder}/{MANIFEST}: cannot be read: {error}") from error
        if datetime.fromisoformat(manifest.finished_at) < change.at:
            files = {each: file.sha256 for each, file in manifest.files.items()}
            return name, _policies(folder, files, change)
    raise UnreadableError(f"{location}: has no snapshot finished before {change.at:%Y-%m-%d %H:%M} UTC")


def _policies(folder: str, files: Mapping[str, str], change: Change) -> Mapping[str, str]:
    """The identity's policies, by the sealed frames. Raises UnreadableError when it was not read whole."""
    identities = _rows(folder, files, "identities", change, ["policies"])
    if not identities or identities[0]["policies"] is None:
        raise UnreadableError(f"{folder}: the policies of {change.identity} were not read in it")
    rows = _rows(folder, files, "policies", change, ["policy_name", "document"])
    if len(rows) != identities[0]["policies"]:
        raise UnreadableError(f"{folder}: not all policies of {change.identity} are in it")
    return {row["policy_name"]: row["document"] for row in rows}


def _rows(
    folder: str, files: Mapping[str, str], frame: str, change: Change, columns: list[str]
) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = read_bytes(f"{folder}/{frame}.parquet")
    if hashlib.sha256(content).hexdigest() != files.get(frame):
        raise UnreadableError(f"{folder}/{frame}.parquet: was changed after it was written")
    if change.identity is None:
        raise UnreadableError("the event does not say which identity was changed")
    try:
        table = pq.read_table(
            io.BytesIO(content),
            columns=columns,
            filters=[
                ("account_id", "==", change.owner),
                ("region", "==", change.region),
                ("identity", "==", change.identity),
            ],
        )
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UnreadableError(f"{folder}/{frame}.parquet: cannot be read: {error}") from error
    return table.to_pylist()
