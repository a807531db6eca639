"""Thirteen months of the board's numbers, each with its target."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.kpis.results import ON_TARGET, Kpi, Results, standing
from sesreport.kpis.words import COLORS, aim, judged, judgement, number, value_of
from sesreport.report.charts.look import ACTUAL, GRID, MUTED, PAPER, ChartFigure, canvas, finish, look, no_data
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import lines, shortened

_COLUMNS = 4


@chart("kpis", "KPIs over 13 months")
def kpis(results: Results, *, headline: bool = False, ax: Axes | None = None, scope: str = "") -> Figure:
    """Small multiples: 13 months of each KPI (or of the ``headline`` ones), its target as a dashed line."""
    chosen = [kpi for kpi in results.kpis if kpi.headline or not headline]
    if not chosen:
        return no_data("KPIs over 13 months", "the results hold no KPI", ax)
    rows = math.ceil(len(chosen) / _COLUMNS)
    ax = canvas(ax, height=1.55 * rows, labels=[], right=0.02, below=0.02)
    if isinstance(ax.figure, ChartFigure):
        ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    for i, kpi in enumerate(chosen):
        column, row = i % _COLUMNS, i // _COLUMNS
        cell = ax.inset_axes(
            (column / _COLUMNS, 1 - (row + 0.93) / rows, 0.9 / _COLUMNS, 0.40 / rows), transform=ax.transAxes
        )
        _series(cell, kpi)
        top = 1 - (row + 0.04) / rows
        x = column / _COLUMNS
        ax.text(
            x, top, "\n".join(lines(shortened(kpi.label, 54), 27)[:2]), transform=ax.transAxes, va="top", fontsize=8.5
        )
        known = kpi.value is not None
        ax.text(x, top - 0.3 / rows, value_of(kpi), transform=ax.transAxes, va="center",
                fontsize=13 if known else 9, fontweight="bold" if known else "normal")  # fmt: skip
        ax.text(x + 0.9 / _COLUMNS, top - 0.3 / rows, judgement(kpi), transform=ax.transAxes, va="center",
                ha="right", fontsize=8, color=MUTED)  # fmt: skip
    counts = standing(chosen)
    return finish(
        ax,
        scope=scope,
        message=f"{counts[ON_TARGET]} of {sum(counts.values())} KPIs on target",
        subtitle="13 months each; dashed: target; a gap: not known",
        alt="; ".join(f"{k.label}: {value_of(k)}, {aim(k)}, {judged(k)}" for k in chosen) + ".",
    )


def sparkline(kpi: Kpi) -> Figure:
    """The 13 months of one KPI, word-sized, without a title block: for a table cell or a card."""
    with look():
        figure = ChartFigure(figsize=(1.7, 0.42))
        _series(figure.add_axes((0.02, 0.06, 0.94, 0.86)), kpi)
    known = [point for point in kpi.series if point.value is not None]
    months = f"{len(known)} of {len(kpi.series)} months known"
    figure.message = f"{kpi.label}, 13 months"
    figure.alt = (
        f"{months}: from {number(known[0].value, kpi.unit, kpi.currency)} in {known[0].period} to "
        f"{number(known[-1].value, kpi.unit, kpi.currency)} in {known[-1].period}; {aim(kpi)}."
        if known
        else f"No month is known; {aim(kpi)}."
    )
    return figure


def _series(ax: Axes, kpi: Kpi) -> None:
    values = [math.nan if point.value is None else point.value for point in kpi.series]
    ax.set_xlim(-0.5, max(len(values), 1) - 0.5)
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ("left", "top", "right"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(GRID)
    known = [value for value in values if not math.isnan(value)]
    if not known:
        ax.text(0.5, 0.5, "not known", transform=ax.transAxes, ha="center", va="center", fontsize=8, color=MUTED)
        return
    everything = [
        *known,
        0.0 if kpi.unit not in ("share",) else min(known),
        *([kpi.target] if kpi.target is not None else []),
    ]
    low, high = min(everything), max(everything)
    margin = (high - low or abs(high) or 1.0) * 0.15
    ax.set_ylim(low - margin, high + margin)
    if kpi.target is not None:
        ax.axhline(kpi.target, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    ax.plot(range(len(values)), values, color=ACTUAL, linewidth=1.5, solid_joinstyle="round")
    alone = [
        i for i, value in enumerate(values)
        if not math.isnan(value)
        and (i == 0 or math.isnan(values[i - 1]))
        and (i == len(values) - 1 or math.isnan(values[i + 1]))
    ]  # fmt: skip
    ax.plot(alone, [values[i] for i in alone], color=ACTUAL, marker="o", markersize=2.2, linestyle="none")
    if not math.isnan(values[-1]):
        ax.plot(
            [len(values) - 1], [values[-1]], marker="o", markersize=5, color=COLORS[kpi.status], markeredgecolor=PAPER
        )
