"""How long a risk stays open."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.kpis.registry import Measure, kpi


@kpi(
    order=30,
    label="Mean time to remediate",
    question="How long does it take us to close what should not be open?",
    definition=(
        "Mean time from the change that let somebody unknown send as us to the change that ended it, over the cases "
        "ended in the month. Open cases are not in it; they are in the findings, with their age."
    ),
    formula="sum of (resolved - opened) / cases resolved in the month",
    source="CloudTrail event history (90 days) of identity policy changes",
    unit="days",
    direction="lower",
    target=14,
    watch=30,
    owner="Platform security",
    headline=True,
    datasets=("changes",),
)
def mean_time_to_remediate(analysis: Analysis) -> Measure:
    """Not measurable until a case was both opened and ended within what CloudTrail remembers."""
    cases = analysis.remediations
    resolved = cases[cases["resolved_at"].notna()]
    by_month = resolved.groupby(resolved["resolved_at"].dt.strftime("%Y-%m"))["days"].agg(["sum", "size"])
    history = {str(k): float(row["sum"] / row["size"]) for k, row in by_month.iterrows()}
    month = resolved[
        (resolved["resolved_at"] >= pd.Timestamp(analysis.period.start))
        & (resolved["resolved_at"] < pd.Timestamp(analysis.period.end))
    ]
    if month.empty:
        reason = (
            f"No case was both opened and ended in the change events up to {analysis.period}: it takes two snapshots, "
            "or change events of both."
        )
        return Measure(None, cases, reason=reason, history=history)
    total, open_cases = float(month["days"].sum()), int(cases["resolved_at"].isna().sum())
    return Measure(
        total / len(month), month.reset_index(drop=True), total, len(month),
        f"{len(month)} ended in {analysis.period.name}; {open_cases} still open.", history,
    )  # fmt: skip
