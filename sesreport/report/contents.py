"""What every output of a pack is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sesreport.analysis.basis import Basis, places, read_places
from sesreport.analysis.frame_attributes import AnalyzedFrames
from sesreport.core.frames import FrameAttribute
from sesreport.kpis.results import Results


@dataclass(frozen=True)
class Branding:
    """How the pack presents itself (``[report]`` in sesreport.toml)."""

    accent: str = "#1F3864"
    """Color of titles and rules, ``#RRGGBB``."""
    deck_template: str | None = None
    """A .pptx whose masters and layouts the deck uses."""


@dataclass(frozen=True)
class Pack(AnalyzedFrames):
    """All of one period: numbers, the frames behind them (by name), and branding."""

    results: Results
    frames: Mapping[str, pd.DataFrame]
    branding: Branding = Branding()

    kpi_breakdown = FrameAttribute()
    attestations = FrameAttribute()
    register = FrameAttribute()

    def frame_names(self) -> Iterable[str]:
        return self.frames

    def frame(self, name: str) -> pd.DataFrame:
        """A frame of the pack, also one of somebody else's, or a KPI's (``kpi_<id>``)."""
        if name not in self.frames:
            raise self.no_frame(name)
        return self.frames[name]

    def columns(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """These columns of a frame; NA where it has no such column, and no rows where the pack has no such frame."""
        found = self.frames.get(name)
        if found is None:
            return pd.DataFrame({column: pd.Series(dtype="object") for column in columns})
        return found.reindex(columns=list(columns)).reset_index(drop=True)

    @cached_property
    def coverage_columns(self) -> pd.DataFrame:
        """What of the coverage tells where something was read; without rows where the pack has no coverage."""
        return self.columns("coverage", ("account_id", "region", "dataset", "status", "rows"))

    @cached_property
    def expected_places(self) -> pd.DataFrame:
        """The places that should have been read, found once: most sheets ask for them."""
        return places(self.coverage_columns)

    def basis(self, datasets: Sequence[str]) -> Basis:
        """In how many of them all of the datasets were read."""
        return Basis(len(read_places(self.coverage_columns, datasets)), len(self.expected_places))

    @property
    def about(self) -> str:
        """What it shows and rests on, for whoever opens it: organization, month, coverage, snapshot, and compared with
        which."""
        results = self.results
        return "\n".join(
            [
                f"{results.classification}: {results.organization_name}, {results.period_name}",
                results.coverage.statement,
                f"Snapshot {results.snapshot.id}, sha256 {results.snapshot.sha256[:12]}",
                f"Compared with: {results.compared_with or 'nothing earlier'}",
            ]
        )
