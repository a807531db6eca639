"""Page one's sentence about money."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from money_sample import OCTOBER, money_kpis, wasted

from sesreport.analysis.costs import COSTS
from sesreport.analysis.waste import WASTE
from sesreport.core import money
from sesreport.kpis import words
from sesreport.kpis.cost_sentence import cost_sentence
from sesreport.kpis.headline import sentences
from sesreport.kpis.results import OFF_TARGET, Basis, Coverage, Happening, Kpi, PageOne

ACCOUNT = "210000000001"


def costs(*charges: Mapping[str, Any]) -> pd.DataFrame:
    """Charges of October, each of a Region of its own."""
    start, end = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    base = {"sub_account_id": ACCOUNT, "usage_type": "EU-Recipients", "charge_period_start": start,
            "charge_period_end": end, "charge_category": "Usage", "billing_currency": "USD", "cost_basis": "export",
            "period": str(OCTOBER), "usage_family": "outbound mail"}  # fmt: skip
    rows = [{**base, "region_id": f"region-{i}", **charge} for i, charge in enumerate(charges)]
    return COSTS.from_rows(rows)


def cost(amount: float | None, **other: Any) -> dict[str, Any]:
    return {"billed_cost": None if amount is None else money.amount(amount), **other}


def waste(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return WASTE.from_rows(rows)


def of(*amounts: float) -> tuple[Kpi, ...]:
    """The KPIs of these costs: the sum, and no waste."""
    return money_kpis(sum(amounts), avoidable=None, budget=None)


WASTED = waste(
    wasted(ACCOUNT, 50.86, "idle dedicated IPs"),
    wasted(ACCOUNT, 39.68, "price plan", subject="Essentials", cost_basis="estimated"),
    wasted(ACCOUNT, 28.30),
    wasted(ACCOUNT, 0, "identities without mail"),
)


def test_the_sentence_has_cost_change_unit_cost_and_the_kinds_of_waste() -> None:
    told = cost_sentence(OCTOBER, money_kpis(2715.0, avoidable=118.84), costs(cost(2715)), WASTED)
    assert told == (
        "Sending cost USD 2,715 in October 2026, +11.1 % on September 2026, USD 0.184 per 1,000 delivered; "
        "about USD 119 avoidable: idle dedicated IPs 51, Essentials plan 40, bounces paid for 28."
    )


def test_more_kinds_than_are_named_are_counted() -> None:
    more = pd.concat([WASTED, waste(wasted(ACCOUNT, 2, "tenants without mail"))])
    told = cost_sentence(OCTOBER, money_kpis(2715.0, avoidable=120.84), costs(cost(2715)), more)
    assert told.endswith("bounces paid for 28 and 1 more.")


def test_nothing_is_said_of_a_month_whose_cost_is_not_known() -> None:
    september = costs(cost(9, period="2026-09"))
    assert cost_sentence(OCTOBER, money_kpis(None, avoidable=None), september, waste()) == ""
    assert cost_sentence(OCTOBER, money_kpis(None, avoidable=None), costs(cost(None)), waste()) == ""


def test_an_estimate_is_called_one() -> None:
    told = cost_sentence(OCTOBER, of(12.0), costs(cost(12, cost_basis="estimated")), waste())
    assert told.startswith("Sending cost about USD 12.00 in October 2026 (estimated), ")


def test_a_cost_that_is_estimated_in_part_says_how_much_of_it() -> None:
    told = cost_sentence(OCTOBER, of(2000.0, 40.0), costs(cost(2000), cost(40, cost_basis="estimated")), waste())
    assert told.startswith("Sending cost about USD 2,040 in October 2026 (USD 40 of it estimated), ")


def test_a_charge_that_could_not_be_read_makes_the_cost_a_least_one() -> None:
    told = cost_sentence(OCTOBER, of(20.0), costs(cost(20), cost(None)), waste())
    assert told.startswith("Sending cost at least USD 20.00 in October 2026")


def test_two_currencies_stand_side_by_side() -> None:
    both = costs(cost(2100), cost(30, billing_currency="EUR"))
    assert cost_sentence(OCTOBER, money_kpis(None, avoidable=None), both, waste()) == (
        "Sending cost EUR 30.00 and USD 2,100 in October 2026; amounts in different currencies are not added."
    )


def test_no_waste_is_told_with_what_could_be_read() -> None:
    told = cost_sentence(OCTOBER, money_kpis(20.0, avoidable=0.0), costs(cost(20)), waste())
    assert told.endswith("; nothing avoidable was found in what could be read: 60 of 64 places.")


@pytest.mark.parametrize(
    ("prior", "told"),
    [(100.0, ", as much as in September 2026"), (200.0, ", −50.0 % on September 2026"), (0.0, ""), (None, "")],
)
def test_the_change_is_in_percent_of_the_month_before(prior: float | None, told: str) -> None:
    billed, *others = of(100.0)
    moved = dataclasses.replace(billed, prior=prior, change=None if prior is None else 100.0 - prior)
    sentence = cost_sentence(OCTOBER, (moved, *others), costs(cost(100)), waste())
    assert sentence == f"Sending cost USD 100.00 in October 2026{told}, USD 0.184 per 1,000 delivered."


def test_the_cost_stands_before_what_the_verdict_rests_on() -> None:
    coverage = Coverage(Basis(1, 1), Basis(4, 4), {}, "Based on everything.", ())
    page = PageOne((Happening(OFF_TARGET, "AWS put shop under review."),), 0, "Sending cost USD 1.00.", ("Safer.",))
    assert sentences(page, coverage) == (
        "AWS put shop under review.", "Sending cost USD 1.00.", "Safer.", "Based on everything.",
    )  # fmt: skip
    assert sentences(PageOne(), coverage) == ("Based on everything.",)


@pytest.mark.parametrize(
    ("amount", "told"),
    [(118.84, "USD 119"), (9.994, "USD 9.99"), (0.184, "USD 0.184"), (0, "USD 0"), (-12, "−USD 12.00")],
)
def test_amounts_of_sentences_are_whole_from_ten_on(amount: float, told: str) -> None:
    assert words.rounded(amount, "USD") == told
