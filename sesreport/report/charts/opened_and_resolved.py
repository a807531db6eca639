"""What was opened and what was resolved, month by month."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.core.period import Period
from sesreport.kpis.results import Results
from sesreport.kpis.words import number
from sesreport.report.charts.look import ACTUAL, LIGHT, MUTED, canvas, finish, no_data
from sesreport.report.charts.names import month_labels
from sesreport.report.charts.registry import chart

TITLE = "Findings opened and resolved by month"


@chart("findings_flow", TITLE)
def findings_flow(results: Results, *, ax: Axes | None = None, scope: str = "") -> Figure:
    """Opened above the line, resolved below, 13 months; under each the mean days what was resolved had been open."""
    series = {kpi.id: {point.period: point.value for point in kpi.series} for kpi in results.kpis}
    last = Period.of(results.period)
    periods = [str(period) for period in last.back(13)]
    opened, resolved, days = (
        [series.get(name, {}).get(period) for period in periods]
        for name in ("findings_opened", "findings_resolved", "mean_time_to_remediate")
    )
    if all(value is None for value in [*opened, *resolved]):
        return no_data(TITLE, "no month's openings are known", ax)
    reach = max(1.0, *(value for value in [*opened, *resolved] if value is not None))
    ax = canvas(ax, height=2.2, labels=["Mean days open"], right=0.1, below=0.45)
    for x, (up, down, mean) in enumerate(zip(opened, resolved, days, strict=True)):
        for value, sign, color in ((up, 1, LIGHT), (down, -1, ACTUAL)):
            ax.bar(x, sign * (value or 0), width=0.68, color=color)
            ax.text(x, sign * ((value or 0) + reach * 0.1), _short(value), ha="center", va="center", fontsize=8)
        ax.text(x, -reach * 1.55, "–" if down == 0 else _short(mean), ha="center", va="center", fontsize=8)
    ax.axhline(0, color=MUTED, linewidth=1)
    ax.set_xticks(range(len(periods)), month_labels(periods))
    ax.set_yticks([reach / 2, -reach / 2, -reach * 1.55], ["Opened", "Resolved", "Mean days open"])
    ax.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.set_xlim(-0.6, len(periods) - 0.4)
    ax.set_ylim(-reach * 1.75, reach * 1.25)
    message = f"Findings in {last.name}: {number(resolved[-1], 'count')} resolved, {number(opened[-1], 'count')} opened"
    listed = "; ".join(
        f"{period} {number(up, 'count')} opened, {number(down, 'count')} resolved"
        for period, up, down in zip(periods, opened, resolved, strict=True)
    )
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="findings a month, mean days open of those resolved; ?: not known",
        alt=f"{message}. {listed}.",
    )


def _short(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"
