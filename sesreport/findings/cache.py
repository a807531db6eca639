"""Findings of large snapshots, remembered on disk: months that are over need not be judged again for every pack."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from platformdirs import user_cache_path

from sesreport.core.errors import SchemaError, WriteError
from sesreport.core.files import write_whole
from sesreport.core.resources import shipped
from sesreport.core.schema import Frame
from sesreport.findings.registry import RULES
from sesreport.snapshot.store import Snapshot

if TYPE_CHECKING:
    from sesreport.analysis.registry import Analysis

log = logging.getLogger(__name__)

WORTH = 1000
"""Identities from which on it is quicker to read findings than to find them."""
KEPT = 200
"""Files kept, the newest."""


def remembered(analysis: Analysis, declared: Frame, make: Callable[[Analysis], pd.DataFrame]) -> pd.DataFrame:
    """What ``make`` makes of the analysis, from disk where it was made before from the very same.

    The same is: snapshot and earlier snapshots, settings, register, period, reference data and the code of this
    package; with a rule of somebody else's, whose code no hash covers, nothing is remembered. A file that cannot be
    read or written is no error, only slower.
    """
    small = not isinstance(analysis.snapshot, Snapshot) or len(analysis.snapshot.identities) < WORTH
    if small or RULES.extended:
        return make(analysis)
    file = user_cache_path("sesreport") / declared.name / f"{_key(analysis)}.parquet"
    try:
        return declared.from_arrow(pq.read_table(file, schema=declared.arrow))
    except (OSError, pa.ArrowException, SchemaError, KeyError):
        made = make(analysis)
    sink = pa.BufferOutputStream()
    pq.write_table(declared.to_arrow(made), sink, compression="zstd")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, sink.getvalue().to_pybytes())
        for old in sorted(file.parent.glob("*.parquet"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, WriteError) as error:
        log.info("findings are not remembered: %s", error)
    return made


def _key(analysis: Analysis) -> str:
    snapshots = []
    each: Analysis | None = analysis
    while each is not None:
        snapshots.append(each.snapshot.sha256)
        each = each.previous
    register = analysis.register.to_json(date_format="iso")
    inputs = [code_sha256(), snapshots, analysis.config.sha256, str(analysis.period), register]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


@cache
def code_sha256() -> str:
    """Hash of the package's code and reference data: another rule finds other things."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in [*sorted(package.rglob("*.py")), *sorted(shipped("data/reference").iterdir())]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
