"""Appendix: how the board's KPIs are computed, and the hash of what they were computed from."""

from __future__ import annotations

from sesreport.report.contents import Pack
from sesreport.report.deck.description import Cell, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method


@slide(order=130, appendix=True)
def definitions(pack: Pack) -> SlideContent | None:
    kpis = tuple(kpi for kpi in pack.results.kpis if kpi.headline)
    if not kpis:
        return None
    return SlideContent(
        title="How the numbers are computed",
        subtitle="The board's KPIs; all the others are on the workbook's sheet Definitions",
        body=SlideTable(
            headers=("KPI", "Definition", "Formula", "Source"),
            rows=tuple(
                (Cell(kpi.label, bold=True), Cell(kpi.definition), Cell(kpi.formula), Cell(kpi.source)) for kpi in kpis
            ),
            widths=(2.5, 4.2, 3.2, 2.4),
            alt="; ".join(f"{kpi.label}: {kpi.formula}" for kpi in kpis),
            lines=4,
        ),
        source="results of this pack",
        takeaway=f"Snapshot SHA-256 {pack.results.snapshot.sha256}",
        notes=method(pack, kpis),
    )
