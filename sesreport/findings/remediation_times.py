"""Times to remediate by severity and rule."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.basis import place_basis
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, count, real, text
from sesreport.findings.survival import times_by_group

REMEDIATION_TIMES = Frame(
    "remediation_times",
    "How long findings stay open: the mean of those resolved in the month beside the Kaplan-Meier median, which counts "
    "open ones as well.",
    keys={
        "dimension": text("all, severity or rule."),
        "group": text("The severity or rule; 'all'."),
    },
    columns={
        "resolved": count("Episodes resolved in the month.", required=True),
        "mean_days": real("Mean days they were open; the longest each can have been.", minimum=0),
        "at_least": count("How many of them were there at the first look: they count with the time since.",
                          required=True),
        "median_days": real("Kaplan-Meier median of days to remediation, over all episodes known.", minimum=0),
        "episodes": count("Episodes the median rests on; excepted ones are left out.", required=True),
        "open": count("Of them open.", required=True),
        "not_observed": count("Open when last read, and not read since.", required=True),
        "excepted": count("Accepted for a time.", required=True),
        "oldest_days": real("Age of the oldest that is open or not observed, in days.", minimum=0),
        "reason": text("Why there is no mean or no median."),
    },
    samples=(
        {"dimension": "all", "group": "all", "resolved": 4, "mean_days": 9.5, "at_least": 1, "median_days": 31.0,
         "episodes": 61, "open": 50, "not_observed": 2, "excepted": 3, "oldest_days": 410.2},
        {"dimension": "severity", "group": "critical", "resolved": 2, "mean_days": 3.0, "at_least": 0,
         "median_days": 3.5, "episodes": 9, "open": 1, "not_observed": 0, "excepted": 0, "oldest_days": 2.0},
        {"dimension": "rule", "group": "no_owner", "resolved": 0, "at_least": 0, "episodes": 12, "open": 12,
         "not_observed": 0, "excepted": 0, "oldest_days": 410.2,
         "reason": "nothing was resolved in 2026-10; of nothing resolved is it known when it was opened"},
    ),
)  # fmt: skip


@derived(REMEDIATION_TIMES)
def remediation_times(analysis: Analysis) -> pd.DataFrame:
    """Of the analysis's period; no row where no place was read and no finding is known: nothing was counted."""
    if analysis.lives.empty and not place_basis(analysis.coverage, ("identities", "policies")).read:
        return REMEDIATION_TIMES.empty()
    made = times_by_group(analysis.lives, str(analysis.period))
    rows = made.astype(object).where(made.notna(), None).to_dict("records")
    return REMEDIATION_TIMES.from_rows([{str(name): value for name, value in row.items()} for row in rows])
