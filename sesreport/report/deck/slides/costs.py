"""Cost: what sending cost by month against the budget, and what of it need not be."""

from __future__ import annotations

from sesreport.analysis.joins import rows
from sesreport.core.period import Period
from sesreport.kpis import words
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideChart, SlideContent, SlideSeries, SlideTable, slide
from sesreport.report.deck.evidence import NEUTRAL, method
from sesreport.report.showback import budget_of, by_kind, currencies, months, roughly

TOP = 3
"""Rows of waste that are shown with what to do."""
KINDS = 6


@slide(order=64)
def costs(pack: Pack) -> SlideContent | None:
    """The title's cost is the dark column; what is avoidable, the bars beside it."""
    results = pack.results
    cost, avoidable = results.find_kpi("billed_cost"), results.find_kpi("avoidable_cost")
    if cost is None:
        return None
    known = currencies(pack.columns("unit_costs", ("period", "dimension", "billing_currency")), results.period)
    kpis = [results.find_kpi(name) for name in ("billed_cost", "budget_used", "avoidable_cost")]
    subtitle = "As billed, taxes and credits included"
    if not known:
        return SlideContent(
            title=titles.cost(cost, "", None, avoidable),
            subtitle=subtitle,
            body=Nothing(f"No data: {cost.reason}"),
            source="unit_costs",
            notes=method(pack, kpis),
        )
    currency, others = known[0], known[1:]
    budget = budget_of(results, currency)
    charts = [_by_month(pack, currency, budget)]
    kinds = by_kind(pack.columns("waste", ("kind", "amount", "billing_currency")), currency)
    if kinds:
        charts.append(_by_kind(pack, currency, kinds))
    dearest, rest = _dearest(pack, currency)
    more = f"; {' and '.join(others)} not drawn" if others else ""
    return SlideContent(
        title=titles.cost(cost, roughly(pack.unit_costs, results.period), budget, avoidable)
        if cost.value is not None
        else titles.currencies(known),
        subtitle=f"{currency} as billed, taxes and credits included{more}{rest}",
        body=tuple(charts),
        foot=dearest,
        source="unit_costs, waste",
        notes=method(pack, kpis, *(chart.alt for chart in charts)),
    )


def _by_month(pack: Pack, currency: str, budget: float | None) -> SlideChart:
    periods = tuple(map(str, Period.of(pack.results.period).back(13)))
    values = tuple(months(pack.unit_costs, currency, periods))
    series = [SlideSeries("Cost", values, pack.branding.accent)]
    if budget is not None:
        series.append(SlideSeries("Budget", (budget,) * len(periods), "#1F2933", role="outline"))
    told = ", ".join(
        f"{period} {words.number(value, 'money', currency)}" for period, value in zip(periods, values, strict=True)
    )
    against = f"; budget {words.money(budget, currency)} a month" if budget is not None else ""
    return SlideChart(
        "column",
        periods,
        tuple(series),
        "money",
        f"Cost of sending by month: {told}{against}.",
        heading="By month" + (f", budget of {words.money(budget, '')} outlined" if budget is not None else ""),
        point_colors=(NEUTRAL,) * (len(periods) - 1) + (None,),
        share=1.5,
    )


def _by_kind(pack: Pack, currency: str, kinds: list[tuple[str, float]]) -> SlideChart:
    shown = kinds[:KINDS]
    told = ", ".join(f"{kind} {words.money(amount, currency)}" for kind, amount in shown)
    rest = f" and {len(kinds) - KINDS} more" if len(kinds) > KINDS else ""
    return SlideChart(
        "bar",
        tuple(kind for kind, _ in shown),
        (SlideSeries("Avoidable", tuple(amount for _, amount in shown), SEVERITY_COLORS["high"]),),
        "money",
        f"Avoidable cost by kind: {told}{rest}.",
        heading=f"Avoidable, by kind{rest}",
    )


def _dearest(pack: Pack, currency: str) -> tuple[SlideTable | None, str]:
    """The three largest amounts with what to do, and how many more there are."""
    names = ("amount", "kind", "subject", "account_name", "account_id", "region", "owner", "action")
    waste = pack.columns("waste", (*names, "billing_currency"))
    waste = waste[waste["billing_currency"].eq(currency) & waste["amount"].gt(0)]
    waste = waste.sort_values(["amount", "account_id", "region"], ascending=[False, True, True])
    if waste.empty:
        return None, ""
    shown = tuple(
        (
            Cell(words.money(amount, currency), bold=True),
            Cell(f"{kind}: {subject}"),
            Cell(f"{name or account}, {region}"),
            Cell(owner or "no owner"),
            Cell(action),
        )
        for amount, kind, subject, name, account, region, owner, action in rows(waste.head(TOP), names)
    )
    table = SlideTable(
        headers=("Amount", "Avoidable", "Where", "Owner", "What to do"),
        rows=shown,
        widths=(1.2, 2.3, 2.6, 1.3, 4.7),
        alt="; ".join(" · ".join(cell.text for cell in row) for row in shown),
        right=frozenset({0}),
        lines=2,
    )
    rest = len(waste) - len(shown)
    return table, f"; the {len(shown)} largest of {len(waste):,} avoidable amounts below" if rest else ""
