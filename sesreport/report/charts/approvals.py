"""How long the approvals of outside accounts run."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.core.period import Period
from sesreport.report.charts.look import ACTUAL, BAD, INK, LIGHT, MUTED, PAPER, WATCH, bar_rows, canvas, finish, no_data
from sesreport.report.charts.names import LABEL
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted, shortened

_COLORS = {"expired": BAD, "expiring": WATCH, "valid": ACTUAL}
_MARKS = {"expired": "s", "expiring": "^", "valid": "o"}
ROWS = 24


@chart("register_expiry", "Approvals of outside accounts by expiry", "register")
def register_expiry(
    register: pd.DataFrame, *, as_of: str | pd.Timestamp | None = None, ax: Axes | None = None, scope: str = ""
) -> Figure:
    """One line per approval from its day to expiry, the expired and next to expire first; ``as_of`` is drawn
    as a line.
    """
    order = register.assign(ended=register["status"].ne("expired").fillna(True)).sort_values(
        ["ended", "expires_at", "account_id"]
    )
    dated = order.dropna(subset=["expires_at"])
    if dated.empty:
        return no_data("Approvals of outside accounts by expiry", "no row of the register has an expiry date", ax)
    shown = dated.head(ROWS)
    labels = [shortened(name, LABEL) for name in shown["vendor"].fillna(shown["name"]).fillna(shown["account_id"])]
    ax = canvas(ax, height=0.26 * len(shown) + 0.1, labels=labels, right=1.5, above=0.22)
    ends = shown["expires_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    starts = shown["approved_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    now: Any = None if as_of is None else pd.Timestamp(as_of).tz_localize(None)
    left = min([ends.min() - pd.Timedelta(days=120), starts.min(), *([now] if now is not None else [])])
    left = max(left, ends.min() - pd.Timedelta(days=1200))
    for row, (start, end, status) in enumerate(zip(starts, ends, shown["status"].fillna("valid"), strict=True)):
        color = _COLORS.get(status, ACTUAL)
        ax.plot(
            [left if pd.isna(start) else max(start, left), end],
            [row, row],
            color=LIGHT,
            linewidth=2.4,
            solid_capstyle="butt",
        )
        ax.plot([end], [row], color=color, marker=_MARKS.get(status, "o"), markersize=7, linestyle="none")
        ax.annotate(f"{end:%Y-%m-%d}" + ("" if status == "valid" else f" {status}"), (end, row), (9, 0),
                    textcoords="offset points", va="center", fontsize=9,
                    fontweight="normal" if status == "valid" else "bold",
                    bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6})  # fmt: skip
    if now is not None:
        ax.axvline(now, color=INK, linewidth=1)
        ax.text(now, -0.62, f"as of {now:%Y-%m-%d}", ha="center", va="bottom", fontsize=9, color=MUTED)
    bar_rows(ax, labels)
    right = max([ends.max(), *([now] if now is not None else [])])
    ax.set_xlim(left, right + (right - left) * 0.02)
    years = pd.date_range(left.normalize(), right, freq="QS" if (right - left).days < 800 else "YS")
    ticks: Any = list(years)
    names = [str(day.year) if day.month == 1 else Period(day.year, day.month).name[:3] for day in years]
    ax.set_xticks(ticks, names)
    ax.grid(axis="x")
    ax.spines["bottom"].set_visible(False)
    counts = register["status"].value_counts()
    expired, expiring = int(counts.get("expired", 0)), int(counts.get("expiring", 0))
    message = (
        f"{counted(expired, 'approval')} of {len(register):,} expired, {expiring:,} about to expire"
        if expired or expiring
        else f"All {counted(len(register), 'approval')} in the register are valid"
    )
    undated, rest = len(register) - len(dated), len(dated) - len(shown)
    subtitle = "registered outside accounts, approval to expiry" + "".join(
        (f"; {undated:,} without an expiry date" if undated else "", f"; {rest:,} later ones not drawn" if rest else "")
    )
    listed = "; ".join(f"{label} {end:%Y-%m-%d}" for label, end in list(zip(labels, ends, strict=True))[:8])
    return finish(ax, scope=scope, message=message, subtitle=subtitle, alt=f"{message}. They end: {listed}.")
