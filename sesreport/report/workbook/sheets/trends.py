"""Trends: one row per KPI and month, for pivot tables and for the charts."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import Cells, SheetChart, SheetColumn, SheetContent, SheetSeries, sheet

TITLE = "Trends"


@sheet(title=TITLE, question="How did each KPI move over thirteen months?", order=40, group="summary")
def trends(pack: Pack) -> SheetContent:
    kpis = pack.results.kpis
    rows = pd.DataFrame(
        [
            {
                "kpi": kpi.label,
                "month": point.period,
                "value": point.value,
                "target": kpi.target,
                "unit": kpi.unit,
                "currency": kpi.currency,
                "known": point.value is not None,
            }
            for kpi in kpis
            for point in kpi.series
        ],
        columns=["kpi", "month", "value", "target", "unit", "currency", "known"],
    )
    return SheetContent(
        subtitle="Months of every KPI, oldest first; the target is today's",
        note="Blank = not known for that month (no evidence from then), never zero. Filter by KPI for one series.",
        columns=(
            SheetColumn("kpi", "KPI", width=44),
            SheetColumn("month", "Month", width=11),
            SheetColumn("value", "Value", "figure", width=15),
            SheetColumn("target", "Target", "figure", width=12),
            SheetColumn("unit", "Unit", width=11),
            SheetColumn("currency", "Currency", unknown="", width=12),
            SheetColumn("known", "Known", "flag", width=9),
        ),
        rows=rows,
        charts=[kpi_chart(pack, kpi) for kpi in kpis if not kpi.headline and is_known(kpi)],
        charts_beside=True,
        empty="No data: no KPI was computed.",
    )


def is_known(kpi: Kpi) -> bool:
    """Whether any month of the KPI is known: an empty chart would look like zero."""
    return any(point.value is not None for point in kpi.series)


def kpi_chart(pack: Pack, kpi: Kpi) -> SheetChart:
    """Actual against target over the KPI's months, reading the Trends table."""
    before = 0
    for other in pack.results.kpis:
        if other.id == kpi.id:
            break
        before += len(other.series)
    span = (before, before + len(kpi.series) - 1)
    series = [SheetSeries("Actual", Cells(TITLE, "Value", *span), pack.branding.accent)]
    if kpi.target is not None:
        series.append(SheetSeries("Target", Cells(TITLE, "Target", *span), "#6B7280", dashed=True))
    known = [point for point in kpi.series if point.value is not None]
    told = (
        f"from {words.number(known[0].value, kpi.unit, kpi.currency)} in {known[0].period} "
        f"to {words.number(known[-1].value, kpi.unit, kpi.currency)} in {known[-1].period}"
        if known
        else "no month is known"
    )
    return SheetChart(
        kind="column" if kpi.unit == "messages" else "line",
        title=kpi.label,
        alt=f"{kpi.label}, {len(kpi.series)} months: {told}; {words.aim(kpi)}.",
        categories=Cells(TITLE, "Month", *span),
        series=tuple(series),
        unit=kpi.unit,
    )
