"""What a thousand messages cost: by account, environment, organizational unit, owner and price plan."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pandas as pd

from sesreport.analysis.basis import SENDING_DATASETS, read_in
from sesreport.analysis.joins import joined
from sesreport.analysis.monthly import first_whole_month
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.usage_types import OUTBOUND, PLAN_NAMES, plan_of
from sesreport.core.money import amounts, per_thousand
from sesreport.core.schema import Frame, count, money, text

WHOLE = "organization"
NO_OWNER, NO_ENVIRONMENT, NO_OU, NO_PLAN = "(no owner)", "(no environment)", "(no OU)", "(no mail charged)"
UNIT_COSTS = Frame(
    "unit_costs",
    "One row per month, group of a dimension and currency: what Amazon SES cost, and what a thousand messages did. "
    "SES names no identity in a charge and no volume of an identity, so the finest group is the account.",
    keys={
        "period": text("The month, YYYY-MM."),
        "dimension": text("organization, account, environment, ou, owner or plan."),
        "group": text("Account id, environment, OU path, owner or price plan; in parentheses where there is none."),
        "billing_currency": text("ISO 4217 code."),
    },
    columns={
        "billed_cost": money("All charges of the group that could be read, taxes, credits and refunds included; NA "
                             "without any."),
        "unreadable": count("Charges whose amount could not be read: the costs are at least so much."),
        "usage_cost": money("Charges for usage alone."),
        "fees": money("Purchases: plan fees and other fees."),
        "taxes": money("Taxes."),
        "credits": money("Credits, discounts and adjustments (mostly below zero)."),
        "refunds": money("Refunds (below zero)."),
        "recipients": money("Recipients charged for; messages sent where the cost is an estimate."),
        "delivered": money("Messages delivered by CloudWatch; NA for a group whose accounts have none known."),
        "cost_per_thousand_recipients": money("billed_cost / recipients × 1,000."),
        "cost_per_thousand_delivered": money("The same of delivered, over accounts whose deliveries are known."),
        "cost_basis": text("export, cost_explorer, estimated, or several of them joined by ' + '.", required=True),
    },
    samples=(
        {"period": "2026-10", "dimension": "organization", "group": "organization", "billing_currency": "USD",
         "billed_cost": Decimal("2132.4"), "unreadable": 0,
         "usage_cost": Decimal(1800), "fees": Decimal(0), "taxes": Decimal("342.4"),
         "credits": Decimal(-10), "refunds": Decimal(0), "recipients": Decimal(14926445),
         "delivered": Decimal(14649952), "cost_per_thousand_recipients": Decimal("0.1428605137"),
         "cost_per_thousand_delivered": Decimal("0.1455567636"), "cost_basis": "export"},
        {"period": "2026-10", "dimension": "owner", "group": "shop", "billing_currency": "USD",
         "billed_cost": Decimal("612.4"), "unreadable": 0,
         "usage_cost": Decimal("612.4"), "fees": Decimal(0), "taxes": Decimal(0),
         "credits": Decimal(0), "refunds": Decimal(0), "cost_basis": "export + estimated"},
        {"period": "2026-10", "dimension": "owner", "group": "(no owner)", "billing_currency": "USD",
         "billed_cost": Decimal("49.9"), "unreadable": 0,
         "usage_cost": Decimal("49.9"), "fees": Decimal(0), "taxes": Decimal(0),
         "credits": Decimal(0), "refunds": Decimal(0), "cost_basis": "export"},
    ),
)  # fmt: skip
_PARTS = {
    "usage_cost": ("Usage",),
    "fees": ("Purchase",),
    "taxes": ("Tax",),
    "refunds": ("Refund",),
}
"""Charge categories by column; all others are ``credits``, so that the parts add up to the whole."""
_ACCOUNT_MONTH = ["sub_account_id", "period"]
Groups = Callable[[pd.DataFrame], pd.Series]
_BY: dict[str, Groups] = {
    WHOLE: lambda costs: pd.Series(WHOLE, index=costs.index, dtype="string"),
    "account": lambda costs: costs["sub_account_id"],
    "environment": lambda costs: costs["environment"].fillna(NO_ENVIRONMENT),
    "ou": lambda costs: costs["ou_path"].fillna(NO_OU),
    "owner": lambda costs: costs["owner"].fillna(NO_OWNER),
    "plan": lambda costs: costs["plan"].map(PLAN_NAMES).astype("string").fillna(NO_PLAN),
}


@derived(UNIT_COSTS)
def unit_costs(analysis: Analysis) -> pd.DataFrame:
    """Sums first, divided last."""
    costs = analysis.costs.assign(plan=_plans(analysis.costs))
    delivered = _grouped_by(analysis, costs, delivered_by_account(analysis))
    delivered = delivered[delivered["delivered"].notna()]
    known = pd.MultiIndex.from_frame(delivered[_ACCOUNT_MONTH])
    measured = costs[pd.MultiIndex.from_frame(costs[_ACCOUNT_MONTH]).isin(known)]
    keys = ["period", "group", "billing_currency"]
    parts = [UNIT_COSTS.empty().assign(measured=None)]
    for dimension, group in _BY.items():
        found = _summed(costs.assign(group=group(costs)), keys)
        found = _with(found, measured.assign(group=group(measured)), keys, "billed_cost", "measured")
        counted = delivered.assign(group=group(delivered)).groupby(["period", "group"])["delivered"]
        found = joined(found, counted.sum(min_count=1).reset_index(), on=["period", "group"])
        parts.append(found.assign(dimension=dimension, delivered=amounts(found["delivered"], found.index)))
    made = pd.concat(parts, ignore_index=True)
    return made.assign(
        cost_per_thousand_recipients=per_thousand(made["billed_cost"], made["recipients"]),
        cost_per_thousand_delivered=per_thousand(made["measured"], made["delivered"]),
    ).drop(columns="measured")


def delivered_by_account(analysis: Analysis) -> pd.DataFrame:
    """``sub_account_id``, ``period``, ``delivered`` of every account and month that is charged.

    An account that was read and delivered nothing delivered zero: what it costs is a cost of the others' mail. What
    nobody could read is NA, and so is that of an account with a charge that could not be read: neither's cost is in a
    cost of a thousand messages.
    """
    charged = analysis.costs[_ACCOUNT_MONTH].drop_duplicates(ignore_index=True)
    monthly = analysis.monthly[["account_id", "period", "delivered"]].rename(columns={"account_id": "sub_account_id"})
    found = joined(charged, monthly, on=_ACCOUNT_MONTH)
    read = set(analysis.once(read_in, SENDING_DATASETS)["account_id"])
    silent = found["delivered"].isna() & found["sub_account_id"].isin(list(read))
    silent &= found["period"] >= first_whole_month(analysis)
    unreadable = analysis.costs.loc[analysis.costs["billed_cost"].isna(), _ACCOUNT_MONTH]
    unknown = pd.MultiIndex.from_frame(found[_ACCOUNT_MONTH]).isin(pd.MultiIndex.from_frame(unreadable))
    return found.assign(delivered=found["delivered"].astype("Float64").mask(silent, 0.0).mask(unknown))


def sum_by(costs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """``billed_cost`` and ``cost_basis`` of the frame ``costs`` by columns of it, exactly; NA is a group of its own.

    A group none of whose amounts could be read has none.
    """
    grouped = costs.groupby(keys, dropna=False)
    found = grouped.agg(cost_basis=("cost_basis", bases))
    return found.assign(billed_cost=grouped["billed_cost"].sum(min_count=1)).reset_index()


def bases(values: pd.Series) -> str:
    """What a sum rests on: one basis, or several joined by `` + ``."""
    return " + ".join(sorted(set(values)))


def _summed(costs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    found = sum_by(costs, keys)
    categories = {name: column for column, names in _PARTS.items() for name in names}
    part = costs["charge_category"].map(categories).fillna("credits")
    for name in (*_PARTS, "credits"):
        found = _with(found, costs[part == name], keys, "billed_cost", name).fillna({name: Decimal(0)})
        found[name] = found[name].mask(found["billed_cost"].isna())  # nothing of the group could be read
    unreadable = costs["billed_cost"].isna().astype("int64").groupby([costs[key] for key in keys], dropna=False).sum()
    found = joined(found, unreadable.rename("unreadable").reset_index(), on=keys)
    mail = costs[costs["usage_family"].eq(OUTBOUND) & costs["charge_category"].eq("Usage")]
    found = _with(found, mail, keys, "consumed_quantity", "recipients")
    unknown = mail.loc[mail["consumed_quantity"].isna(), keys].drop_duplicates().assign(unknown=True)
    unknown_here = joined(found[keys], unknown, on=keys)["unknown"].notna().to_numpy()
    return found.assign(recipients=found["recipients"].mask(unknown_here))


def _with(found: pd.DataFrame, costs: pd.DataFrame, keys: list[str], column: str, name: str) -> pd.DataFrame:
    """With the sums of a column of other costs; NA where a group has none that is known."""
    known = costs.dropna(subset=[column])
    sums = known.groupby(keys, dropna=False)[column].sum().rename(name).reset_index()
    return joined(found, sums, on=keys)


def _plans(costs: pd.DataFrame) -> pd.Series:
    """The price plan under which an account × Region × month sent most; what it is charged besides belongs to it."""
    place = ["sub_account_id", "region_id", "period"]
    known = {str(name): plan_of(str(name)) for name in costs["usage_type"].unique()}
    mail = costs.assign(plan=costs["usage_type"].map(known).astype("string"))
    mail = mail[mail["usage_family"].eq(OUTBOUND)].sort_values("consumed_quantity", ascending=False, kind="stable")
    most = mail.drop_duplicates(place)[[*place, "plan"]]
    plans: pd.Series = joined(costs[place], most, on=place)["plan"].set_axis(costs.index)
    return plans


def _grouped_by(analysis: Analysis, costs: pd.DataFrame, delivered: pd.DataFrame) -> pd.DataFrame:
    """With what the dimensions group by; the plan of an account that had several in the month is not known."""
    about = analysis.accounts.rename(columns={"account_id": "sub_account_id"})
    about = about[["sub_account_id", "environment", "ou_path", "owner"]]
    plans = costs.dropna(subset=["plan"]).drop_duplicates([*_ACCOUNT_MONTH, "plan"])
    alone = plans[~plans.duplicated(_ACCOUNT_MONTH, keep=False)]
    return joined(joined(delivered, about, on=["sub_account_id"]), alone[[*_ACCOUNT_MONTH, "plan"]], on=_ACCOUNT_MONTH)
