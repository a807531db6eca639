"""Which pack was sent to whom: ``<period>.receipts.json`` beside the pack, which a rerun does not replace."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sesreport.core.errors import DeliveryError
from sesreport.core.files import check_writable, write_whole
from sesreport.core.formats import FormatError, check_shape, read_format

try:
    import fcntl
except ImportError:  # not on Windows: there, two deliveries at once could send twice
    fcntl = None  # type: ignore[assignment]

FORMAT = "sesreport-receipts/1"


class _Receipt(BaseModel):
    pack_sha256: str
    to: str


class _Content(BaseModel):
    """What is relied on of the file."""

    sent: list[_Receipt]


class Receipts:
    """The receipts of one period's pack."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits until no other process sends packs of this folder, and keeps others waiting meanwhile."""
        if fcntl is None:
            yield
            return
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks is no reason to send nothing
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def missing(self, pack_sha256: str, recipients: Sequence[str]) -> list[str]:
        """The recipients who were not sent this pack yet. Raises DeliveryError for receipts that cannot be read."""
        had = {str(entry["to"]).lower() for entry in self._read() if entry["pack_sha256"] == pack_sha256}
        return [address for address in recipients if address.lower() not in had]

    def check(self) -> None:
        """Raises WriteError when a receipt could not be kept, DeliveryError when those there cannot be read."""
        check_writable(self.path.parent)
        self._read()

    def add(self, pack_sha256: str, recipients: Sequence[str], *, message_id: str, at: datetime) -> None:
        """Notes that a pack was sent. Raises WriteError."""
        new = [
            {"pack_sha256": pack_sha256, "to": to, "message_id": message_id, "sent_at": at.isoformat()}
            for to in recipients
        ]
        content = {"format": FORMAT, "sent": [*self._read(), *new]}
        write_whole(self.path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _read(self) -> list[dict[str, Any]]:
        try:
            content = read_format(self.path.read_bytes(), FORMAT)
            check_shape(content, _Content)
        except FileNotFoundError:
            return []
        except (OSError, FormatError) as error:
            raise DeliveryError(
                f"{self.path}: cannot be read ({error}), so it is not known who was sent the pack: mend it, or "
                "remove it to send to everybody"
            ) from error
        sent: list[dict[str, Any]] = content["sent"]
        return sent
