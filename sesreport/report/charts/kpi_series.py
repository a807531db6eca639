"""Thirteen months of the board's numbers, each with its target."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox, BboxTransform

from sesreport.kpis.results import ON_TARGET, Kpi, Results, standing
from sesreport.kpis.words import COLORS, aim, judged, judgement, number, value_of
from sesreport.report.charts.look import ACTUAL, GRID, MUTED, PAPER, ChartFigure, canvas, finish, look, no_data
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import lines as text_lines
from sesreport.report.charts.text import shortened

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
            x,
            top,
            "\n".join(text_lines(shortened(kpi.label, 54), 27)[:2]),
            transform=ax.transAxes,
            va="top",
            fontsize=8.5,
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


_BOX = (0.02, 0.06, 0.94, 0.86)
"""Where a sparkline is in its figure: left, bottom, width, height."""


def sparkline(kpi: Kpi) -> Figure:
    """The 13 months of one KPI, word-sized, without a title block: for a table cell or a card.

    Its lines stand on the figure itself: axes, with ticks that are never shown, take five times as long to draw.
    """
    left, bottom, width, height = _BOX
    with look():
        figure = ChartFigure(figsize=(1.7, 0.42))
        figure.add_artist(Rectangle((left, bottom), width, height, facecolor=PAPER, transform=figure.transFigure))
        limits, lines = _lines(kpi)
        scale = BboxTransform(limits, Bbox.from_bounds(*_BOX)) + figure.transFigure
        months = (limits.x0, limits.x1)
        for line in (*lines, Line2D(months, (limits.y0, limits.y0), color=GRID, linewidth=0.8)):
            line.set_transform(scale)
            figure.add_artist(line)
        if not lines:
            figure.text(left + width / 2, bottom + height / 2, "not known", **_UNKNOWN)
    known = [point for point in kpi.series if point.value is not None]
    told = f"{len(known)} of {len(kpi.series)} months known"
    figure.message = f"{kpi.label}, 13 months"
    figure.alt = (
        f"{told}: from {number(known[0].value, kpi.unit, kpi.currency)} in {known[0].period} to "
        f"{number(known[-1].value, kpi.unit, kpi.currency)} in {known[-1].period}; {aim(kpi)}."
        if known
        else f"No month is known; {aim(kpi)}."
    )
    return figure


_UNKNOWN: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "color": MUTED}


def _series(ax: Axes, kpi: Kpi) -> None:
    limits, lines = _lines(kpi)
    ax.set_xlim(limits.x0, limits.x1)
    ax.set_ylim(limits.y0, limits.y1)
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ("left", "top", "right"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(GRID)
    for line in lines:
        ax.add_line(line)
    if not lines:
        ax.text(0.5, 0.5, "not known", transform=ax.transAxes, **_UNKNOWN)


def _lines(kpi: Kpi) -> tuple[Bbox, list[Line2D]]:
    """The limits of a KPI's months and values, and its lines in them: none where no month is known."""
    values = [math.nan if point.value is None else point.value for point in kpi.series]
    months = (-0.5, max(len(values), 1) - 0.5)
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Bbox.from_extents(months[0], 0, months[1], 1), []
    everything = [
        *known,
        0.0 if kpi.unit not in ("share",) else min(known),
        *([kpi.target] if kpi.target is not None else []),
    ]
    low, high = min(everything), max(everything)
    margin = (high - low or abs(high) or 1.0) * 0.15
    lines = []
    if kpi.target is not None:
        lines.append(Line2D(months, (kpi.target, kpi.target), color=MUTED, linewidth=0.9, linestyle=(0, (3, 2))))
    lines.append(Line2D(range(len(values)), values, color=ACTUAL, linewidth=1.5, solid_joinstyle="round"))
    alone = [
        i for i, value in enumerate(values)
        if not math.isnan(value)
        and (i == 0 or math.isnan(values[i - 1]))
        and (i == len(values) - 1 or math.isnan(values[i + 1]))
    ]  # fmt: skip
    if alone:
        dots = [values[i] for i in alone]
        lines.append(Line2D(alone, dots, color=ACTUAL, marker="o", markersize=2.2, linestyle="none"))
    if not math.isnan(values[-1]):
        last = Line2D([len(values) - 1], [values[-1]], color=COLORS[kpi.status], marker="o", markersize=5)
        last.set_linestyle("none")
        last.set_markeredgecolor(PAPER)
        lines.append(last)
    return Bbox.from_extents(months[0], low - margin, months[1], high + margin), lines
