"""Money that need not be spent: each kind with an amount, a formula and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd

from sesreport.analysis.basis import SENDING_DATASETS, read_in
from sesreport.analysis.costs import ESTIMATED
from sesreport.analysis.joins import joined, rows
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.usage_types import OUTBOUND
from sesreport.core.money import amount
from sesreport.core.period import Period
from sesreport.core.registry import Registry
from sesreport.core.schema import Frame, Row, account_id, money, text
from sesreport.core.vocabulary import PLACE, PlaceKey
from sesreport.settings.prices import Prices, prices

BEFORE_CREDITS = (
    "Amounts are before credits, discounts, refunds and taxes, as a credit ends and the waste goes on; what rests on "
    "Cost Explorer, which does not tell these apart, is after them."
)
WASTE = Frame(
    "waste",
    "One row per place and kind of waste in the month. Nothing is counted under two kinds. An amount that rests on "
    f"list prices is 'estimated', whatever the costs themselves rest on. {BEFORE_CREDITS}",
    keys={
        "account_id": account_id("The account."),
        "region": text("The Region; '(none)' for a whole account."),
        "kind": text("What is wasted, as 'bounces paid for' or 'idle dedicated IPs'."),
        "subject": text("What it is about: a plan, addresses, identities."),
        "billing_currency": text("ISO 4217 code."),
    },
    columns={
        "account_name": text("Name of the account."),
        "owner": text("Owner by the account's tags."),
        "amount": money("What it cost in the month; 0 for what costs nothing but should not be there.", required=True,
                        minimum=0),
        "cost_basis": text("export, cost_explorer or estimated, or several.", required=True),
        "formula": text("How the amount comes about, with its numbers.", required=True),
        "action": text("What to do.", required=True),
    },
    samples=(
        {"account_id": "210000000009", "region": "us-east-1", "kind": "price plan", "subject": "ESSENTIALS",
         "account_name": "sandbox-1", "owner": "platform", "amount": Decimal("108.2"), "billing_currency": "USD",
         "cost_basis": "estimated",
         "formula": "1,803,000 recipients: 288.48 under ESSENTIALS, 180.30 à la carte",
         "action": "Choose à la carte; it takes effect on 2026-12-01."},
        {"account_id": "210000000003", "region": "eu-west-1", "kind": "idle dedicated IPs", "subject": "2 addresses",
         "amount": Decimal("49.9"), "billing_currency": "USD", "cost_basis": "export",
         "formula": "charged 49.90; 0 messages sent, below 10 % of break-even (49,900)",
         "action": "Release the addresses, or move mail to them."},
        {"account_id": "210000000004", "region": "eu-west-1", "kind": "identities without mail",
         "subject": "7 identities: a.example.com …", "amount": Decimal(0), "billing_currency": "USD",
         "cost_basis": "export",
         "formula": "no message from the account in this Region in 90 days",
         "action": "Remove identities that nobody needs; their policies go with them."},
    ),
)  # fmt: skip
CLOSED = ("SUSPENDED", "PENDING_CLOSURE")


@dataclass(frozen=True)
class Charged:
    """What a place was charged in the month for a family of usage."""

    cost: Decimal
    quantity: Decimal | None
    currency: str
    basis: str


@dataclass(frozen=True)
class PlaceMonth:
    """An account × Region in the month, as the kinds of waste look at it."""

    account_id: str
    region: str
    closed: bool
    """Whether the account is suspended or closing: all it costs is one kind of waste of its own."""
    billed: bool
    """Whether a bill tells what the account's month cost: then what is not on it was not charged."""
    sandbox: bool
    """Whether it is of a sandbox environment, or SES itself still has it in its sandbox."""
    sent: int | None
    """Messages of the month; None where the place was not read."""
    bounces: int
    rejects: int
    sent_lately: bool | None
    """Whether anything was sent in the last 90 days; None where the place was not read."""
    plan: str | None
    next_plan: str | None
    addresses: int
    """Dedicated IPs."""
    identities: tuple[str, ...]
    charged: Mapping[str, Charged]
    """By usage family (see ``usage_types``), in one currency; ``""`` is all of the place, without taxes and credits."""
    prices: Prices
    changes_on: str
    """The day on which the next billing cycle begins, when a plan that is given up ends."""


WasteKind = Callable[[PlaceMonth], Iterable[Row]]
KINDS: Registry[WasteKind] = Registry("waste")


def waste_kind(name: str) -> Callable[[WasteKind], WasteKind]:
    """Registers a kind of waste: a function that gives rows without their place and kind."""

    def register(find: WasteKind) -> WasteKind:
        KINDS.add(name, find, find.__module__)
        return find

    return register


LATELY = 90
"""Days without a message from which identities count as unused."""


@derived(WASTE)
def waste(analysis: Analysis) -> pd.DataFrame:
    """The largest amount first."""
    found = [
        {"account_id": place.account_id, "region": place.region, "kind": kind, **row}
        for place in places_of(analysis)
        for kind, find in KINDS.items()
        for row in find(place)
    ]
    if not found:
        return WASTE.empty()
    about = analysis.accounts[["account_id", "name", "owner"]].rename(columns={"name": "account_name"})
    frame = pd.DataFrame(found).astype({"account_id": "string"})
    frame = joined(frame, about, on=["account_id"])
    return frame.sort_values(["amount", "account_id", "region", "kind"], ascending=[False, True, True, True])


