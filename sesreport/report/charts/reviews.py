"""How far the quarterly review of outside grants has come."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.analysis.reviews import (
    ATTESTED,
    DUE,
    NARROW_OVERDUE,
    OVERDUE,
    REVOKE_OVERDUE,
    STANDINGS,
    TO_NARROW,
    TO_REVOKE,
)
from sesreport.kpis.results import Results
from sesreport.kpis.words import within
from sesreport.report.charts.look import BAD, GOOD, WATCH, WORST, bar_rows, canvas, finish, value_axis
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted

_LOOKS = {
    REVOKE_OVERDUE: ("■ Not revoked in time", WORST),
    NARROW_OVERDUE: ("■ Not narrowed in time", BAD),
    OVERDUE: ("■ Not answered in time", BAD),
    TO_REVOKE: ("▲ To revoke", WATCH),
    TO_NARROW: ("▲ To narrow", WATCH),
    DUE: ("▲ To answer this quarter", WATCH),
    ATTESTED: ("● Answered: keep", GOOD),
}
_LATE = (REVOKE_OVERDUE, NARROW_OVERDUE, OVERDUE)


@chart("review_standings", "Outside grants by standing in the quarterly review", "reviews")
def review_standings(
    reviews: pd.DataFrame, *, results: Results | None = None, ax: Axes | None = None, scope: str = ""
) -> Figure:
    """Counts of the grants that somebody has to answer for, the worst standing first.

    ``results`` say in how many places anybody could look.
    """
    found = reviews["standing"].value_counts()
    counts = {standing: int(found.get(standing, 0)) for standing in STANDINGS}
    labels = [_LOOKS[standing][0] for standing in STANDINGS]
    ax = canvas(ax, height=0.3 * len(counts), labels=labels, right=0.6)
    most = max(counts.values())
    for row, (standing, count) in enumerate(counts.items()):
        ax.barh(row, count, height=0.62, color=_LOOKS[standing][1])
        weight = "bold" if count and standing in _LATE else "normal"
        ax.text(count + most * 0.012, row, f"{count:,}", va="center", fontweight=weight)
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    late = sum(counts[standing] for standing in _LATE)
    asked = counts[REVOKE_OVERDUE] + counts[NARROW_OVERDUE]
    of = counted(len(reviews), "outside grant")
    where = "" if results is None else within(results.coverage.places)
    message = f"{late:,} of {of} {'is' if late == 1 else 'are'} overdue" if late else f"None of {of} is overdue"
    message += (f", {asked:,} of them after a reviewer asked for a change" if asked else "") + where
    listed = "; ".join(f"{label[2:]} {count:,}" for label, count in zip(labels, counts.values(), strict=True))
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="grants to be answered for by standing in the quarterly review, the worst first",
        alt=f"{message}. By standing: {listed}.",
    )
