"""The sheets of cost and waste: rows, formats, charts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
from money_sample import OCTOBER, empty_money, money_frames, money_kpis, unit_cost
from openpyxl import load_workbook

from sesreport.analysis.unit_costs import UNIT_COSTS
from sesreport.core import money
from sesreport.report.contents import Pack
from sesreport.report.workbook import write_workbook
from sesreport.report.workbook.description import SheetColumn, SheetContent
from sesreport.report.workbook.sheets.costs import costs
from sesreport.report.workbook.sheets.waste import waste
from sesreport.report.workbook.values import cells
from workbook.sample_pack import sample_pack

ACCOUNTS = sample_pack().accounts.to_dict("records")


def pack(frames: dict[str, pd.DataFrame], **given: Any) -> Pack:
    results = dataclasses.replace(sample_pack().results, kpis=money_kpis(**given))
    return Pack(results, {"accounts": sample_pack().accounts, **frames})


def organization(content: SheetContent, currency: str) -> pd.DataFrame:
    rows = content.rows
    return rows[rows["dimension"].eq("organization") & rows["billing_currency"].eq(currency)]


def test_the_organization_s_13_months_come_first_in_each_currency() -> None:
    content = costs(pack(money_frames(ACCOUNTS)))
    for currency in ("USD", "EUR"):
        assert organization(content, currency)["period"].tolist() == [str(month) for month in OCTOBER.back(13)]
    assert content.rows["dimension"].tolist()[:26] == ["organization"] * 26


def test_the_budget_stands_beside_the_months_in_its_currency() -> None:
    content = costs(pack(money_frames(ACCOUNTS)))
    assert organization(content, "USD")["budget"].tolist() == [2600.0] * 13
    assert organization(content, "EUR")["budget"].isna().all()
    assert content.rows.query("dimension != 'organization'")["budget"].isna().all()


def test_a_month_without_charges_is_blank() -> None:
    known = organization(costs(pack(money_frames(ACCOUNTS))), "USD")["billed_cost"].notna()
    assert known.tolist() == [False, False, *[True] * 11]


def test_a_group_stands_beside_its_month_before() -> None:
    rows = [unit_cost("account", "210000000001", 12), unit_cost("account", "210000000001", 9, period="2026-09"),
            unit_cost("account", "210000000001", 7, period="2026-09", billing_currency="EUR")]  # fmt: skip
    found = costs(pack({"unit_costs": UNIT_COSTS.from_rows(rows)})).rows
    now = found[found["dimension"].eq("account")]
    assert now[["billed_cost", "prior"]].astype("float64").to_numpy().tolist() == [[12.0, 9.0]]


def test_without_costs_the_sheets_say_so() -> None:
    content = costs(pack(empty_money(), cost=None, avoidable=None))
    assert content.subtitle == "What sending costs is not known"
    assert content.rows.empty
    assert list(content.charts) == []
    assert waste(pack(empty_money())).rows.empty


def test_charges_in_several_currencies_have_no_sum() -> None:
    content = costs(pack(money_frames(ACCOUNTS), cost=None, avoidable=None))
    assert content.subtitle == "October 2026: in USD and EUR, which are not added"


def test_amounts_that_are_not_known_stay_in_their_rows() -> None:
    amounts = money.amounts([money.amount(1), None, money.amount("0.5")])
    assert cells(pd.DataFrame({"cost": amounts}), SheetColumn("cost", "Cost", "money")) == [1.0, None, 0.5]


def test_amounts_are_numbers_in_their_formats(tmp_path: Path) -> None:
    write_workbook(sample_pack(), tmp_path / "pack.xlsx")
    book = load_workbook(tmp_path / "pack.xlsx")
    dearest = book["Waste"]["A6"]
    assert (dearest.value, dearest.number_format, book["Waste"]["B6"].value) == (50, "#,##0.00", "USD")
    row = next(row for row in book["Scorecard"].iter_rows() if row[0].value == "Cost of 1,000 messages delivered")
    assert (row[2].value, row[2].number_format) == (0.184, "[>=1]#,##0.00;[>=0]0.000;#,##0.00")


def test_the_sheet_of_waste_says_that_credits_are_not_taken_off() -> None:
    assert "Amounts are before credits" in waste(pack(money_frames(ACCOUNTS))).note
