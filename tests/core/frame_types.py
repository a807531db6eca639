"""What the type checker says of frames as attributes ('make lint'): an ignore that is not needed is an error there."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis import Analysis
from sesreport.report.contents import Pack
from sesreport.snapshot.store import Snapshot


def right(analysis: Analysis, snapshot: Snapshot, pack: Pack) -> list[pd.DataFrame]:
    return [analysis.grants, snapshot.coverage, pack.kpi_breakdown, analysis.frame("mine")]


def wrong(analysis: Analysis, snapshot: Snapshot, pack: Pack) -> None:
    analysis.grnats  # type: ignore[attr-defined]  # noqa: B018
    snapshot.grants  # type: ignore[attr-defined]  # noqa: B018
    pack.grnats  # type: ignore[attr-defined]  # noqa: B018
