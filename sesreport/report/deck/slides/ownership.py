"""Ownership: the share of identities with an owner, against its target."""

from __future__ import annotations

from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Nothing, SlideContent, slide
from sesreport.report.deck.evidence import method
from sesreport.report.deck.kpi_series import chart, known


@slide(order=70)
def ownership(pack: Pack) -> SlideContent | None:
    measured = pack.results.find_kpi("owned_identities")
    if measured is None:
        return None
    return SlideContent(
        title=titles.against_target(measured, "of identities have an owner"),
        subtitle=f"{measured.label}, share by month, target dashed",
        body=(chart(pack, measured),) if known(measured) else Nothing(f"No data: {measured.reason}"),
        source="identities",
        kpi=measured,
        notes=method(pack, (measured,)),
    )
