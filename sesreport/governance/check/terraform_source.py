"""Where in the .tf files a resource of a plan is written: plans carry no lines."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from sesreport.core.files import LARGEST
from sesreport.governance.check.planned import Where

_BLOCK = re.compile(r'^[ \t]*(resource|data)[ \t]+"([^"\n]+)"[ \t]+"([^"\n]+)"', re.MULTILINE)


def block_of(address: str, folder: Path) -> Where | None:
    """The block of a resource, whose address has no indexes, in the .tf files of its module's folder."""
    parts = address.split(".")
    kind = "data" if len(parts) > 2 and parts[-3] == "data" else "resource"
    return _blocks(folder).get((kind, *parts[-2:]))


@lru_cache(256)
def _blocks(folder: Path) -> dict[tuple[str, ...], Where]:
    """Every block of a folder; files that cannot be read hold none."""
    out: dict[tuple[str, ...], Where] = {}
    try:
        files = sorted(folder.glob("*.tf"))
    except OSError:
        return out
    for file in files:
        try:
            if file.stat().st_size > LARGEST:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            out.setdefault((found[1], found[2], found[3]), Where(file.as_posix(), line))
    return out
