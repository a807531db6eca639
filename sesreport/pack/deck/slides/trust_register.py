"""The register: approvals of outside accounts by whether they are in date."""

from __future__ import annotations

from sesreport.pack.contents import Pack
from sesreport.pack.deck import titles
from sesreport.pack.deck.description import Chart, Content, Series, slide
from sesreport.pack.deck.evidence import frame, kpi, method, nothing
from sesreport.words import SEVERITY_COLORS

STATES = {
    "expired": ("Expired", SEVERITY_COLORS["high"]),
    "expiring": ("Expiring soon", SEVERITY_COLORS["medium"]),
    "valid": ("In date", None),
}


@slide(order=60)
def trust_register(pack: Pack) -> Content:
    rows = frame(pack, "register", ("status", "owner"))
    states = [*STATES, *sorted(set(rows["status"].dropna()) - set(STATES))]
    owned = rows["owner"].notna().map({True: "With an owner", False: "Without an owner"})
    counts = rows.groupby([owned, rows["status"].fillna("not known")]).size()
    groups = ("With an owner", "Without an owner")
    series = tuple(
        Series(
            STATES.get(state, (state.capitalize(), None))[0],
            tuple(float(counts.get((group, state), 0)) for group in groups),
            STATES.get(state, ("", None))[1] or pack.branding.accent,
        )
        for state in states
    )
    told = "; ".join(f"{one.name} {int(sum(v or 0 for v in one.values))}" for one in series)
    measured = kpi(pack, "expired_grants")
    return Content(
        title=titles.expired_grants(measured) if measured else "Approvals of outside accounts",
        subtitle=f"Registered outside accounts by state of their approval, count, {pack.results.period_name}",
        body=(Chart("stacked", groups, series, "count", f"Registered accounts by approval and owner: {told}."),)
        if len(rows)
        else nothing(pack, "register", "registered outside accounts"),
        source="register, grants",
        kpi=measured,
        notes=method(pack, (measured,), f"Rows of data/register.parquet: {told}."),
    )
