"""What the charts of money draw."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from money_sample import money_kpis, unit_cost, wasted
from workbook.sample_pack import sample_pack

from sesreport.analysis.unit_costs import UNIT_COSTS
from sesreport.analysis.waste import WASTE
from sesreport.kpis.results import Results
from sesreport.report import charts

A, B = "210000000001", "210000000002"


def results(**given: Any) -> Results:
    return dataclasses.replace(sample_pack().results, kpis=money_kpis(100.0, **given))


def unit_costs(*rows: dict[str, Any]) -> pd.DataFrame:
    """With an account in dollars, by which the currency is known."""
    return UNIT_COSTS.from_rows([unit_cost("account", A, 1), *rows])


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def heights(figure: Figure) -> list[float]:
    return [patch.get_height() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]


def by_month(*rows: dict[str, Any], **given: Any) -> Any:
    return charts.CHARTS["cost_by_month"].draw(unit_costs(*rows), results=results(**given))


def test_a_month_without_charges_is_a_gap_with_a_word() -> None:
    figure = by_month(unit_cost("organization", "organization", 100), budget=None)
    assert texts(figure).count("not known") == 12
    assert heights(figure) == [100.0]
    assert figure.message == "Sending cost USD 100.00 in October 2026"


def test_the_budget_is_an_outline_around_each_month() -> None:
    figure = by_month(unit_cost("organization", "organization", 100), budget=80.0)
    assert heights(figure).count(80.0) == 13
    assert "Budget 80.00" in texts(figure)
    assert figure.message.endswith(", USD 20.00 over budget")


def test_a_month_that_is_estimated_is_about_right() -> None:
    figure = by_month(unit_cost("organization", "organization", 100, cost_basis="estimated"), budget=None)
    assert figure.message == "Sending cost about USD 100.00 in October 2026"


def test_a_second_currency_is_named_and_not_added() -> None:
    euros = {"billing_currency": "EUR"}
    whole = [unit_cost("organization", "organization", 100), unit_cost("organization", "organization", 5, **euros)]
    figure = by_month(unit_cost("account", B, 1), unit_cost("account", B, 5, **euros), *whole, budget=None)
    assert heights(figure) == [100.0]
    assert figure.subtitle.endswith("EUR not drawn")


def test_a_month_with_nothing_known_is_no_data() -> None:
    frame = UNIT_COSTS.from_rows([unit_cost("account", A, 1, period="2026-09")])
    figure: Any = charts.CHARTS["cost_by_month"].draw(frame, results=results())
    assert "is not known" in figure.alt
    assert "no data" in figure.alt


def test_waste_that_costs_nothing_is_not_drawn() -> None:
    frame = WASTE.from_rows([wasted(A, 0, "identities without mail")])
    assert "what was found costs nothing" in charts.CHARTS["waste_by_kind"].draw(frame, unit_costs()).alt  # type: ignore[attr-defined]


def test_an_owner_s_bar_ends_with_its_waste_in_red() -> None:
    costs = unit_costs(unit_cost("owner", "shop", 75), unit_cost("owner", "news", 25))
    waste = WASTE.from_rows([wasted(A, 5, owner="shop")])
    figure: Any = charts.CHARTS["cost_by_owner"].draw(costs, waste, results=results())
    assert [patch.get_width() for patch in figure.axes[0].patches] == [75.0, 5.0, 25.0, 0.0]
    assert figure.message == "shop spends most: USD 75.00, 75.0 % of the cost"
    assert "shop 75.00, avoidable 5.00; news 25.00, avoidable 0" in figure.alt


def test_an_owner_s_name_is_cut_and_inert() -> None:
    costs = unit_costs(unit_cost("owner", "=cmd|$x^2$ <script>\u202e" + "W" * 500, 75))
    figure: Any = charts.CHARTS["cost_by_owner"].draw(costs, results=results())
    assert "\u202e" not in figure.alt
    assert len(figure.message) < 120
