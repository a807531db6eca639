"""Mail that is paid for and does not arrive, and price plans that cost more than others."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sesreport.analysis.costs import ESTIMATED
from sesreport.analysis.usage_types import OUTBOUND, PLAN_FEE, PLAN_NAMES
from sesreport.analysis.waste import PlaceMonth, said, waste_kind
from sesreport.core.money import amount
from sesreport.core.schema import Row
from sesreport.settings.prices import PLANS, Plan


@waste_kind("bounces paid for")
def bounces(place: PlaceMonth) -> Iterator[Row]:
    """Bounces and rejects at the price that the place paid for a recipient: SES charges for them as for any other."""
    charged = place.charged.get(OUTBOUND)
    if place.closed or charged is None or not charged.quantity or charged.cost <= 0:
        return
    lost = min(place.bounces + place.rejects, int(charged.quantity))  # no more than was charged
    if not lost:
        return
    each = charged.cost / charged.quantity
    yield {
        "subject": f"{lost:,} messages",
        "amount": amount(each * lost),
        "billing_currency": charged.currency,
        "cost_basis": charged.basis,
        "formula": (
            f"{place.bounces:,} bounces and {place.rejects:,} rejects{_cut(place, lost)} × {each:.6f} "
            f"({said(charged.cost)} / {charged.quantity:,.0f} recipients)"
        ),
        "action": "Clean the lists, and turn on the suppression list for bounces.",
    }


@waste_kind("price plan")
def price_plan(place: PlaceMonth) -> Iterator[Row]:
    """What the plan costs more than the cheapest, for the month's mail that did arrive, by list price.

    Bounces are left out, as they are a waste of their own. A place in a sandbox whose plan has a fee is one as well.
    """
    own = _plan(place)
    if place.closed or own is None or not place.sent or _pays_for_nothing(place):
        return
    charged = place.charged.get(OUTBOUND)
    many = charged.quantity if charged is not None and charged.quantity else Decimal(place.sent)
    arriving = max(many - place.bounces - place.rejects, Decimal(0))
    table, region = place.prices, place.region
    costs = {
        plan: table.outbound_price(plan, arriving, region=region) + table.plan_fee(plan, region=region)
        for plan in PLANS
    }
    best = min(PLANS, key=lambda plan: (costs[plan], PLANS.index(plan)))
    saved = costs[own] - costs[best]
    if place.billed:  # no more than the mail and the plan were charged
        paid = [place.charged[family].cost for family in (OUTBOUND, PLAN_FEE) if family in place.charged]
        saved = min(saved, sum(paid, Decimal(0)))
    if saved <= 0:
        return
    even = table.break_even(own, best, region=region)
    pays = f"{PLAN_NAMES[own]} pays from {even:,.0f} a month" if even is not None else "it never costs less"
    given_up = f"{PLAN_NAMES[place.next_plan]} is already chosen from then on" if place.next_plan == best else (
        f"Choose {PLAN_NAMES[best]} where no feature of {PLAN_NAMES[own]} is used"
    )  # fmt: skip
    yield {
        "subject": PLAN_NAMES[own],
        "amount": amount(saved),
        "billing_currency": place.prices.currency,
        "cost_basis": ESTIMATED,
        "formula": (
            f"{arriving:,.0f} recipients at list price: {said(costs[own])} under {PLAN_NAMES[own]}, "
            f"{said(costs[best])} under {PLAN_NAMES[best]}; {pays}"
        ),
        "action": f"{given_up}; the next billing cycle begins on {place.changes_on}.",
    }


@waste_kind("plan in a sandbox")
def plan_in_a_sandbox(place: PlaceMonth) -> Iterator[Row]:
    """The fee of a plan of an account that only tries things out."""
    own = _plan(place)
    if place.closed or own is None or not _pays_for_nothing(place):
        return
    from_fee = place.charged.get(PLAN_FEE)
    if from_fee is None and place.billed:
        return
    fee = from_fee.cost if from_fee is not None else place.prices.plan_fee(own, region=place.region)
    if fee <= 0:
        return
    yield {
        "subject": PLAN_NAMES[own],
        "amount": amount(fee),
        "billing_currency": from_fee.currency if from_fee is not None else place.prices.currency,
        "cost_basis": from_fee.basis if from_fee is not None else ESTIMATED,
        "formula": f"the monthly fee of {PLAN_NAMES[own]}, {said(fee)}, in a sandbox",
        "action": f"Give the plan up; the next billing cycle begins on {place.changes_on}.",
    }


def _cut(place: PlaceMonth, lost: int) -> str:
    return f", of which {lost:,} were charged," if lost < place.bounces + place.rejects else ""


def _plan(place: PlaceMonth) -> Plan | None:
    """The plan of the place, where SES says which."""
    return next((plan for plan in PLANS if plan == place.plan), None)


def _pays_for_nothing(place: PlaceMonth) -> bool:
    """Whether a plan with a fee is kept in a sandbox."""
    own = _plan(place)
    return place.sandbox and own is not None and place.prices.plan_fee(own, region=place.region) > 0
