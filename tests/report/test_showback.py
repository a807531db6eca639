"""Who pays for what: by owner and by account, never across currencies, unknown never zero."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest
from money_sample import OCTOBER, money_kpis, unit_cost, wasted
from workbook.sample_pack import sample_pack

from sesreport.analysis.stakes import STAKES
from sesreport.analysis.unit_costs import UNIT_COSTS
from sesreport.analysis.waste import WASTE
from sesreport.kpis.breakdown import KPI_BREAKDOWN
from sesreport.report.showback import budget_of, by_kind, currencies, months, roughly, showback

A, B = "210000000001", "210000000002"
MONTH = str(OCTOBER)


def unit_costs(*rows: dict[str, Any]) -> pd.DataFrame:
    return UNIT_COSTS.from_rows(rows)


def exposed(identity: str, account: str, owner: str | None = None, exposure: str | None = "public") -> dict[str, Any]:
    return {"account_id": account, "region": "eu-west-1", "identity": identity, "owner": owner, "exposure": exposure,
            "needs_review": exposure is None, "basis": "account and Region", "shared_by": 1}  # fmt: skip


def of_owners(**frames: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The rows by owner; NA as None."""
    rows = showback(frames, "owner", MONTH)
    return {row["group"]: row for row in rows.astype("object").where(rows.notna(), None).to_dict("records")}


def test_the_dearest_owner_comes_first_with_its_share_and_its_waste() -> None:
    costs = unit_costs(unit_cost("owner", "shop", 25), unit_cost("owner", "news", 75))
    waste = WASTE.from_rows([wasted(A, 5, owner="news"), wasted(B, 2, "price plan", owner="news")])
    rows = showback({"unit_costs": costs, "waste": waste}, "owner", MONTH)
    assert rows["group"].tolist() == ["news", "shop"]
    assert rows["share"].tolist() == [0.75, 0.25]
    assert rows["avoidable"].tolist() == [7.0, 0.0]


def test_shares_are_of_one_currency() -> None:
    costs = unit_costs(unit_cost("owner", "shop", 10), unit_cost("owner", "shop", 30, billing_currency="EUR"))
    rows = showback({"unit_costs": costs}, "owner", MONTH)
    assert rows[["billing_currency", "cost", "share"]].to_numpy().tolist() == [["EUR", 30.0, 1.0], ["USD", 10.0, 1.0]]


def test_an_owner_in_two_currencies_has_its_identities_once() -> None:
    costs = unit_costs(unit_cost("owner", "shop", 10), unit_cost("owner", "shop", 30, billing_currency="EUR"))
    rows = showback(
        {"unit_costs": costs, "stakes": STAKES.from_rows([exposed("a.example", A, "shop")])}, "owner", MONTH
    )
    assert rows["exposed"].sum() == 1


def test_an_identity_counts_for_its_own_owner_else_for_the_account_s() -> None:
    stakes = STAKES.from_rows([exposed("a.example", A, "crm"), exposed("b.example", A), exposed("c.example", B)])
    accounts = pd.DataFrame({"account_id": [A, B], "owner": ["shop", None]}, dtype="string")
    found = of_owners(unit_costs=unit_costs(unit_cost("owner", "shop", 10)), stakes=stakes, accounts=accounts)
    assert {owner: row["exposed"] for owner, row in found.items()} == {"shop": 1, "crm": 1, "(no owner)": 1}
    assert found["crm"]["cost"] is None


def test_what_needs_review_is_not_counted_as_exposed() -> None:
    stakes = STAKES.from_rows([exposed("a.example", A, "shop", None)])
    found = of_owners(unit_costs=unit_costs(unit_cost("owner", "shop", 10)), stakes=stakes)
    assert found["shop"]["exposed"] == 0


def test_of_an_owner_none_of_whose_places_were_read_neither_waste_nor_exposure_is_known() -> None:
    rows = [{"kpi": kpi, "dimension": "owner", "group": "shop", "unknown": 0, "places_read": 0, "places_expected": 3,
             "status": "not measurable"} for kpi in ("avoidable_cost", "public_identities")]  # fmt: skip
    costs = unit_costs(unit_cost("owner", "shop", 10), unit_cost("owner", "news", 5))
    found = of_owners(unit_costs=costs, kpi_breakdown=KPI_BREAKDOWN.from_rows(rows))
    assert (found["shop"]["avoidable"], found["shop"]["exposed"]) == (None, None)
    assert (found["news"]["avoidable"], found["news"]["exposed"]) == (0, 0)


def test_without_any_frame_there_is_no_row() -> None:
    assert showback({}, "account", MONTH).empty


def test_the_currency_of_most_accounts_comes_first() -> None:
    costs = unit_costs(unit_cost("account", A, 1), unit_cost("account", B, 1),
                       unit_cost("account", A, 99, billing_currency="EUR"))  # fmt: skip
    assert currencies(costs, MONTH) == ["USD", "EUR"]
    assert currencies(costs, "2026-09") == []


def test_a_month_without_charges_is_not_known_and_not_zero() -> None:
    costs = unit_costs(unit_cost("organization", "organization", 12.5))
    assert months(costs, "USD", ["2026-09", MONTH]) == [None, 12.5]
    assert months(costs, "EUR", [MONTH]) == [None]


def test_kinds_of_waste_add_up_the_dearest_first_without_those_that_cost_nothing() -> None:
    kinds = [wasted(A, 1), wasted(B, 2), wasted(A, 9, "price plan"), wasted(A, 0, "identities without mail")]
    waste = WASTE.from_rows([*kinds, wasted(B, 50, "price plan", billing_currency="EUR")])
    assert by_kind(waste, "USD") == [("price plan", 9.0), ("bounces paid for", 3.0)]


@pytest.mark.parametrize(("basis", "told"), [("export", ""), ("estimated", "about "), ("estimated + export", "about ")])
def test_a_cost_with_an_estimate_in_it_is_about_right(basis: str, told: str) -> None:
    assert roughly(unit_costs(unit_cost("organization", "organization", 1, cost_basis=basis)), MONTH) == told


def test_a_budget_is_told_in_its_own_currency_only() -> None:
    results = sample_pack().results
    with_budget, without = (dataclasses.replace(results, kpis=money_kpis(budget=each)) for each in (2600.0, None))
    assert budget_of(with_budget, "USD") == 2600.0
    assert budget_of(with_budget, "EUR") is None
    assert budget_of(without, "USD") is None
    assert budget_of(None, "USD") is None
