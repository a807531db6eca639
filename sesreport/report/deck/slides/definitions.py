"""Appendix: how each KPI is computed, and the hash of what it was computed from."""

from __future__ import annotations

from collections.abc import Iterator

from sesreport.report.deck.description import Cell, Content, Table, slide
from sesreport.report.deck.evidence import method
from sesreport.report.pack import Pack

ROWS = 4


@slide(order=130)
def definitions(pack: Pack) -> Iterator[Content]:
    kpis = pack.results.kpis
    pages = [kpis[at : at + ROWS] for at in range(0, len(kpis), ROWS)]
    for number, page in enumerate(pages, 1):
        of = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        yield Content(
            title=f"How the numbers are computed{of}",
            subtitle="Appendix · definition, formula and source of each KPI",
            body=Table(
                headers=("KPI", "Definition", "Formula", "Source"),
                rows=tuple(
                    (Cell(kpi.label, bold=True), Cell(kpi.definition), Cell(kpi.formula), Cell(kpi.source))
                    for kpi in page
                ),
                widths=(2.5, 4.2, 3.2, 2.4),
                alt="; ".join(f"{kpi.label}: {kpi.formula}" for kpi in page),
                lines=4,
            ),
            source="results of this pack",
            takeaway=f"Snapshot SHA-256 {pack.results.snapshot.sha256}",
            notes=method(pack, page),
        )
