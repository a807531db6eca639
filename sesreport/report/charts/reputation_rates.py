"""Bounce and complaint rates against the lines at which Amazon SES reviews an account or pauses its sending."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.analysis.aws_lines import BELOW, LINES, PAUSE, reached
from sesreport.kpis.results import Results
from sesreport.kpis.words import number, within_kpi
from sesreport.report.charts.look import (
    ACTUAL,
    BAD,
    MUTED,
    PAPER,
    WATCH,
    WORST,
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


@chart("bounce_rate", "Bounce rate by account", "sending_accounts", "accounts")
def bounce_rate(
    sending_accounts: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """AWS's own bounce rate per account and Region, highest first."""
    return _rate(sending_accounts, accounts, "bounce_rate", "Bounce rate", results, ax, scope)


@chart("complaint_rate", "Complaint rate by account", "sending_accounts", "accounts")
def complaint_rate(
    sending_accounts: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """AWS's own complaint rate per account and Region, highest first."""
    return _rate(sending_accounts, accounts, "complaint_rate", "Complaint rate", results, ax, scope)


def _rate(
    frame: pd.DataFrame,
    accounts: pd.DataFrame | None,
    column: str,
    noun: str,
    results: Results | None,
    ax: Axes | None,
    scope: str,
) -> Figure:
    known = frame.dropna(subset=[column])
    if known.empty:
        reason = (
            f"AWS gave no {noun.lower()} for any of {counted(len(frame), 'account and Region', 'accounts and Regions')}"
        )
        return no_data(f"{noun} by account", reason, ax)
    review, pause = LINES[column]
    known = known.assign(line=reached(known[column], column))
    known = known.sort_values([column, "account_id", "region"], ascending=[False, True, True])
    over = known[known["line"] != BELOW]
    shown = known.head(max(ROWS, min(len(over), 30)))
    labels = [
        f"{name}, {region}"
        for name, region in zip(account_labels(shown["account_id"], accounts), shown["region"], strict=True)
    ]
    ax = canvas(ax, height=0.25 * len(shown) + 0.1, labels=labels, right=0.75, above=0.22)
    rates = shown[column].astype(float)
    right = max(float(rates.max()), pause * 1.06)
    for row, (rate, line) in enumerate(zip(rates, shown["line"], strict=True)):
        color = WORST if line == PAUSE else ACTUAL if line == BELOW else BAD
        ax.barh(row, rate, height=0.6, color=color)
        ax.text(rate + right * 0.008, row, number(rate, "rate"), va="center",
                fontweight="normal" if line == BELOW else "bold",
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6})  # fmt: skip
    bar_rows(ax, labels)
    ax.set_xlim(0, right)
    value_axis(ax, share=True)
    for limit, words, color in ((review, "AWS reviews", WATCH), (pause, "AWS pauses", BAD)):
        ax.axvline(limit, color=color, linewidth=1.4, linestyle=(0, (4, 2)), zorder=0.9)
        ax.text(limit, -0.72, f"{words} {limit * 100:g} %", ha="center", va="bottom",
                fontsize=9, color=MUTED)  # fmt: skip
    where = within_kpi(results, column)  # the KPI of that name rests on the same dataset
    message = (
        f"{counted(len(over), 'place')} at or above AWS's {review * 100:g} % review line: "
        f"{sentence_list(labels[: len(over)], 2)}"
        if len(over)
        else f"No {noun.lower()} reaches AWS's {review * 100:g} % review line{where}"
    )
    unknown, rest = len(frame) - len(known), len(known) - len(shown)
    subtitle = f"{noun.lower()} as AWS computes it, by account and Region" + "".join(
        (f"; {unknown:,} not known" if unknown else "", f"; {rest:,} lower ones not drawn" if rest else "")
    )
    listed = "; ".join(f"{label} {number(rate, 'rate')}" for label, rate in list(zip(labels, rates, strict=True))[:8])
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle=subtitle,
        alt=f"{message}. Highest first: {listed}. {unknown} not known.",
    )
