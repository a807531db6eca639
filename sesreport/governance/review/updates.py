"""The updates that imports wrote beside a register: their names, and the newest, which holds those before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sesreport.core.quarter import Quarter

CSV, DIFF, FIXES = ENDINGS = (".csv", ".diff", "-fixes.csv")


def new_update(register: Path, quarter: Quarter) -> Path:
    """The name, without an ending, of a new update: ``register-2026-Q4``, ``register-2026-Q4-2`` …

    Numbers go on from one quarter to the next, so that they tell the order of updates.
    """
    last = max((number for number, _ in _written(register)), default=0)
    base = register.with_name(f"{register.stem}-{quarter}")
    return base.with_name(f"{base.name}-{last + 1}") if last else base


def newest_update(register: Path) -> Path | None:
    """The newest update of a register, whether it was taken over or not; None where there is none."""
    found = [each for each in _written(register) if each[1].suffix == CSV and not each[1].name.endswith(FIXES)]
    return max(found)[1] if found else None


def _written(register: Path) -> Iterator[tuple[int, Path]]:
    """All files of updates with their numbers; that of the first is 1."""
    endings = "|".join(re.escape(each) for each in ENDINGS)
    name = re.compile(rf"{re.escape(register.stem)}-[12][0-9]{{3}}-Q[1-4](-(?P<number>[0-9]{{1,6}}))?({endings})")
    for path in register.parent.iterdir() if register.parent.is_dir() else ():
        if found := name.fullmatch(path.name):
            yield int(found["number"] or 1), path
