"""Days out of the ordinary: when, where, how grave."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from sesreport.core.period import Period
from sesreport.core.vocabulary import GRAVE
from sesreport.kpis.results import Results
from sesreport.kpis.words import within_kpi
from sesreport.report.charts.look import (
    BAD,
    LIGHT,
    MUTED,
    PAPER,
    WATCH,
    WORST,
    bar_rows,
    canvas,
    finish,
    legend,
    no_data,
)
from sesreport.report.charts.names import account_labels, sentence_list
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted

ROWS = 16
_COLORS = {"critical": WORST, "high": BAD, "medium": WATCH, "low": LIGHT}
_WORDS = {"volume spike": "volume", "silent sender": "silent", "sudden bounce rate": "bounces",
          "sudden complaint rate": "complaints"}  # fmt: skip
_LEAST_SPAN = pd.Timedelta(days=120)


@chart("anomalies", "Days of sending out of the ordinary", "anomalies", "accounts")
def anomalies(
    anomalies: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """One row per account, Region and kind; a dot is an episode's worst day, its bar the whole of it."""
    known = anomalies.dropna(subset=["day"])
    if known.empty:
        return no_data("Days of sending out of the ordinary", "no day can be placed", ax)
    known = known.assign(
        rank=known["severity"].map({severity: i for i, severity in enumerate(_COLORS)}),
        place=account_labels(known["account_id"], accounts) + ", " + known["region"],
        recent=known["in_period"].fillna(value=False).astype(bool),
    )
    known = known.assign(label=known["place"] + ": " + known["kind"].map(_WORDS))
    known = known.sort_values(["recent", "rank", "day"], ascending=[False, True, False])
    order = known["label"].drop_duplicates()
    labels, rest = list(order[:ROWS]), max(len(order) - ROWS, 0)
    shown = known[known["label"].isin(labels)]
    ax = canvas(ax, height=0.27 * len(labels) + 0.1, labels=labels, right=0.25, below=0.5, above=0.25)
    places = {label: i for i, label in enumerate(labels)}
    for row in shown[::-1].to_dict("records"):
        y, color = places[row["label"]], _COLORS[str(row["severity"])]
        first, last = date2num(row["first_day"]), date2num(row["last_day"])
        ax.plot([first, last], [y, y], color=color, linewidth=4, solid_capstyle="round", alpha=0.55)
        ax.plot([date2num(row["day"])], [y], marker="o", color=color, markersize=7, markeredgecolor=PAPER,
                markeredgewidth=0.7, linestyle="none", zorder=3)  # fmt: skip
    bar_rows(ax, labels)
    _months(ax, shown)
    severities = [severity for severity in _COLORS if severity in set(shown["severity"])]
    legend(ax, [(severity, _COLORS[severity]) for severity in severities])
    message = _message(known, within_kpi(results, "sent_volume"))
    subtitle = (
        "days of sending unlike the account's own past; a dot is the worst day, its bar the whole episode"
        + (f"; {rest:,} further rows not drawn" if rest else "")
    )  # fmt: skip
    told = " ".join(known["words"].head(5))
    return finish(ax, scope=scope, message=message, subtitle=subtitle, alt=f"{message}. {told}")


def _message(known: pd.DataFrame, where: str) -> str:
    """What is grave and of this month, else how many there were."""
    grave = known[known["recent"] & known["severity"].isin(GRAVE)]
    if grave.empty:
        milder = counted(len(known), "milder or earlier anomaly", "milder or earlier anomalies")
        return f"No grave anomaly of sending this month{where}; {milder}"
    number = counted(len(grave), "grave anomaly", "grave anomalies")
    return f"{number} of sending this month: {sentence_list(list(dict.fromkeys(grave['place'])), 2)}"


def _months(ax: Axes, shown: pd.DataFrame) -> None:
    last = max(shown["last_day"].max(), shown["day"].max()) + pd.Timedelta(days=8)
    first = min(shown["first_day"].min() - pd.Timedelta(days=8), last - _LEAST_SPAN)
    months = pd.date_range(first.normalize(), last, freq="MS")
    step = max(1, -(-len(months) // 15))
    ticks = months[::step]
    words = [
        Period(month.year, month.month).name[:3]
        + (f"\n{month.year}" if i == 0 or month.year != ticks[i - 1].year else "")
        for i, month in enumerate(ticks)
    ]
    ax.set_xlim(date2num(first), date2num(last))
    ax.set_xticks(list(date2num(ticks)), words)
    ax.tick_params(axis="x", colors=MUTED)
    ax.grid(axis="x")
    ax.spines["bottom"].set_visible(False)
