"""A KPI's months as a chart: the actual, and its target as a line across."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.deck.description import SlideChart, SlideSeries
from sesreport.report.deck.evidence import MUTED


def known(kpi: Kpi | None) -> bool:
    return kpi is not None and any(point.value is not None for point in kpi.series)


def chart(pack: Pack, kpi: Kpi, *, kind: str = "line") -> SlideChart:
    months = tuple(point.period for point in kpi.series)
    series = [SlideSeries("Actual", tuple(point.value for point in kpi.series), pack.branding.accent)]
    if kpi.target is not None:
        series.append(SlideSeries("Target", (kpi.target,) * len(months), MUTED, role="line"))
    told = ", ".join(f"{point.period} {words.number(point.value, kpi.unit, kpi.currency)}" for point in kpi.series)
    alt = f"{kpi.label}: {told}; {words.aim(kpi)}."
    return SlideChart(kind, months, tuple(series), kpi.unit, alt, currency=kpi.currency)
