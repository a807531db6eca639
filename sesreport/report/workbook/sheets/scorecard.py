"""Scorecard: every KPI with target, change, status, thirteen months and owner."""

from __future__ import annotations

import pandas as pd

from sesreport.core.period import Period
from sesreport.kpis import words
from sesreport.kpis.results import standing
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet, sheet_of
from sesreport.report.workbook.evidence import BEHIND
from sesreport.report.workbook.sheets.trends import is_known, kpi_chart
from sesreport.report.workbook.styles import STATUS_COLORS


@sheet(
    title="Scorecard",
    question="Which controls are on target, and which way are they moving?",
    order=30,
    group="summary",
)
def scorecard(pack: Pack) -> SheetContent:
    kpis = pack.results.kpis
    months = [point.period for point in kpis[0].series] if kpis else []
    rows = pd.DataFrame(
        [
            {
                "kpi": kpi.label,
                "status": words.judgement(kpi),
                "actual": kpi.value,
                "target": kpi.target,
                "prior": kpi.prior,
                "change": kpi.change,
                "unit": kpi.unit,
                "currency": kpi.currency,
                "better": {"lower": "lower", "higher": "higher"}.get(kpi.direction, "no target"),
                "owner": kpi.owner,
                "reason": kpi.reason,
                "numerator": kpi.numerator,
                "denominator": kpi.denominator,
                "basis": f"{kpi.coverage.read:,} of {kpi.coverage.expected:,} places",
                "details": sheet_of(kpi.id) or "Definitions",
                "trend": "",
                **{point.period: point.value for point in kpi.series},
            }
            for kpi in kpis
        ]
    )
    counted = " · ".join(f"{count} {words.status(status)}" for status, count in standing(kpis).items() if count)
    before = Period.of(pack.results.period).shift(-1).name
    columns = (
        SheetColumn("kpi", "KPI", width=40),
        SheetColumn("status", "Status", "signal", width=18, colors=STATUS_COLORS),
        SheetColumn("actual", "Actual", "figure"),
        SheetColumn("target", "Target", "figure"),
        SheetColumn("prior", "Prior", "figure"),
        SheetColumn("change", "Change", "change"),
        SheetColumn("trend", "Trend", "spark", width=20),
        SheetColumn("owner", "Owner", width=20),
        SheetColumn("reason", "Reading", width=68),
        SheetColumn("details", "Details", "link", width=22),
        *(SheetColumn(month, month, "figure") for month in months),
        SheetColumn("numerator", "Numerator", "real"),
        SheetColumn("denominator", "Denominator", "real"),
        SheetColumn("unit", "Unit", width=12),
        SheetColumn("currency", "Currency", unknown="", width=12),
        SheetColumn("better", "Better", width=12),
        SheetColumn("basis", "Rests on", width=20),
    )
    return SheetContent(
        subtitle=f"{pack.results.period_name}: {counted}",
        note=f"Change is actual minus prior, the value of {before}; of shares and rates, in percentage points. A blank "
        f"number is not known, never zero. Details leads to the rows: filter their column {BEHIND.header} by the KPI. "
        f"{pack.results.coverage.statement}",
        columns=columns,
        rows=rows,
        charts=[kpi_chart(pack, kpi) for kpi in kpis if kpi.headline and is_known(kpi)],
        empty="No data: no KPI was computed.",
    )
