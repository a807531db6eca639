"""Exposure: identities by the widest that their policies allow."""

from __future__ import annotations

from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.charts.names import EXPOSURES
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideContent, slide
from sesreport.report.deck.evidence import NEUTRAL, bars, method, nothing

COLORS = {
    "public": SEVERITY_COLORS["high"], "external": SEVERITY_COLORS["medium"], "own": NEUTRAL, "none": NEUTRAL,
}  # fmt: skip
"""What the title counts is red."""
NOT_KNOWN = ("Not known", SEVERITY_COLORS["medium"])
CLASSES = {name: (label, COLORS.get(name)) for name, label in EXPOSURES.items()} | {"not decided": NOT_KNOWN}


@slide(order=40)
def exposure(pack: Pack) -> SlideContent:
    rows = pack.columns("exposures", ("exposure",))
    counts = rows["exposure"].fillna("not decided").value_counts()
    counted = [(label, int(counts[name]), color) for name, (label, color) in CLASSES.items() if counts.get(name, 0)]
    measured = pack.results.find_kpi("public_identities")
    unknown = int(counts.get("not decided", 0))
    told = "; ".join(f"{label} {count}" for label, count, _ in counted)
    return SlideContent(
        title=titles.public_identities(measured) if measured else "Who can send from our identities",
        subtitle=f"Identities by the widest sender their policies allow, count, {pack.results.period_name}"
        + (f"; of {unknown:,} the policies were not read" if unknown else ""),
        body=(bars(pack, "Identities", counted, f"Identities by widest sender: {told}."),)
        if counted
        else nothing(pack, "exposures", "identities"),
        source="exposures",
        kpi=measured,
        notes=method(
            pack, (measured, pack.results.find_kpi("wildcard_policies")), f"Rows of data/exposures.parquet: {told}."
        ),
    )
