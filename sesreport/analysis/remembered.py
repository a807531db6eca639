"""What was computed of a large snapshot, kept on disk: months that are over are not worked out again for every pack."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.analysis.registry import GIVEN, Analysis
from sesreport.core.errors import SchemaError
from sesreport.core.kept import Kept, code_sha256
from sesreport.core.registry import extended
from sesreport.core.schema import Frame
from sesreport.settings.config import cache_folder
from sesreport.settings.prices import prices

WORTH = 1000
"""Identities from which on it is quicker to read than to work out."""
FILES = 300
"""Files kept of each kind."""


def remembered(analysis: Analysis, what: str, make: Callable[[], bytes]) -> bytes:
    """What ``make`` makes, from disk where it was made before from the very same.

    The same is: snapshot and earlier snapshots, settings, register, attestations, owners, cost exports, prices, period,
    reference data and the code of this package; with a rule, KPI or frame of somebody else's, whose code no hash
    covers, nothing is remembered. ``what`` names it, with all else it depends on.
    """
    if not _worth(analysis):
        return make()
    kept = Kept(cache_folder(analysis.config) / "months", FILES)
    key = hashlib.sha256(f"{what}\n{analysis.once(_inputs)}".encode()).hexdigest()
    found = kept.read(key)
    if found is None:
        found = make()
        kept.write(key, found)
    return found


def remembered_frame(analysis: Analysis, declared: Frame, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The same for a frame, conformed to its declaration.

    That of a small snapshot stays in memory when the analysis is released; that of a large one is read again.
    """
    if _worth(analysis):
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


def _worth(analysis: Analysis) -> bool:
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
