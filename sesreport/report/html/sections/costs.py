"""What sending costs, what of it need not be, and what rides on identities that are open to others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.kpis import words
from sesreport.kpis.results import Results
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, kpi_of, reasons, section, why_unknown
from sesreport.report.html.table import HtmlTable, TableColumn, table
from sesreport.report.showback import roughly, showback

_MONEY = (
    TableColumn("cost", "Cost", "money", decimals=2, missing="none charged"),
    TableColumn("share", "Share", "percent", missing="–"),
    TableColumn("avoidable", "Avoidable", "money", decimals=2),
    TableColumn("billing_currency", "Currency", facet=True, missing="–"),
    TableColumn("exposed", "Exposed identities", "integer"),
)
_OWNERS = (TableColumn("group", "Owner", "name"), *_MONEY)
_ACCOUNTS = (
    TableColumn("name", "Account", "name"),
    TableColumn("group", "Account id", "id"),
    TableColumn("owner", "Owner", facet=True, missing="no owner"),
    *_MONEY,
    TableColumn("recipients", "Recipients", "integer"),
    TableColumn("delivered", "Delivered", "integer"),
    TableColumn("cost_per_thousand_delivered", "Per 1,000 delivered", "money", decimals=3),
    TableColumn("cost_basis", "Basis", facet=True),
)
_WASTE = (
    TableColumn("kind", "What", facet=True),
    TableColumn("amount", "Amount", "money", decimals=2),
    TableColumn("billing_currency", "Currency", facet=True),
    TableColumn("account_name", "Account", facet=True),
    TableColumn("owner", "Owner", facet=True, missing="no owner"),
    TableColumn("action", "What to do", "long"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("subject", "Subject"),
    TableColumn("formula", "How it was computed", "long"),
    TableColumn("cost_basis", "Basis", facet=True),
    TableColumn("account_id", "Account id", "id"),
)
_STAKES = (
    TableColumn("identity", "Identity", "name"),
    TableColumn("exposure", "Exposure", facet=True),
    TableColumn("needs_review", "Needs review", facet=True),
    TableColumn("owner", "Owner", facet=True, missing="no owner"),
    TableColumn("account_id", "Account", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("messages", "Messages of the month", "integer"),
    TableColumn("shared_by", "Shared by identities", "integer"),
)
_WORTH = (TableColumn("value", "Worth", "money", decimals=2), TableColumn("currency", "Currency"))
_RUNWAY = (
    TableColumn("account_name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("sent", "Sent", "integer"),
    TableColumn("bounces", "Bounces", "integer"),
    TableColumn("bounces_to_review", "More until review", "integer"),
    TableColumn("bounces_to_pause", "More until pause", "integer"),
    TableColumn("complaints", "Complaints", "integer"),
    TableColumn("complaints_to_review", "More complaints until review", "integer"),
    TableColumn("complaints_to_pause", "More complaints until pause", "integer"),
)
_GAPS = (
    TableColumn("problem", "What", "long"),
    TableColumn("period", "Month", facet=True),
    TableColumn("rows", "Rows", "integer"),
    TableColumn("file", "File", "long"),
    TableColumn("export", "Export", "long"),
)
_LOSS = (
    TableColumn("measure", "Measure"),
    TableColumn("share", "Share of years", "percent", missing="–"),
    TableColumn("amount", "Loss of a year", "money", decimals=0, missing="–"),
    TableColumn("currency", "Currency"),
    TableColumn("assumptions", "Assumed", "long"),
)
_BUDGETS = (
    TableColumn("source", "Whose", facet=True),
    TableColumn("budget_name", "Budget"),
    TableColumn("amount", "A month", "money", decimals=2, missing="none"),
    TableColumn("currency", "Currency", missing="–"),
    TableColumn("standing", "Standing", facet=True),
    TableColumn("words", "In words", "long"),
)
_RESTATED = (
    TableColumn("period", "Month"),
    TableColumn("told_in", "Told in the pack of"),
    TableColumn("then", "Then", "money", decimals=2),
    TableColumn("now", "Now", "money", decimals=2),
    TableColumn("difference", "Difference", "money", decimals=2),
    TableColumn("currency", "Currency"),
)
_TOLD = ("billed_cost", "budget_used", "cost_with_owner")


@section(55, "costs", "Cost and waste")
def costs(pack: Pack) -> SectionContent:
    return SectionContent(
        heading=heading(pack.results, _about(pack)),
        so_what=reasons(pack.results, *_TOLD),
        charts=("cost_by_month", "waste_by_kind", "cost_by_owner"),
        tables=(
            table("t-cost-owners", "Cost, avoidable cost and exposed identities by owner, the dearest first",
                  pack.frames, "unit_costs", _OWNERS, rows=_rows(pack, "owner"), none="No cost of the month is known."),
            table("t-cost-accounts", "Cost by account, the dearest first", pack.frames, "unit_costs", _ACCOUNTS,
                  rows=_accounts(pack), none="No cost of the month is known."),
            table("t-waste", "What need not be spent, before credits and taxes, the dearest first", pack.frames,
                  "waste", _WASTE),
            _stakes(pack),
            table("t-runway", "How many more bounces and complaints until AWS's lines, by the month's messages (AWS "
                  "counts a volume of its own); zero or less: reached", pack.frames, "runway", _RUNWAY),
            *(found for found in (_where_any(pack, *each) for each in _ONLY_WITH_ROWS) if found is not None),
        ),
    )  # fmt: skip


def heading(results: Results, about: str = "") -> str:
    """The cost (``about `` before one that is estimated), how it stands to the budget, and what could be avoided."""
    cost, avoidable, used = (kpi_of(results, name) for name in ("billed_cost", "avoidable_cost", "budget_used"))
    if cost is None:
        return f"The cost of sending is not known as one amount. {why_unknown(results, 'billed_cost')}"
    told = f"Sending cost {about}{words.value_of(cost)}"
    if used is not None:
        told += f", {words.value_of(used)} of the budget"
    if avoidable is None or avoidable.value is None:
        return f"{told}; what could be avoided is not known"
    if not avoidable.value:
        return f"{told}; nothing avoidable was found{words.within(avoidable.coverage)}"
    return f"{told}; {words.value_of(avoidable)} could be avoided"


def _about(pack: Pack) -> str:
    return roughly(pack.columns("unit_costs", ("period", "dimension", "cost_basis")), pack.results.period)


def _rows(pack: Pack, dimension: str) -> pd.DataFrame:
    return showback(pack.frames, dimension, pack.results.period)


def _accounts(pack: Pack) -> pd.DataFrame:
    """What each account that is charged costs, with its name, owner and volume."""
    rows = _rows(pack, "account")
    rows = rows[rows["cost"].notna()]
    columns = ["period", "dimension", "group", "billing_currency", "recipients", "delivered",
               "cost_per_thousand_delivered", "cost_basis"]  # fmt: skip
    costs = pack.columns("unit_costs", columns)
    month = costs[costs["period"].eq(pack.results.period) & costs["dimension"].eq("account")]
    about = pack.columns("accounts", ("account_id", "name", "owner")).drop_duplicates("account_id")
    found = joined(rows, month.drop(columns=["period", "dimension"]), on=["group", "billing_currency"])
    return joined(found, about.rename(columns={"account_id": "group"}), on=["group"])


def _where_any(pack: Pack, name: str, anchor: str, caption: str, columns: Sequence[TableColumn]) -> HtmlTable | None:
    """A table of things that mostly are not there; none where the frame has no row."""
    frame = pack.frames.get(name)
    return None if frame is None or frame.empty else table(anchor, caption, pack.frames, name, columns, open=True)


_ONLY_WITH_ROWS = (
    ("loss_range", "t-loss", "What a year may cost while identities are exposed: a simulation of the settings' guesses",
     _LOSS),
    ("budget_agreement", "t-budgets", "The settings' budget and AWS's", _BUDGETS),
    ("restated_costs", "t-restated", "Months whose cost an earlier pack told otherwise", _RESTATED),
    ("cost_export_gaps", "t-cost-gaps", "Gaps of the cost exports", _GAPS),
)  # fmt: skip


def _stakes(pack: Pack) -> HtmlTable:
    """Worth is shown where the settings say what mail is worth."""
    stakes = pack.frames.get("stakes")
    worth = _WORTH if stakes is not None and stakes["value"].notna().any() else ()
    caption = "Mail that rides on exposed identities: of the whole account and Region, an upper bound for each"
    return table("t-stakes", caption, pack.frames, "stakes", (*_STAKES, *worth))
