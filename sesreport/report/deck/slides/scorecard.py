"""The scorecard: every KPI with actual, target, change, status and owner."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method


@slide(order=20, appendix=True)
def scorecard(pack: Pack) -> SlideContent:
    kpis = pack.results.kpis
    return SlideContent(
        title=titles.scorecard(kpis),
        subtitle=f"Actual, target and change on the month before, {pack.results.period_name}",
        body=_table(kpis) if kpis else Nothing("No data: no KPI was computed."),
        source="results of this pack",
        notes=method(pack, kpis),
        takeaway=pack.results.coverage.statement,
    )


def _table(kpis: tuple[Kpi, ...]) -> SlideTable:
    return SlideTable(
        headers=("KPI", "Actual", "Target", "Change", "Status", "Owner"),
        rows=tuple(
            (
                Cell(kpi.label),
                Cell(words.value_of(kpi)),
                Cell(words.target(kpi)),
                Cell(words.change(kpi)),
                Cell(words.judgement(kpi), fill=words.judgement_color(kpi)),
                Cell(kpi.owner or "no owner"),
            )
            for kpi in kpis
        ),
        widths=(4.1, 1.3, 1.3, 1.75, 1.95, 2.25),
        alt="; ".join(f"{kpi.label}: {words.value_of(kpi)}, {words.judged(kpi)}" for kpi in kpis),
        right=frozenset({1, 2, 3}),
    )
