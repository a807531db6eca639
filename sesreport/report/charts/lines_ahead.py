"""Where sending leads: quotas and AWS's lines in three months."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.analysis.trends.forecasts import ABOVE, CROSSES, MAY_CROSS, TOO_LITTLE, UNKNOWN, first_lines
from sesreport.kpis.results import Results
from sesreport.kpis.words import within_kpi
from sesreport.report.charts.look import (
    ACTUAL,
    BAD,
    LIGHT,
    MUTED,
    PAPER,
    WATCH,
    bar_rows,
    canvas,
    finish,
    no_data,
    value_axis,
)
from sesreport.report.charts.names import account_labels, sentence_list
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted

ROWS = 14
_WORDS = {"sent": "quota", "bounce_rate": "bounces", "complaint_rate": "complaints"}
_SURE, _MAYBE = (ABOVE, CROSSES), (MAY_CROSS,)


@chart("forecasts", "Quotas and AWS's lines in three months", "forecasts", "accounts")
def forecasts(
    forecasts: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """Each line's interval in 91 days as a share of its threshold, with where it stands now; the nearest on top."""
    judged = forecasts[forecasts["threshold"].gt(0).fillna(value=False) & forecasts["current"].notna()]
    first = first_lines(judged)
    if first.empty:
        return no_data("Quotas and AWS's lines in three months", "no line can be set against a forecast", ax)
    share = first.assign(
        now=first["current"] / first["threshold"],
        middle=first["forecast"] / first["threshold"],
        least=first["low"] / first["threshold"],
        most=first["high"] / first["threshold"],
        place=account_labels(first["account_id"], accounts) + ", " + first["region"],
    )  # fmt: skip
    share = share.assign(label=share["place"] + ": " + share["metric"].map(_WORDS))
    share = share.assign(top=share[["now", "most"]].max(axis=1))
    ranked = share.sort_values(["top", "label"], ascending=[False, True])
    shown, rest = ranked.head(ROWS), max(len(ranked) - ROWS, 0)
    labels = list(shown["label"])
    right = min(max(float(shown["top"].astype(float).max()) * 1.05, 1.15), 3.0)
    ax = canvas(ax, height=0.28 * len(shown) + 0.1, labels=labels, right=0.75, above=0.22)
    for y, row in enumerate(shown.to_dict("records")):
        color = BAD if row["state"] in _SURE else WATCH if row["state"] in _MAYBE else ACTUAL
        if pd.notna(row["middle"]):
            ax.plot([min(float(row["least"]), right), min(float(row["most"]), right)], [y, y], color=color,
                    linewidth=5, alpha=0.45, solid_capstyle="butt")  # fmt: skip
            if float(row["middle"]) <= right:
                ax.plot([float(row["middle"])] * 2, [y - 0.24, y + 0.24], color=color, linewidth=2)
        now = min(float(row["now"]), right * 0.985)
        ax.plot([now], [y], marker="o", color=color, markersize=6, markeredgecolor=PAPER, linestyle="none", zorder=3)
        if float(row["top"]) > right:
            ax.text(right * 1.01, y, f"▸ {row['top'] * 100:,.0f} %", ha="left", va="center", color=color, fontsize=9)
    bar_rows(ax, labels)
    ax.set_xlim(0, right)
    value_axis(ax, share=True)
    ax.axvline(1.0, color=BAD, linewidth=1.4, linestyle=(0, (4, 2)), zorder=0.9)
    ax.text(1.0, -0.72, "quota, or AWS reviews", ha="center", va="bottom", fontsize=9, color=MUTED)
    ax.spines["left"].set_color(LIGHT)
    unjudged = int(forecasts["state"].isin([TOO_LITTLE, UNKNOWN]).sum())
    message = _message(share, within_kpi(results, "sent_volume"))
    subtitle = (
        "share of the daily quota or of AWS's review line; dot: now, bar: 90 % interval in 91 days, tick: expected"
        + (f"; {rest:,} further ones not drawn" if rest else "")
        + (f"; {unjudged:,} cannot be forecast" if unjudged else "")
    )  # fmt: skip
    told = "; ".join(f"{row.label}: {row.words}" for row in shown.head(5).itertuples())
    return finish(ax, scope=scope, message=message, subtitle=subtitle, alt=f"{message}. {told}")


def _message(share: pd.DataFrame, where: str) -> str:
    above, coming, maybe = (share[share["state"] == state] for state in (ABOVE, CROSSES, MAY_CROSS))
    urgent = f" ({sentence_list(list(dict.fromkeys([*above['place'], *coming['place']])), 2)})"
    parts = [
        f"{counted(len(above), 'line')} reached on the last day" if len(above) else "",
        f"{len(coming):,} expected to be" if len(coming) else "",
    ]
    said = ", ".join(filter(None, parts))
    said = ", ".join(filter(None, [said and said + urgent, f"{len(maybe):,} possible" if len(maybe) else ""]))
    if not said:
        return f"No quota and no review line of AWS is expected to be reached within three months{where}"
    return f"{said} within three months" if len(coming) + len(maybe) else said
