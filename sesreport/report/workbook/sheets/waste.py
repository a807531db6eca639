"""Waste: what need not be spent, with its formula and what to do."""

from __future__ import annotations

from sesreport.analysis.waste import BEFORE_CREDITS
from sesreport.core.money import total
from sesreport.core.vocabulary import PLACE
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing

COLUMNS = (
    "amount", "billing_currency", "kind", "subject", "account_name", *PLACE, "owner", "formula", "action", "cost_basis",
)  # fmt: skip
KPIS = {"avoidable_cost": (*PLACE, "kind", "subject")}


@sheet(
    title="Waste",
    question="What need not be spent, and what is to be done?",
    order=108,
    group="evidence",
    kpis=tuple(KPIS),
)
def waste(pack: Pack) -> SheetContent:
    rows = pack.columns("waste", COLUMNS)
    rows = rows.sort_values(["amount", *PLACE, "kind"], ascending=[False, True, True, True], ignore_index=True)
    rows = rows.assign(behind=behind(pack, rows, KPIS))
    sums = {str(name): total(part["amount"]) for name, part in rows.groupby("billing_currency")}
    told = " and ".join(words.money(whole, currency) for currency, whole in sums.items() if whole is not None)
    return SheetContent(
        subtitle=found(
            pack, f"{told or 'Nothing'} avoidable in {pack.results.period_name}, the dearest first", rows, "monthly"
        ),
        note="Nothing is counted under two kinds; the formula has the numbers of each. Estimated: by list prices, "
        f"whatever the costs rest on. {BEFORE_CREDITS} {basis(pack, 'monthly')}",
        columns=(
            SheetColumn("amount", "Amount", "money", width=12),
            SheetColumn("billing_currency", "Currency", width=12),
            SheetColumn("kind", "What", width=26),
            SheetColumn("subject", "Subject", width=34),
            SheetColumn("account_name", "Account"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("region", "Region"),
            SheetColumn("owner", "Owner", unknown="no owner"),
            SheetColumn("action", "What to do", width=52),
            SheetColumn("formula", "Formula", width=60),
            SheetColumn("cost_basis", "Basis", width=18),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "waste", "things that need not be spent", "monthly"),
        file="data/waste.parquet",
    )
