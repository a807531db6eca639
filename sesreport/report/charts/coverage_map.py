"""What could and could not be read."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from sesreport.analysis.basis import PARTLY, UNREAD, WHOLE, place_states
from sesreport.analysis.joins import joined
from sesreport.core.text import visible
from sesreport.core.vocabulary import PLACE
from sesreport.report.charts.look import BAD, GOOD, LIGHT, PALE, WATCH, bar_rows, canvas, finish, legend
from sesreport.report.charts.names import account_labels, sentence_list
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted
from sesreport.snapshot.coverage import GLOBAL

_LOOKS = {
    WHOLE: (GOOD, ""),
    "not offered or off": (PALE, ""),
    PARTLY: (WATCH, "/"),
    UNREAD: (BAD, "×"),
    "not tried": (LIGHT, ""),
}
CELLS = 300
"""Cells that are drawn; a larger organization sees its accounts with the most gaps."""


def coverage_states(coverage: pd.DataFrame) -> pd.DataFrame:
    """Account × Region table: ``read``, ``partly read``, ``not read``, ``not offered or off``, ``not tried``.

    What is read of an account as a whole is no place, unless its Regions are not known.
    """
    every = coverage[PLACE].drop_duplicates(ignore_index=True)
    states = joined(every, place_states(coverage), on=PLACE)
    kept = states[states["state"].notna() | states["region"].ne(GLOBAL)].fillna({"state": "not offered or off"})
    table = kept.pivot(index="account_id", columns="region", values="state")
    return table.reindex(every["account_id"].drop_duplicates().sort_values()).astype("object").fillna("not tried")


@chart("coverage", "Coverage by account and Region", "coverage", "accounts")
def coverage(
    coverage: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """One cell per account and Region; accounts with gaps come first."""
    states = coverage_states(coverage)
    bad = states.isin([UNREAD, PARTLY])
    gaps = bad.sum(axis=1).to_frame("gaps").assign(name=states.index)
    order = gaps.sort_values(["gaps", "name"], ascending=[False, True]).index
    states = states.loc[order]
    shown = states.head(min(26, max(4, CELLS // len(states.columns))))
    names = account_labels(shown.index.to_series(), accounts)
    labels, regions = list(names), [visible(region) for region in shown.columns]
    ax = canvas(
        ax, height=0.24 * len(shown) + 0.1, labels=labels, right=0.1, below=0.1, above=1.2 if len(regions) > 6 else 0.55
    )
    for name, (color, sign) in _LOOKS.items():
        cells = [(x, y) for y, row in enumerate(shown.to_numpy()) for x, value in enumerate(row) if value == name]
        if not cells:
            continue
        squares = [_square(x, y) for x, y in cells]
        ax.add_patch(PathPatch(Path.make_compound_path(*squares), facecolor=color, edgecolor="none"))
        if sign:
            strokes = Path.make_compound_path(*(_sign(x, y, sign) for x, y in cells))
            ink = "#ffffff" if color == BAD else "#000000"
            ax.add_patch(PathPatch(strokes, facecolor="none", edgecolor=ink, linewidth=1.4))
    bar_rows(ax, labels)
    ax.set_xlim(-0.5, len(regions) - 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.xaxis.tick_top()
    turned = len(regions) > 6
    ax.set_xticks(range(len(regions)), regions, rotation=45 if turned else 0, ha="left" if turned else "center")
    counts = pd.Series(states.to_numpy().ravel()).value_counts()
    legend(
        ax,
        [
            (f"{sign + ' ' if sign else ''}{name} {counts[name]:,}", color)
            for name, (color, sign) in _LOOKS.items()
            if counts.get(name)
        ],
        y=0.95 if turned else 0.32,
    )
    unread, partly = (int(counts.get(state, 0)) for state in (UNREAD, PARTLY))
    of = counted(unread + partly + int(counts.get(WHOLE, 0)), "place")
    if of.startswith("0 "):
        message = "No place was to be read"
    elif unread:
        message = f"{unread:,} of {of} could not be read" + (f", {partly:,} more only in part" if partly else "")
    elif partly:
        message = f"{partly:,} of {of} could be read only in part"
    else:
        message = f"All of {of} were read"
    rest = len(states) - len(shown)
    worst = [f"{n} ({int(g)})" for n, g in zip(labels, gaps.loc[order, "gaps"], strict=False) if g]
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="account × Region" + (f"; {counted(rest, 'more account')} not drawn" if rest else ""),
        alt=f"{message}. "
        + ", ".join(f"{n} {counts[n]}" for n in _LOOKS if counts.get(n))
        + "."
        + (f" Gaps by account: {sentence_list(worst, 8)}." if worst else ""),
    )


def _square(x: float, y: float) -> Path:
    side = 0.43
    corners = [
        (x - 0.47, y - side),
        (x + 0.47, y - side),
        (x + 0.47, y + side),
        (x - 0.47, y + side),
        (x - 0.47, y - side),
    ]
    return Path(corners, closed=True)


def _sign(x: float, y: float, sign: str) -> Path:
    """A stroke (``/``) or two (``×``) in the middle of a cell."""
    across, high = 0.06, 0.2
    ends = [(x - across, y + high), (x + across, y - high)]
    codes = [Path.MOVETO, Path.LINETO]
    if sign == "×":
        ends += [(x - across, y - high), (x + across, y + high)]
        codes *= 2
    return Path(ends, codes)
