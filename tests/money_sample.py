"""Frames and KPIs of money for the tests of outputs: a small organization, in as many currencies as one asks for."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from sesreport.analysis.runway import RUNWAY
from sesreport.analysis.stakes import STAKES
from sesreport.analysis.unit_costs import UNIT_COSTS
from sesreport.analysis.waste import WASTE
from sesreport.core import money
from sesreport.core.period import Period
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, Basis, Kpi, Point

OCTOBER = Period(2026, 10)
REGION = "eu-central-1"


def unit_cost(dimension: str, group: str, cost: Decimal | float | str, **other: Any) -> dict[str, Any]:
    """A row of ``unit_costs``, of October in dollars unless told otherwise."""
    amount = money.amount(cost)
    zeros = dict.fromkeys(("fees", "taxes", "credits", "refunds"), Decimal(0))
    return {"period": str(OCTOBER), "dimension": dimension, "group": group, "billing_currency": "USD",
            "billed_cost": amount, "usage_cost": amount, **zeros, "cost_basis": "export", **other}  # fmt: skip


def wasted(account: str, amount: Decimal | float | str, kind: str = "bounces paid for", **other: Any) -> dict[str, Any]:
    return {"account_id": account, "region": REGION, "kind": kind, "subject": "12 messages", "amount":
            money.amount(amount), "billing_currency": "USD", "cost_basis": "export", "formula": "12 bounces × 0.0001",
            "action": "Clean the lists.", **other}  # fmt: skip


def money_frames(accounts: Sequence[dict[str, Any]], hostile: str = "") -> dict[str, pd.DataFrame]:
    """Two accounts are charged in euros, the others in dollars; ``hostile`` takes the place of every free text."""
    costs = []
    for number, account in enumerate(accounts):
        currency, amount = ("EUR", 7.5) if number in (2, 3) else ("USD", 900 / (number + 1))
        who, owner = account["account_id"], hostile or account["owner"] or "(no owner)"
        costs += [unit_cost("account", who, amount, billing_currency=currency, delivered=Decimal(5000)),
                  unit_cost("owner", owner, amount, billing_currency=currency)]  # fmt: skip
    frame = UNIT_COSTS.from_rows(costs[::2])
    owners = pd.DataFrame(costs[1::2]).groupby(["group", "billing_currency"], as_index=False)["billed_cost"].sum()
    rows = [*costs[::2]]
    rows += [unit_cost("owner", g, c, billing_currency=b) for g, b, c in owners.itertuples(index=False)]
    for currency, whole in frame.groupby("billing_currency")["billed_cost"].sum().items():
        for months, month in enumerate(OCTOBER.back(11)[::-1]):
            share = float(whole) * (1 - months / 40)
            rows.append(unit_cost("organization", "organization", share, billing_currency=currency, period=str(month)))
    waste = [
        wasted(account["account_id"], Decimal(50) / (number + 1), kind=("bounces paid for", "price plan", hostile or
               "idle dedicated IPs")[number % 3], subject=hostile or f"{number} messages", owner=hostile or
               account["owner"], account_name=hostile or account["name"], action=hostile or "Clean the lists.",
               formula=hostile or "12 bounces × 0.0001", cost_basis=("export", "estimated")[number % 2])
        for number, account in enumerate(accounts[:7])
    ]  # fmt: skip
    stakes = [
        {"account_id": account["account_id"], "region": REGION, "identity": hostile[:60] or f"mail{number}.example",
         "exposure": ("external", "public", None)[number % 3], "needs_review": number % 3 == 2,
         "owner": hostile or None, "messages": None if number == 4 else 1000.0 * number,
         "basis": "account and Region", "shared_by": 2}
        for number, account in enumerate(accounts[:6])
    ]  # fmt: skip
    runway = [
        {"account_id": account["account_id"], "region": REGION, "account_name": hostile or account["name"],
         "sent": 5000.0, "bounces": 300.0, "bounces_to_review": -50, "bounces_to_pause": 200}
        for account in accounts[:4]
    ]  # fmt: skip
    return {
        "unit_costs": UNIT_COSTS.from_rows(rows),
        "waste": WASTE.from_rows(waste),
        "stakes": STAKES.from_rows(stakes),
        "runway": RUNWAY.from_rows(runway),
    }


def empty_money() -> dict[str, pd.DataFrame]:
    return {frame.name: frame.empty() for frame in (UNIT_COSTS, WASTE, STAKES, RUNWAY)}


def money_kpis(
    cost: float | None = 2715.0,
    *,
    avoidable: float | None = 118.8,
    budget: float | None = 2600.0,
    currency: str = "USD",
) -> tuple[Kpi, ...]:
    """Cost, budget used, unit cost and avoidable cost of October; ``None`` is not known."""
    before = None if cost is None else cost * 0.9
    used = None if cost is None or budget is None else cost / budget
    return (
        _kpi("billed_cost", "Cost of sending", "money", cost, before, currency),
        _kpi("cost_per_thousand_delivered", "Cost of 1,000 messages delivered", "money",
             None if cost is None else 0.184, None, currency),
        _kpi("avoidable_cost", "Avoidable cost", "money", avoidable, None, currency),
        _kpi("budget_used", "Budget used", "share", used, None, "", fraction=(cost, budget), target=1.0),
    )  # fmt: skip


def _kpi(
    kpi_id: str,
    label: str,
    unit: str,
    value: float | None,
    prior: float | None,
    currency: str,
    fraction: tuple[float | None, float | None] = (None, None),
    target: float | None = None,
) -> Kpi:
    series = (*(None for _ in range(11)), prior, value)
    return Kpi(
        kpi_id, label, f"{label}?", label, "sum", "cost export", unit, "lower", value,
        *(fraction if value is not None else (None, None)), target, None,
        OFF_TARGET if target is not None and value is not None and value > target else NOT_MEASURABLE,
        "The amounts come from the cost export." if value is not None else "Costs are not known.", prior,
        None if value is None or prior is None else value - prior,
        tuple(Point(str(month), each) for month, each in zip(OCTOBER.back(13), series, strict=True)),
        "FinOps", False, Basis(60, 64), f"kpi_{kpi_id}", currency,
    )  # fmt: skip
