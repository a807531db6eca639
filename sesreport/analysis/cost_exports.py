"""What was read of the cost exports, and what could not be, the same wherever the exports are kept."""

from __future__ import annotations

from pathlib import PurePath

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.snapshot.storage import is_url
from sesreport.usage.cost_frames import GAPS, MONTHS


@derived(MONTHS)
def cost_export_months(analysis: Analysis) -> pd.DataFrame:
    """The billing periods that were read. Times of writing differ between copies, so the hash alone tells versions."""
    months = analysis.exports.months
    never = pd.Series(pd.NaT, index=months.index, dtype="datetime64[us, UTC]")
    return _shown(months.assign(issued_at=never), analysis, "export")


@derived(GAPS)
def cost_export_gaps(analysis: Analysis) -> pd.DataFrame:
    """What could not be read, is not counted, or had to be judged; of months after the period nothing."""
    gaps = analysis.exports.gaps
    later = (gaps["period"] > str(analysis.period)).fillna(value=False)
    return _shown(gaps[~later].reset_index(drop=True), analysis, "export", "file", "problem")


def _shown(frame: pd.DataFrame, analysis: Analysis, *columns: str) -> pd.DataFrame:
    """With the paths of local exports from the export's own folder on."""
    folders = {
        f"{PurePath(export).parent}/" for export in analysis.config.costs.exports if not is_url(export)
    } - {"./", "//"}  # fmt: skip
    for folder in sorted(folders, key=len, reverse=True):
        frame = frame.assign(**{name: frame[name].str.replace(folder, "", regex=False) for name in columns})
    return frame
