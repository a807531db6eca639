"""Appendix: what was read, and what could not be."""

from __future__ import annotations

from sesreport.charts.text import counted
from sesreport.pack.contents import Pack
from sesreport.pack.deck import titles
from sesreport.pack.deck.description import Cell, Content, Nothing, Table, slide
from sesreport.pack.deck.evidence import kpi, method

ROWS = 9


@slide(order=120)
def coverage(pack: Pack) -> Content:
    found = pack.results.coverage
    more = len(found.gaps) - ROWS
    shown = found.gaps[:ROWS]
    statuses = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in found.by_status.items())
    return Content(
        title=titles.coverage(found.places),
        subtitle="Appendix · what could not be read (place = account × Region), and why",
        body=Table(
            headers=("Account", "Account id", "Region", "Dataset", "Read", "Reason"),
            rows=tuple(
                tuple(
                    map(
                        Cell,
                        (gap.account_name, gap.account_id, gap.region, gap.dataset.replace("_", " "),
                         gap.status.replace("_", " "), gap.reason),
                    )
                )
                for gap in shown
            ),
            widths=(2.3, 1.6, 1.6, 1.5, 1.6, 3.7),
            alt="; ".join(f"{gap.account_name} {gap.region} {gap.dataset}: {gap.status}" for gap in shown),
        )
        if shown
        else Nothing(found.statement or "No gap: everything that should have been read was read."),
        source="coverage",
        takeaway=f"{counted(more, 'more gap')}: see the sheet Data quality." if more > 0 else found.statement,
        notes=method(pack, (kpi(pack, "coverage"),), f"Datasets by status: {statuses}." if statuses else ""),
    )  # fmt: skip
