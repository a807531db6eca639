"""What could and could not be read."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from sesreport.analysis.basis import places
from sesreport.charts.look import BAD, GOOD, LIGHT, PALE, WATCH, bar_rows, canvas, finish, key
from sesreport.charts.names import account_labels, sentence_list
from sesreport.charts.registry import chart
from sesreport.charts.text import counted
from sesreport.collection.coverage import EVERYTHING
from sesreport.text import visible

_LOOKS = {
    "read": (GOOD, ""),
    "not offered or off": (PALE, ""),
    "partly read": (WATCH, "/"),
    "not read": (BAD, "×"),
    "not tried": (LIGHT, ""),
}
_OFF = ("not_offered", "region_disabled")
CELLS = 300
"""Cells that are drawn; a larger organization sees its accounts with the most gaps."""


def coverage_states(coverage: pd.DataFrame) -> pd.DataFrame:
    """Account × Region table: ``read``, ``partly read``, ``not read``, ``not offered or off``, ``not tried``."""
    ok, off = coverage["status"].eq("ok"), coverage["status"].isin(_OFF)
    off &= ~(coverage["status"].eq("region_disabled") & coverage["dataset"].ne(EVERYTHING))
    places = pd.DataFrame(
        {"account_id": coverage["account_id"], "region": coverage["region"].fillna("global"), "ok": ok, "off": off}
    ).groupby(["account_id", "region"])
    shares = places.agg(ok=("ok", "mean"), off=("off", "mean"))
    state = pd.Series("partly read", index=shares.index)
    state[shares["ok"] + shares["off"] == 1] = "read"
    state[shares["ok"] == 0] = "not read"
    state[shares["off"] == 1] = "not offered or off"
    return state.reset_index(name="state").pivot_table(
        index="account_id", columns="region", values="state", aggfunc="first", fill_value="not tried"
    )


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
    bad = states.isin(["not read", "partly read"])
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
    expected = set(zip(*(places(coverage)[name] for name in ("account_id", "region")), strict=True))
    wanted = [
        states.loc[account, region]
        for account, region in sorted(expected)  # an account whose Regions are not known is one place
    ]
    key(
        ax,
        [
            (f"{sign + ' ' if sign else ''}{name} {counts[name]:,}", color)
            for name, (color, sign) in _LOOKS.items()
            if counts.get(name)
        ],
        y=0.95 if turned else 0.32,
    )
    total, unread = len(wanted), sum(state != "read" for state in wanted)
    if not total:
        message = "No place was to be read"
    elif unread:
        message = f"{unread:,} of {counted(total, 'place')} could not be read whole"
    else:
        message = f"All of {counted(total, 'place')} were read"
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
