"""Showback: cost, avoidable cost and exposed identities by owner."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis import words
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideChart, SlideContent, SlideSeries, slide
from sesreport.report.deck.evidence import NEUTRAL, method
from sesreport.report.showback import currencies
from sesreport.report.showback import showback as by_owner

TOP = 8


@slide(order=66)
def showback(pack: Pack) -> SlideContent | None:
    """Three charts with the same rows; the owner of the title is the dark bar of the first."""
    results = pack.results
    cost = results.find_kpi("billed_cost")
    known = currencies(pack.columns("unit_costs", ("period", "dimension", "billing_currency")), results.period)
    if cost is None or not known:
        return None
    currency = known[0]
    owners = by_owner(pack.frames, "owner", results.period)
    owners = owners[owners["billing_currency"].eq(currency) & owners["cost"].notna()]
    shown, rest = owners.head(TOP), len(owners) - TOP
    top = shown.iloc[0]
    avoidable = words.money(top["avoidable"], currency) if pd.notna(top["avoidable"]) and top["avoidable"] else ""
    whole = words.money(float(owners["cost"].sum()), currency)
    charts = (
        _bars(shown, "cost", "Cost", "money", currency, pack.branding.accent, first_alone=True),
        _bars(shown, "avoidable", "Avoidable", "money", currency, SEVERITY_COLORS["high"]),
        _bars(shown, "exposed", "Exposed identities", "count", "", SEVERITY_COLORS["medium"]),
    )
    more = f"; {rest} more owners in the workbook" if rest > 0 else ""
    return SlideContent(
        title=titles.showback(str(top["group"]), words.money(top["cost"], currency), whole, avoidable),
        subtitle=f"{currency} by owner of the account; identities that accounts nobody approved can send as{more}",
        body=charts,
        source="unit_costs, waste, stakes",
        notes=method(
            pack,
            (cost, results.find_kpi("cost_with_owner")),
            *(chart.alt for chart in charts),
            "SES charges by account, so cost goes to the account's owner; an exposed identity counts for its own "
            "owner, else for the account's.",
        ),
    )


def _bars(
    rows: pd.DataFrame, column: str, name: str, unit: str, currency: str, color: str, *, first_alone: bool = False
) -> SlideChart:
    """One bar for each owner; no bar where the number is not known."""
    labels = tuple(map(str, rows["group"]))
    values = tuple(None if pd.isna(value) else float(value) for value in rows[column])
    told = ", ".join(
        f"{label} {words.number(value, unit, currency)}" for label, value in zip(labels, values, strict=True)
    )
    heading = f"{name}, {currency}" if currency else name
    return SlideChart(
        "bar",
        labels,
        (SlideSeries(name, values, color),),
        unit,
        f"{name} by owner: {told}.",
        heading=heading,
        point_colors=(None, *(NEUTRAL,) * (len(labels) - 1)) if first_alone else (),
    )