def places_of(analysis: Analysis) -> list[PlaceMonth]:
    """Every account × Region that was charged, sent, or has something to be charged for in the period."""
    table, charges = prices(analysis.config), _charges(analysis)
    sent, lately = _sent(analysis)
    read = set(rows(analysis.once(read_in, SENDING_DATASETS), PLACE))
    standing = _standing(analysis)
    addresses = Counter(rows(analysis.dedicated_ips, PLACE))
    identities: dict[PlaceKey, list[str]] = {}
    for account, region, identity in rows(analysis.identities, [*PLACE, "identity"]):
        identities.setdefault((account, region), []).append(identity)
    accounts = {
        account: (status in CLOSED, environment == "sandbox")
        for account, status, environment in rows(analysis.accounts, ("account_id", "status", "environment"))
    }
    changes_on = str(Period(analysis.today.year, analysis.today.month).shift(1)) + "-01"
    billed = set(analysis.costs.loc[
        analysis.costs["period"].eq(str(analysis.period)) & analysis.costs["cost_basis"].ne(ESTIMATED), "sub_account_id"
    ])  # fmt: skip
    keys: set[PlaceKey] = {*charges, *sent, *standing, *addresses, *identities}
    out = []
    for key in sorted(keys):
        account, region = key
        closed, sandbox = accounts.get(account, (False, False))
        plan, next_plan, in_sandbox = standing.get(key, (None, None, False))
        messages, bounces, rejects = sent.get(key, (0 if key in read else None, 0, 0))
        main, *others = sorted(charges.get(key, {}).values(), key=lambda families: OUTBOUND not in families) or [{}]
        place = PlaceMonth(
            account, region, closed, account in billed, sandbox or in_sandbox, messages, bounces, rejects,
            key in lately if key in read or key in lately else None, plan, next_plan, addresses[key],
            tuple(identities.get(key, ())), main, table, changes_on,
        )  # fmt: skip
        out.append(place)
        # Charges in another currency are waste of their own; what is no charge is told once.
        out += [
            replace(place, bounces=0, rejects=0, plan=None, addresses=0, identities=(), charged=charged)
            for charged in others
        ]
    return out


Sent = dict[PlaceKey, tuple[int | None, int, int]]


def _sent(analysis: Analysis) -> tuple[Sent, set[PlaceKey]]:
    """Messages, bounces and rejects of the month by place; and the places that sent in the last 90 days."""
    daily, period = analysis.daily, analysis.period
    month = daily[(daily["at"] >= pd.Timestamp(period.start)) & (daily["at"] < pd.Timestamp(period.end))]
    counted = ["sent", "bounces", "rejects"]
    sums = month.groupby(PLACE, as_index=False)[counted].sum(min_count=1)
    found: Sent = {
        (account, region): (None if sent is None else int(sent), int(bounces or 0), int(rejects or 0))
        for account, region, sent, bounces, rejects in rows(sums, [*PLACE, *counted])
    }
    since = pd.Timestamp(period.end) - pd.Timedelta(days=LATELY)
    recent = daily[(daily["at"] >= since) & (daily["sent"] > 0).fillna(value=False)]
    return found, set(rows(recent.drop_duplicates(PLACE), PLACE))


def _charges(analysis: Analysis) -> dict[PlaceKey, dict[str, dict[str, Charged]]]:
    """What each place was charged for usage and fees, by currency and family."""
    costs = analysis.costs
    costs = costs[costs["period"].eq(str(analysis.period)) & costs["charge_category"].isin(["Usage", "Purchase"])]
    costs = costs.dropna(subset=["billed_cost"]).sort_values("billing_currency", kind="stable")
    out: dict[PlaceKey, dict[str, dict[str, Charged]]] = {}
    names = (
        "sub_account_id", "region_id", "usage_family", "billed_cost", "consumed_quantity", "billing_currency",
        "cost_basis",
    )  # fmt: skip
    for account, region, family, cost, quantity, currency, basis in rows(costs, names):
        there = out.setdefault((account, region), {}).setdefault(currency, {})
        for name in (family, ""):
            old = there.get(name)
            if old is None:
                there[name] = Charged(cost, quantity, currency, basis)
            else:
                both = None if old.quantity is None or quantity is None else old.quantity + quantity
                there[name] = Charged(amount(old.cost + cost), both, currency, basis)
    return out


def _standing(analysis: Analysis) -> dict[PlaceKey, tuple[str | None, str | None, bool]]:
    """Price plan, next plan and whether SES has the account in its sandbox, by place."""
    names = (*PLACE, "pricing_plan", "next_pricing_plan", "production_access")
    return {
        (account, region): (plan, following, access is False)
        for account, region, plan, following, access in rows(analysis.snapshot.sending_accounts, names)
    }


def said(value: Decimal) -> str:
    """An amount in a formula, in cents."""
    return f"{value:,.2f}"
