"""What was computed of a large snapshot, kept on disk: months that are over are not worked out again for every pack."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.analysis.elsewhere import Step
from sesreport.analysis.registry import GIVEN, Analysis
from sesreport.core.errors import SchemaError
from sesreport.core.kept import Kept, code_sha256
from sesreport.core.registry import extended
from sesreport.core.schema import Frame
from sesreport.settings.config import cache_folder
from sesreport.settings.prices import prices

WORTH = 1000
"""Identities from which on it is quicker to read than to work out."""
FILES = 1000
"""Files kept of each kind."""


def remembered(analysis: Analysis, what: str, make: Callable[[], bytes]) -> bytes:
    """What ``make`` makes, from disk where it was made before from the very same.

    The same is: snapshot and earlier snapshots, settings, register, attestations, owners, cost exports, prices, period,
    reference data and the code of this package; with a rule, KPI or frame of somebody else's, whose code no hash
    covers, nothing is remembered. ``what`` names it, with all else it depends on.
    """
    if not worth_keeping(analysis):
        return make()
    found = recalled(analysis, what)
    if found is None:
        found = make()
        remember(analysis, what, found)
    return found


def recalled(analysis: Analysis, what: str) -> bytes | None:
    """What is remembered under a name; where it is being worked out elsewhere, when that is done."""
    if not worth_keeping(analysis):
        return None
    found = _kept(analysis).read(_key(analysis, what))
    if found is None and analysis.elsewhere is not None:
        analysis.elsewhere.wait(analysis.period, what)
        found = _kept(analysis).read(_key(analysis, what))
    return found


def remember(analysis: Analysis, what: str, content: bytes) -> None:
    """Remembers it under a name."""
    if worth_keeping(analysis):
        _kept(analysis).write(_key(analysis, what), content)


def begin_elsewhere(analysis: Analysis, *steps: Step) -> None:
    """Has what is not remembered yet worked out beforehand, where there is anybody to do it."""
    if analysis.elsewhere is not None and worth_keeping(analysis):
        missing = [step for step in steps if not all(is_kept(analysis, what) for what in step.keeps)]
        if missing:
            analysis.elsewhere.begin(analysis.period, *missing)


def is_kept(analysis: Analysis, what: str) -> bool:
    """Whether something is remembered under a name; it may turn out to be damaged."""
    return worth_keeping(analysis) and (_kept(analysis).folder / _key(analysis, what)).is_file()


def _kept(analysis: Analysis) -> Kept:
    return Kept(cache_folder(analysis.config) / "months", FILES)


def _key(analysis: Analysis, what: str) -> str:
    return hashlib.sha256(f"{what}\n{analysis.once(_inputs)}".encode()).hexdigest()


def remembered_frame(analysis: Analysis, declared: Frame, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The same for a frame, conformed to its declaration.

    That of a small snapshot stays in memory when the analysis is released; that of a large one is read again.
    """
    if worth_keeping(analysis):
        return _frame(analysis, declared, make)
    if declared.name not in analysis.remembered:
        analysis.remembered[declared.name] = declared.conform(make())
    return analysis.remembered[declared.name]


def _frame(analysis: Analysis, declared: Frame, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    made = remembered(analysis, declared.name, lambda: _stored(declared, make()))
    try:
        return declared.from_arrow(pq.read_table(io.BytesIO(made), schema=declared.arrow))
    except (pa.ArrowException, SchemaError, KeyError):  # kept by another version of a library
        return declared.conform(make())


def worth_keeping(analysis: Analysis) -> bool:
    """Whether the disk keeps it: nothing of what is imagined goes there."""
    return len(analysis.snapshot.identities) >= WORTH and not extended() and not analysis.snapshot.imagined


def _stored(declared: Frame, frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(declared.to_arrow(declared.conform(frame)), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _inputs(analysis: Analysis) -> str:
    given = [analysis.frame(name).to_json(date_format="iso") for name in GIVEN]
    snapshots = [(str(each.period), each.snapshot.id, each.snapshot.sha256) for each in analysis.chain]
    costs = [analysis.cost_exports.sha256, prices(analysis.config).sha256]
    owners = sorted(analysis.owners) if analysis.owners is not None else None
    return json.dumps([code_sha256(), snapshots, analysis.config.sha256, str(analysis.period), given, owners, costs])
