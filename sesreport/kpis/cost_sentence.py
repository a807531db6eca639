"""Page one's sentence about money: what sending cost, how that moved, and what of it need not be."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from sesreport.analysis.costs import ESTIMATED
from sesreport.core.money import total
from sesreport.core.period import Period
from sesreport.kpis import words
from sesreport.kpis.results import Kpi

KINDS = 3
"""Kinds of waste that are named; the sentence says how many more there are."""


def cost_sentence(period: Period, kpis: Sequence[Kpi], costs: pd.DataFrame, waste: pd.DataFrame) -> str:
    """``Sending cost USD 2,715 in October 2026, …``; empty where no cost of the month is known.

    Amounts of several currencies are told side by side, as they are never added.
    """
    month = costs[costs["period"].eq(str(period))]
    sums = {str(name): total(rows["billed_cost"]) for name, rows in month.groupby("billing_currency")}
    known = {currency: whole for currency, whole in sums.items() if whole is not None}
    if not known:
        return ""
    told = " and ".join(words.money(whole, currency) for currency, whole in known.items())
    sentence = f"Sending cost {_roughly(month)}{told} in {period.name}{_estimated(month)}"
    if len(known) > 1:
        return f"{sentence}; amounts in different currencies are not added."
    by_id = {kpi.id: kpi for kpi in kpis if kpi.value is not None}
    moved = _moved(by_id.get("billed_cost"), period)
    each = _per_thousand(by_id.get("cost_per_thousand_delivered"))
    return f"{sentence}{moved}{each}{_avoidable(by_id.get('avoidable_cost'), waste)}."


def _roughly(month: pd.DataFrame) -> str:
    """A charge whose amount could not be read makes the sum a least one; an estimate makes it a rough one."""
    if month["billed_cost"].isna().any():
        return "at least "
    return "about " if month["cost_basis"].eq(ESTIMATED).any() else ""


def _estimated(month: pd.DataFrame) -> str:
    guessed = month[month["cost_basis"].eq(ESTIMATED)]
    if guessed.empty:
        return ""
    if len(guessed) == len(month):
        return " (estimated)"
    parts = (
        words.rounded(part, str(currency))
        for currency, rows in guessed.groupby("billing_currency")
        if (part := total(rows["billed_cost"])) is not None
    )
    return f" ({' and '.join(parts)} of it estimated)"


def _moved(kpi: Kpi | None, period: Period) -> str:
    if kpi is None or kpi.change is None or not kpi.prior or kpi.prior < 0:
        return ""
    share = kpi.change / kpi.prior
    before = period.shift(-1).name
    if abs(share) < 0.0005:
        return f", as much as in {before}"
    return f", {'+' if share > 0 else '−'}{words.number(abs(share), 'share')} on {before}"


def _per_thousand(kpi: Kpi | None) -> str:
    return "" if kpi is None else f", {words.value_of(kpi)} per 1,000 delivered"


def _avoidable(kpi: Kpi | None, waste: pd.DataFrame) -> str:
    """The sum and its largest kinds; where none was found, in how much of the organization."""
    if kpi is None or kpi.value is None:
        return ""
    if not kpi.value:
        return f"; nothing avoidable was found{words.within(kpi.coverage)}"
    ours = waste[waste["billing_currency"].eq(kpi.currency) & waste["amount"].gt(Decimal(0))]
    about = "about " if ours["cost_basis"].str.contains(ESTIMATED, regex=False).any() else ""
    kinds = {_named(rows): total(rows["amount"]) or Decimal(0) for _, rows in ours.groupby("kind")}
    listed = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    named = ", ".join(f"{name} {words.rounded(amount, '')}" for name, amount in listed[:KINDS])
    more = f" and {len(listed) - KINDS} more" if len(listed) > KINDS else ""
    return f"; {about}{words.rounded(kpi.value, kpi.currency)} avoidable: {named}{more}"


def _named(rows: pd.DataFrame) -> str:
    """A kind of waste; a price plan by its name where all that is paid too much is for one."""
    kind, subjects = str(rows["kind"].iloc[0]), rows["subject"].unique()
    return f"{subjects[0]} plan" if kind == "price plan" and len(subjects) == 1 else kind
