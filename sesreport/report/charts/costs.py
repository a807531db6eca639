"""What sending costs: by month against the budget, what of it need not be, and whose it is."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.core.period import Period
from sesreport.kpis.results import Results
from sesreport.kpis.words import UNKNOWN, money
from sesreport.report.charts.look import (
    ACTUAL,
    BAD,
    INK,
    LIGHT,
    MUTED,
    PAPER,
    bar_rows,
    canvas,
    finish,
    legend,
    no_data,
    value_axis,
)
from sesreport.report.charts.names import LABEL, month_labels
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted, shortened
from sesreport.report.showback import budget_of, by_kind, currencies, months, roughly, showback

ROWS = 12
MONTHS, KINDS, OWNERS = "Cost by month", "Avoidable cost by kind", "Cost by owner"


@chart("cost_by_month", MONTHS, "unit_costs")
def cost_by_month(
    unit_costs: pd.DataFrame, *, results: Results | None = None, ax: Axes | None = None, scope: str = ""
) -> Figure:
    """Columns of 13 months, the last one dark; the budget of the settings is an outline around each."""
    last = Period.of(results.period if results is not None else unit_costs["period"].max())
    currency = next(iter(currencies(unit_costs, str(last))), None)
    if currency is None:
        return no_data(MONTHS, f"what sending cost in {last.name} is not known", ax)
    periods = [str(period) for period in last.back(13)]
    values, budget = months(unit_costs, currency, periods), budget_of(results, currency)
    now = values[-1]
    ax = canvas(ax, height=2.2, labels=["2,500"], right=1.2 if budget else 0.1, below=0.5, above=0.1)
    most = max([value for value in values if value is not None] + [budget or 0.0]) or 1.0
    for x, value in enumerate(values):
        if value is None:
            ax.text(x, most * 0.02, UNKNOWN, rotation=90, ha="center", va="bottom", color=MUTED, fontsize=8.5)
            continue
        last_one = x == len(values) - 1
        ax.bar(x, value, width=0.68, color=ACTUAL if last_one else LIGHT)
        inside = budget is not None and most * 0.1 < value <= budget  # above it, the outline would cross the number
        place, anchor = (value - most * 0.02, "top") if inside else (max(value, 0) + most * 0.015, "bottom")
        color = PAPER if inside and last_one else INK
        ax.text(x, place, money(value, ""), ha="center", va=anchor, fontsize=8, color=color)
    if budget:
        ax.bar(range(len(values)), budget, width=0.82, fill=False, edgecolor=INK, linewidth=0.9)
        ax.text(len(values) - 0.45, budget, f"Budget {money(budget, '')}", va="center", fontsize=9)
    ax.set_xticks(range(len(periods)), month_labels(periods))
    ax.set_xlim(-0.6, len(periods) - 0.5)
    ax.set_ylim(min(0.0, *(value for value in values if value is not None)), most * 1.12)
    value_axis(ax, axis="y")
    about = roughly(unit_costs, str(last))
    message = (
        f"Sending cost {about}{money(now, currency)} in {last.name}" if now is not None else f"{MONTHS}: {UNKNOWN}"
    )
    if budget and now is not None:
        message += f", {_against(now, budget, currency)}"
    listed = "; ".join(
        f"{period} {UNKNOWN if value is None else money(value, '')}"
        for period, value in zip(periods, values, strict=True)
    )
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle=f"{currency} a month as billed, taxes and credits included{_others(unit_costs, last)}"
        + ("; outlined: budget" if budget else ""),
        alt=f"{message}. {currency} by month: {listed}.",
    )


@chart("waste_by_kind", KINDS, "waste", "unit_costs")
def waste_by_kind(
    waste: pd.DataFrame,
    unit_costs: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """Bars by kind, the dearest first, in the currency in which most accounts are charged."""
    period = results.period if results is not None else None
    known = (
        [] if unit_costs is None or unit_costs.empty else currencies(unit_costs, period or unit_costs["period"].max())
    )
    currency = known[0] if known else str(waste["billing_currency"].mode().iloc[0])
    kinds = by_kind(waste, currency)
    if not kinds:
        return no_data(KINDS, "what was found costs nothing", ax)
    whole = sum(amount for _, amount in kinds)
    labels = [shortened(kind, LABEL) for kind, _ in kinds]
    ax = canvas(ax, height=0.27 * len(kinds) + 0.1, labels=labels, right=1.1)
    most = kinds[0][1]
    for row, (_, amount) in enumerate(kinds):
        ax.barh(row, amount, height=0.62, color=BAD)
        ax.text(amount + most * 0.012, row, money(amount, ""), va="center")
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    others = int(waste["billing_currency"].ne(currency).sum())
    message = f"{money(whole, currency)} could be avoided, most of it: {labels[0]}"
    if len(kinds) == 1:
        message = f"{money(whole, currency)} could be avoided: {labels[0]}"
    listed = "; ".join(f"{kind} {money(amount, '')}" for kind, amount in kinds)
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle=f"{currency} in the month by kind of waste"
        + (f"; {counted(others, 'row')} in other currencies not drawn" if others else ""),
        alt=f"{message}. {currency} by kind: {listed}.",
    )


@chart("cost_by_owner", OWNERS, "unit_costs", "waste", "kpi_breakdown")
def cost_by_owner(
    unit_costs: pd.DataFrame,
    waste: pd.DataFrame | None = None,
    kpi_breakdown: pd.DataFrame | None = None,
    *,
    results: Results | None = None,
    ax: Axes | None = None,
    scope: str = "",
) -> Figure:
    """Bars by owner of the account, the dearest first; what could be avoided is the red part of each.

    ``kpi_breakdown`` says of which owners nothing was read: what they could avoid is not known.
    """
    last = Period.of(results.period if results is not None else unit_costs["period"].max())
    currency = next(iter(currencies(unit_costs, str(last))), None)
    if currency is None:
        return no_data(OWNERS, f"what sending cost in {last.name} is not known", ax)
    given = {"unit_costs": unit_costs, "waste": waste, "kpi_breakdown": kpi_breakdown}
    owners = showback({name: frame for name, frame in given.items() if frame is not None}, "owner", str(last))
    owners = owners[owners["billing_currency"].eq(currency) & owners["cost"].notna()]
    shown = owners.head(ROWS)
    labels = [shortened(owner, LABEL) for owner in shown["group"]]
    ax = canvas(ax, height=0.27 * len(shown) + 0.1, labels=labels, right=1.5, above=0.3)
    most = max(float(shown["cost"].max()), 0.0) or 1.0
    for row, (cost, share, avoidable) in enumerate(zip(shown["cost"], shown["share"], shown["avoidable"], strict=True)):
        ax.barh(row, max(cost, 0), height=0.62, color=LIGHT)
        ax.barh(row, 0 if pd.isna(avoidable) else min(avoidable, max(cost, 0)), height=0.62, color=BAD)
        part = "" if pd.isna(share) else f"  {share:.1%}".replace("%", " %")
        ax.text(max(cost, 0) + most * 0.012, row, f"{money(cost, '')}{part}", va="center")
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    legend(ax, [("avoidable", BAD), ("other cost", LIGHT)])
    top = shown.iloc[0]
    message = f"{labels[0]} spends most: {money(top['cost'], currency)}"
    message += "" if pd.isna(top["share"]) else f", {top['share']:.1%} of the cost".replace("%", " %")
    rest = len(owners) - len(shown)
    listed = "; ".join(
        f"{label} {money(cost, '')}, avoidable {UNKNOWN if pd.isna(avoidable) else money(avoidable, '')}"
        for label, cost, avoidable in list(zip(labels, shown["cost"], shown["avoidable"], strict=True))[:8]
    )
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle=f"{currency} in {last.name} by owner of the account, and share of the cost"
        + _others(unit_costs, last)
        + (f"; {counted(rest, 'more owner')} not drawn" if rest else ""),
        alt=f"{message}. {currency} by owner: {listed}.",
    )


def _against(cost: float, budget: float, currency: str) -> str:
    """``USD 115.01 over budget``."""
    return f"{money(abs(cost - budget), currency)} {'over' if cost > budget else 'under'} budget"


def _others(unit_costs: pd.DataFrame, last: Period) -> str:
    others = currencies(unit_costs, str(last))[1:]
    return f"; {' and '.join(others)} not drawn" if others else ""
