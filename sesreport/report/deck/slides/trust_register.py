"""Approvals: the grants to outside accounts by whether the approval of the account is in date."""

from __future__ import annotations

from sesreport.kpis.measures.grants import of_outside_accounts
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideContent, slide
from sesreport.report.deck.evidence import NEUTRAL, bars, method, nothing

COLUMNS = ("effect", "scope", "can_send", "grantee_account_id", "register_status")
STATES = {
    "expired": ("Past its approval", SEVERITY_COLORS["high"]),
    "not registered": ("Not registered", NEUTRAL),
    "expiring": ("Approval ends soon", None),
    "valid": ("Approval in date", None),
}
"""What the title counts is red; who is not registered is on the slide before."""


@slide(order=60, appendix=True)
def trust_register(pack: Pack) -> SlideContent:
    grants = of_outside_accounts(pack.columns("grants", COLUMNS))
    counts = grants["register_status"].fillna("not registered").value_counts()
    states = [*(name for name in STATES if name in counts), *sorted(set(counts.index) - set(STATES))]
    labels = {name: STATES.get(name, (name.capitalize(), None)) for name in states}
    counted = [(label, int(counts[name]), color) for name, (label, color) in labels.items()]
    told = "; ".join(f"{label} {count}" for label, count, _ in counted)
    measured = pack.results.find_kpi("expired_grants")
    return SlideContent(
        title=titles.expired_grants(measured) if measured else "Approvals of outside accounts",
        subtitle=f"Grants to outside accounts by their approval in the register, count, {pack.results.period_name}",
        body=(bars(pack, "Grants", counted, f"Grants to outside accounts by approval: {told}."),)
        if counted
        else nothing(pack, "grants", "grants to outside accounts"),
        source="grants, register",
        kpi=measured,
        notes=method(pack, (measured,), f"Rows of data/grants.parquet that let an outside account send: {told}."),
    )
