"""Exposure: identities by the widest that their policies allow."""

from __future__ import annotations

from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.charts.names import EXPOSURES
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideChart, SlideContent, SlideSeries, slide
from sesreport.report.deck.evidence import NEUTRAL, frame, kpi, method, nothing

COLORS = {
    "public": SEVERITY_COLORS["high"], "external": SEVERITY_COLORS["medium"], "own": NEUTRAL, "none": NEUTRAL,
}  # fmt: skip
"""What the title counts is red."""
NOT_KNOWN = ("Not known", SEVERITY_COLORS["medium"])
CLASSES = {name: (label, COLORS.get(name)) for name, label in EXPOSURES.items()} | {"not decided": NOT_KNOWN}


@slide(order=40)
def exposure(pack: Pack) -> SlideContent:
    rows = frame(pack, "exposures", ("exposure",))
    counts = rows["exposure"].fillna("not decided").value_counts()
    shown = [name for name in CLASSES if counts.get(name, 0)]
    measured = kpi(pack, "public_identities")
    unknown = int(counts.get("not decided", 0))
    told = "; ".join(f"{CLASSES[name][0]} {int(counts[name])}" for name in shown)
    return SlideContent(
        title=titles.public_identities(measured) if measured else "Who can send from our identities",
        subtitle=f"Identities by the widest sender their policies allow, count, {pack.results.period_name}"
        + (f"; of {unknown:,} the policies were not read" if unknown else ""),
        body=(
            SlideChart(
                kind="bar",
                categories=tuple(CLASSES[name][0] for name in shown),
                series=(SlideSeries("Identities", tuple(float(counts[name]) for name in shown), pack.branding.accent),),
                unit="count",
                alt=f"Identities by widest sender: {told}.",
                point_colors=tuple(CLASSES[name][1] for name in shown),
            ),
        )
        if shown
        else nothing(pack, "exposures", "identities"),
        source="exposures",
        kpi=measured,
        notes=method(pack, (measured, kpi(pack, "wildcard_policies")), f"Rows of data/exposures.parquet: {told}."),
    )
