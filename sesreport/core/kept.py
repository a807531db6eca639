"""Content kept on disk under the hash of all it depends on; what is damaged or somebody else's is not there."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sesreport.core.errors import WriteError
from sesreport.core.files import write_whole
from sesreport.core.resources import PACKAGE, shipped

log = logging.getLogger(__name__)
_FORMAT = b"sesreport-kept/1 "


@dataclass(frozen=True)
class Kept:
    """A folder of such content. A file that cannot be read or written is no error: its content is made again."""

    folder: Path
    most: int
    """Files kept, the newest."""

    def read(self, key: str) -> bytes | None:
        """The content under a key, as it was written; None where there is none."""
        try:
            head, _, content = (self.folder / key).read_bytes().partition(b"\n")
        except OSError:
            return None
        return content if head == _seal(key, content) else None

    def write(self, key: str, content: bytes) -> None:
        """Keeps content, and forgets the oldest beyond ``most``."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / key, _seal(key, content) + b"\n" + content)
            files = sorted(self.folder.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)
            for old in files[: -self.most]:
                old.unlink(missing_ok=True)
        except (OSError, WriteError) as error:
            log.info("nothing is kept in %s: %s", self.folder, error)


def _seal(key: str, content: bytes) -> bytes:
    return _FORMAT + hashlib.sha256(key.encode() + b"\0" + content).hexdigest().encode()


@cache
def code_sha256() -> str:
    """Hash of the package's code and reference data: other code computes other things."""
    digest = hashlib.sha256()
    reference = shipped("data/reference")
    for base, paths in ((PACKAGE, PACKAGE.rglob("*.py")), (reference, reference.iterdir())):
        for path in sorted(paths):
            digest.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
