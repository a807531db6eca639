"""Cost: what sending costs by month, account, owner, environment, OU and price plan."""

from __future__ import annotations

import dataclasses

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.analysis.unit_costs import WHOLE
from sesreport.core.period import Period
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.showback import budget_of, currencies, roughly
from sesreport.report.workbook.description import Cells, SheetChart, SheetColumn, SheetContent, SheetSeries, sheet
from sesreport.report.workbook.evidence import BEHIND, behind, nothing

TITLE = "Cost"
AMOUNTS = ("billed_cost", "usage_cost", "fees", "taxes", "credits", "refunds")
COLUMNS = (
    "period", "dimension", "group", "billing_currency", *AMOUNTS, "recipients", "delivered",
    "cost_per_thousand_recipients", "cost_per_thousand_delivered", "cost_basis",
)  # fmt: skip
BY = {
    WHOLE: "Organization", "account": "Account", "owner": "Owner", "environment": "Environment", "ou": "OU",
    "plan": "Price plan",
}  # fmt: skip
KPIS = dict.fromkeys(("billed_cost", "cost_per_thousand_delivered", "cost_with_owner", "budget_used"), ("account_id",))


@sheet(
    title=TITLE,
    question="What does sending cost, and whose cost is it?",
    order=106,
    group="evidence",
    kpis=tuple(KPIS),
)
def costs(pack: Pack) -> SheetContent:
    period = Period.of(pack.results.period)
    every = pack.columns("unit_costs", COLUMNS)
    known = currencies(every, str(period))
    of_month = every[every["period"].eq(str(period)) & every["dimension"].ne(WHOLE)]
    dimension = of_month["dimension"].map({name: place for place, name in enumerate(BY)})
    of_month = of_month.assign(place=dimension).sort_values(
        ["place", "billing_currency", "billed_cost", "group"], ascending=[True, True, False, True]
    )
    rows = pd.concat([_months(every, known, period), of_month.drop(columns="place")], ignore_index=True)
    rows = _with_prior(rows, every)
    ids = rows["group"].where(rows["dimension"].eq("account"))
    accounts = pack.columns("accounts", ("account_id", "name")).drop_duplicates("account_id")
    rows = rows.assign(
        by=rows["dimension"].map(BY), account_id=ids, name=ids.map(accounts.set_index("account_id")["name"])
    )
    rows = rows.assign(behind=behind(pack, rows, KPIS), budget=_budgets(pack, rows))
    return SheetContent(
        subtitle=_subtitle(pack, known, roughly(every, str(period))),
        note="Unblended cost as billed, in the currency of the row; currencies are never added. Rows of one dimension "
        "add up to the organization's month. SES charges by account, so no row is of an identity. Blank is not known.",
        columns=(
            SheetColumn("by", "By", width=18),
            SheetColumn("group", "Group", "account_id", width=32),
            SheetColumn("name", "Account", unknown="", width=24),
            SheetColumn("period", "Month", width=11),
            SheetColumn("billing_currency", "Currency", width=12),
            SheetColumn("billed_cost", "Cost", "money", width=13),
            SheetColumn("budget", "Budget", "money", width=12),
            SheetColumn("prior", "Month before", "money", width=13),
            SheetColumn("recipients", "Recipients", "integer"),
            SheetColumn("delivered", "Delivered", "integer"),
            SheetColumn("cost_per_thousand_recipients", "Per 1,000 recipients", "unit_cost", width=14),
            SheetColumn("cost_per_thousand_delivered", "Per 1,000 delivered", "unit_cost", width=14),
            SheetColumn("usage_cost", "Usage", "money", width=13),
            SheetColumn("fees", "Fees", "money", width=12),
            SheetColumn("taxes", "Taxes", "money", width=12),
            SheetColumn("credits", "Credits, discounts", "money", width=13),
            SheetColumn("refunds", "Refunds", "money", width=12),
            SheetColumn("cost_basis", "Basis", width=18),
            dataclasses.replace(BEHIND, width=92),
        ),
        rows=rows,
        charts=_charts(pack, rows, known),
        empty=nothing(pack, "unit_costs", "costs"),
        file="data/unit_costs.parquet",
    )


def _months(every: pd.DataFrame, known: list[str], period: Period) -> pd.DataFrame:
    """The organization's 13 months in each currency, oldest first; a month that is not known is a blank row."""
    whole = every[every["dimension"].eq(WHOLE)]
    months = [str(month) for month in period.back(13)]
    frame = pd.DataFrame(
        [(month, WHOLE, WHOLE, currency) for currency in known for month in months],
        columns=["period", "dimension", "group", "billing_currency"],
        dtype="string",
    )
    return joined(frame, whole, on=list(frame.columns))


def _with_prior(rows: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """With the cost of the same group in the month before."""
    keys = ["period", "dimension", "group", "billing_currency"]
    after = every["period"].map(lambda month: str(Period.of(month).shift(1)))
    before = every.assign(period=after.astype("string"), prior=every["billed_cost"])
    return joined(rows, before[[*keys, "prior"]], on=keys)


def _budgets(pack: Pack, rows: pd.DataFrame) -> pd.Series:
    """The month's budget beside the organization's cost in its currency."""
    whole, found = rows["dimension"].eq(WHOLE), pd.Series(pd.NA, index=rows.index, dtype="Float64")
    for currency in rows["billing_currency"].unique():
        found = found.mask(whole & rows["billing_currency"].eq(currency), budget_of(pack.results, str(currency)))
    return found


def _subtitle(pack: Pack, known: list[str], about: str) -> str:
    cost, used = pack.results.find_kpi("billed_cost"), pack.results.find_kpi("budget_used")
    if cost is None or not known:
        return "What sending costs is not known"
    if cost.value is None:
        return f"{pack.results.period_name}: in {' and '.join(known)}, which are not added"
    told = f"{pack.results.period_name}: {about}{words.value_of(cost)}"
    return told if used is None or used.value is None else f"{told}, {words.value_of(used)} of the budget"


def _charts(pack: Pack, rows: pd.DataFrame, known: list[str]) -> list[SheetChart]:
    """The months of the currency in which most accounts are charged, which are the first rows."""
    if not known:
        return []
    months = rows.head(13)
    values = [None if pd.isna(value) else float(value) for value in months["billed_cost"]]
    series = [SheetSeries("Cost", Cells(TITLE, "Cost", 0, len(months) - 1), pack.branding.accent)]
    budget = budget_of(pack.results, known[0])
    if budget is not None:
        series.append(SheetSeries("Budget", Cells(TITLE, "Budget", 0, len(months) - 1), "#1F2933", dashed=True))
    told = ", ".join(
        f"{month} {words.number(value, 'money', known[0])}"
        for month, value in zip(months["period"], values, strict=True)
    )
    ends = f"; budget {words.money(budget, known[0])}" if budget is not None else ""
    return [
        SheetChart(
            kind="column",
            title=f"Cost of sending by month, {known[0]}",
            alt=f"Cost of sending: {told}{ends}.",
            categories=Cells(TITLE, "Month", 0, len(months) - 1),
            series=tuple(series),
            unit="money",
        )
    ]
