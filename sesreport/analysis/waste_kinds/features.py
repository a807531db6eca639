"""Things that are charged by the month and hardly used."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sesreport.analysis.costs import ESTIMATED, EXPORT
from sesreport.analysis.usage_types import DEDICATED_IPS, TENANTS, VDM
from sesreport.analysis.waste import LATELY, PlaceMonth, said, waste_kind
from sesreport.core.money import amount
from sesreport.core.schema import Row

SHARE = Decimal("0.1")
"""Of the volume at which a dedicated address costs as much as the shared pool: below it nobody needs the address."""
FEW_MESSAGES = 1000
"""Messages a month below which Virtual Deliverability Manager has nothing to tell."""


@waste_kind("idle dedicated IPs")
def idle_dedicated_ips(place: PlaceMonth) -> Iterator[Row]:
    """All that the addresses cost, where less than a tenth of the break-even volume was sent."""
    if place.closed or place.sent is None:
        return
    charged = place.charged.get(DEDICATED_IPS)
    if charged is None and place.billed:
        return
    monthly = place.prices.price("dedicated_ip_standard", 1, region=place.region)
    each = place.prices.outbound_price("NONE", 1, region=place.region)
    if not monthly or not each:
        return
    addresses = place.addresses or (0 if charged is None else max(round(charged.cost / monthly), 1))
    cost = charged.cost if charged is not None else amount(monthly * addresses)
    least = SHARE * addresses * monthly / each
    if cost <= 0 or place.sent >= least:
        return
    many = "1 address" if addresses == 1 else f"{addresses} addresses"
    yield {
        "subject": many,
        "amount": cost,
        "billing_currency": charged.currency if charged is not None else place.prices.currency,
        "cost_basis": charged.basis if charged is not None else ESTIMATED,
        "formula": (
            f"{said(cost)} for {many}; {place.sent:,} messages sent, below 10 % of the {least / SHARE:,.0f} at which "
            "they cost as much as the shared pool"
        ),
        "action": "Release the addresses, or send from them what needs a reputation of its own.",
    }


@waste_kind("deliverability manager unused")
def deliverability_manager(place: PlaceMonth) -> Iterator[Row]:
    """Virtual Deliverability Manager, or the older dashboard, where fewer than 1,000 messages were sent."""
    charged = place.charged.get(VDM)
    if place.closed or charged is None or charged.cost <= 0 or place.sent is None or place.sent >= FEW_MESSAGES:
        return
    yield {
        "subject": "Virtual Deliverability Manager",
        "amount": charged.cost,
        "billing_currency": charged.currency,
        "cost_basis": charged.basis,
        "formula": f"{said(charged.cost)} charged; {place.sent:,} messages sent, fewer than {FEW_MESSAGES:,}",
        "action": "Turn it off in this Region.",
    }


@waste_kind("tenants without mail")
def tenants(place: PlaceMonth) -> Iterator[Row]:
    """Tenants of a place that sent nothing at all; which tenant sends what, SES is not asked."""
    charged = place.charged.get(TENANTS)
    if place.closed or charged is None or charged.cost <= 0 or place.sent != 0:
        return
    many = "tenants" if charged.quantity is None else f"{charged.quantity:,.0f} tenants"
    yield {
        "subject": many,
        "amount": charged.cost,
        "billing_currency": charged.currency,
        "cost_basis": charged.basis,
        "formula": f"{said(charged.cost)} for {many}; nothing sent in the month",
        "action": "Delete the tenants that nobody uses.",
    }


@waste_kind("identities without mail")
def identities(place: PlaceMonth) -> Iterator[Row]:
    """Identities of a place from which nothing was sent in 90 days: they cost nothing, and each is a door."""
    if place.closed or place.sent_lately is not False or not place.identities:
        return
    many = "1 identity" if len(place.identities) == 1 else f"{len(place.identities)} identities"
    shown = ", ".join(sorted(place.identities)[:3]) + (" …" if len(place.identities) > 3 else "")
    whole = place.charged.get("")
    yield {
        "subject": f"{many}: {shown}",
        "amount": Decimal(0),
        "billing_currency": whole.currency if whole is not None else place.prices.currency,
        "cost_basis": whole.basis if whole is not None else EXPORT,
        "formula": f"nothing sent from the account in this Region in {LATELY} days; an identity is free",
        "action": "Remove the identities that nobody needs; their policies go with them.",
    }


@waste_kind("closed account still charged")
def closed_account(place: PlaceMonth) -> Iterator[Row]:
    """All usage and fees of an account that is suspended or closing."""
    charged = place.charged.get("")
    if not place.closed or charged is None or charged.cost <= 0:
        return
    yield {
        "subject": "all usage",
        "amount": charged.cost,
        "billing_currency": charged.currency,
        "cost_basis": charged.basis,
        "formula": f"{said(charged.cost)} for usage and fees of an account that is suspended or closing",
        "action": "Ask AWS Support to end what is still charged.",
    }
