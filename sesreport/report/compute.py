"""Numbers and frames of a period, computed from its snapshot and those of the months before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.analysis import analyze
from sesreport.analysis.elsewhere import PROCESSES, Elsewhere, cores
from sesreport.analysis.registry import Analysis
from sesreport.core.period import Period
from sesreport.findings.beforehand import begin_findings
from sesreport.kpis.earlier import begin_numbers
from sesreport.kpis.scorecard import score
from sesreport.report.contents import Branding, Pack
from sesreport.settings.config import Config
from sesreport.settings.register import register_sha256
from sesreport.snapshot.store import Snapshot, load, month_snapshots


def make_pack(
    snapshot: Snapshot, config: Config, period: Period, *, earlier: Mapping[Period, Snapshot] | None = None
) -> Pack:
    """Numbers and frames of one period, in memory. ``earlier`` are the snapshots of the months before, oldest first."""
    analysis = analysis_of(snapshot, config, period, earlier=earlier)
    with _elsewhere(analysis):
        card = score(analysis, register_sha256=register_sha256(Path(config.paths.register_file)))
        return Pack(card.results, {**analysis.frames, **card.frames}, branding(config))


@contextmanager
def _elsewhere(analysis: Analysis) -> Iterator[None]:
    """Has what takes long worked out in other processes, on a machine that has the cores for them."""
    several = cores()
    if several == 1:
        yield
        return
    months = [(each.period, each.snapshot.path) for each in analysis.chain]
    with Elsewhere(months, analysis.config, min(several, PROCESSES)) as elsewhere:
        for each in analysis.chain:
            each.elsewhere = elsewhere
        begin_findings(analysis)
        begin_numbers(analysis)
        yield


def analysis_of(
    snapshot: Snapshot, config: Config, period: Period, *, earlier: Mapping[Period, Snapshot] | None = None
) -> Analysis:
    """The analysis of one period, compared with the months before."""
    previous: Analysis | None = None
    for month, old in (earlier or {}).items():
        previous = analyze(old, config, period=month, previous=previous)
    return analyze(snapshot, config, period=period, previous=previous)


def earlier_snapshots(folder: Path, period: Period, chosen: Snapshot) -> dict[Period, Snapshot]:
    """The snapshots of the same organization that speak for the months before, all there are, oldest first."""
    found = {m: path for m, path in month_snapshots(folder, of=chosen.organization).items() if m < period}
    older = {month: load(path) for month, path in found.items() if path.name != chosen.id}
    return {month: old for month, old in older.items() if old.started_at < chosen.started_at}


def branding(config: Config) -> Branding:
    """How the settings have a pack look."""
    return Branding(accent=config.report.accent, deck_template=config.report.deck_template)


def table_of(frame: pd.DataFrame) -> pa.Table:
    """A frame as a pack stores it."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def write_data(pack: Pack, folder: Path) -> None:
    """``results.json`` and ``data/<frame>.parquet`` for every frame the pack rests on."""
    (folder / "results.json").write_text(pack.results.to_json(), encoding="utf-8")
    (folder / "data").mkdir()
    for name, frame in pack.frames.items():
        write_frame(name, frame, folder)


def write_frame(name: str, frame: pd.DataFrame, folder: Path) -> None:
    """One frame of a pack: ``data/<name>.parquet``."""
    pq.write_table(table_of(frame), folder / "data" / f"{name}.parquet", compression="zstd")
