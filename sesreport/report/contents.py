"""What every output of a pack is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sesreport.kpis.results import Results


@dataclass(frozen=True)
class Branding:
    """How the pack presents itself (``[report]`` in sesreport.toml)."""

    accent: str = "#1F3864"
    """Color of titles and rules, ``#RRGGBB``."""
    deck_template: str | None = None
    """A .pptx whose masters and layouts the deck uses."""


@dataclass(frozen=True)
class Pack:
    """All of one period: numbers, the frames behind them (by name), and branding."""

    results: Results
    frames: Mapping[str, pd.DataFrame]
    branding: Branding = Branding()

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
