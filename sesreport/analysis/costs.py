"""What Amazon SES cost, by the most trusted source there is for each account and month."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.joins import joined, rows
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.usage_types import ESTIMATED_MAIL, families
from sesreport.core.money import DTYPE, amounts
from sesreport.core.period import Period
from sesreport.core.schema import Frame, at, money, text
from sesreport.settings.prices import PLANS, Plan, prices

EXPORT, COST_EXPLORER, ESTIMATED = "export", "cost_explorer", "estimated"
BASES = (EXPORT, COST_EXPLORER, ESTIMATED)
"""Most trusted first."""
NO_REGION = "(none)"
"""Region and usage type of a charge that has none, as taxes and credits."""
_OCT, _NOV = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11))

COSTS = Frame(
    "costs",
    "One row per account, Region, usage type, month, charge category, currency and basis: what Amazon SES cost, in "
    "FOCUS's words. An account's month has one basis: the cost export, else Cost Explorer, else an estimate. An export "
    "that was delivered before its month ended comes after Cost Explorer.",
    keys={
        "sub_account_id": text("The account that is charged (FOCUS SubAccountId)."),
        "region_id": text("The Region; '(none)' for a charge without one."),
        "usage_type": text("AWS usage type; '(none)' for taxes, credits and fees without one."),
        "charge_period_start": at("First instant of the billing month."),
        "charge_category": text("Usage, Purchase (fees), Tax, Credit, Refund, Discount or Adjustment."),
        "billing_currency": text("ISO 4217 code. Amounts of two currencies are never added or converted."),
        "cost_basis": text("export, cost_explorer or estimated."),
    },
    columns={
        "charge_period_end": at("First instant after the month.", required=True),
        "period": text("The month, YYYY-MM.", required=True),
        "account_name": text("Name of the account; NA for one that the snapshot does not know."),
        "environment": text("Environment of the account."),
        "ou_path": text("Organizational unit of the account."),
        "owner": text("Owner by the account's tags."),
        "usage_family": text("What was used: outbound mail, plan fee, dedicated IPs …", required=True),
        "billed_cost": money("Unblended cost as billed; NA where a line's amount could not be read."),
        "effective_cost": money("Net amortized cost; NA where the source has none."),
        "consumed_quantity": money("Usage in the usage type's own unit: recipients, hours, GB."),
        "consumed_unit": text("That unit; NA where the source has none."),
        "description": text("The source's own words for the charge."),
    },
    samples=(
        {"sub_account_id": "210000000001", "region_id": "eu-west-1", "usage_type": "EUW1-Recipients",
         "charge_period_start": _OCT, "charge_category": "Usage", "billing_currency": "USD", "cost_basis": "export",
         "charge_period_end": _NOV, "period": "2026-10", "account_name": "shop-prod", "environment": "prod",
         "owner": "shop", "usage_family": "outbound mail", "billed_cost": Decimal("612.4"),
         "consumed_quantity": Decimal(6124000), "consumed_unit": "Recipients"},
        {"sub_account_id": "210000000001", "region_id": "(none)", "usage_type": "(none)",
         "charge_period_start": _OCT, "charge_category": "Tax", "billing_currency": "USD", "cost_basis": "export",
         "charge_period_end": _NOV, "period": "2026-10", "usage_family": "no usage type",
         "billed_cost": Decimal("122.48"), "description": "Tax for product code AmazonSES"},
        {"sub_account_id": "210000000005", "region_id": "us-east-1", "usage_type": "Recipients",
         "charge_period_start": _OCT, "charge_category": "Usage", "billing_currency": "USD",
         "cost_basis": "estimated", "charge_period_end": _NOV, "period": "2026-10", "usage_family": "outbound mail",
         "billed_cost": Decimal("20.1"), "consumed_quantity": Decimal(201000), "consumed_unit": "messages sent"},
    ),
)  # fmt: skip
_SOURCE = (
    "sub_account_id", "region_id", "usage_type", "period", "charge_category", "billing_currency", "cost_basis",
    "billed_cost", "effective_cost", "consumed_quantity", "consumed_unit", "description",
)  # fmt: skip
_MONTHS = 13
A_LA_CARTE: Plan = "NONE"
"""The plan that is taken where SES does not say which one it is."""


@derived(COSTS)
def costs(analysis: Analysis) -> pd.DataFrame:
    """The months up to the period, each account's by its most trusted source."""
    explored = _explored(analysis)
    found = _exported(analysis, explored)
    for less_trusted in (explored, _estimated(analysis)):
        found = pd.concat([found, less_trusted[~_is_of(less_trusted, found)]], ignore_index=True)
    months = [str(month) for month in analysis.period.back(_MONTHS)]
    found = found[found["period"].isin(months)].reset_index(drop=True)
    starts = {month: pd.Timestamp(Period.of(month).start) for month in months}
    ends = {month: pd.Timestamp(Period.of(month).end) for month in months}
    accounts = analysis.accounts.rename(columns={"account_id": "sub_account_id", "name": "account_name"})
    about = accounts[["sub_account_id", "account_name", "environment", "ou_path", "owner"]]
    return joined(found, about, on=["sub_account_id"]).assign(
        charge_period_start=found["period"].map(starts).astype("datetime64[us, UTC]"),
        charge_period_end=found["period"].map(ends).astype("datetime64[us, UTC]"),
        usage_family=families(found["usage_type"]),
    )


def _exported(analysis: Analysis, explored: pd.DataFrame) -> pd.DataFrame:
    """Charges of exports, but for those that are of part of a month alone where Cost Explorer has all of it."""
    charges = analysis.exports.charges.rename(columns={"billing_period": "period"})
    whole = charges[~charges["is_partial"].fillna(value=False)]
    charges = charges[_is_of(charges, whole) | ~_is_of(charges, explored)]
    return charges.assign(cost_basis=EXPORT).astype({"cost_basis": "string"})[list(_SOURCE)]


def _is_of(costs: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows are of an account's month that the others have."""
    ours, theirs = (pd.MultiIndex.from_frame(each[["sub_account_id", "period"]]) for each in (costs, others))
    return ours.isin(theirs)


def _explored(analysis: Analysis) -> pd.DataFrame:
    """Closed months of Cost Explorer, as the dataset ``costs`` has them."""
    collected = analysis.snapshot.costs
    collected = collected[collected["cost_basis"].eq("billed")]
    made = pd.DataFrame(
        {
            "sub_account_id": collected["account_id"],
            "region_id": collected["region"],
            "usage_type": collected["usage_type"],
            "period": collected["charge_period_start"].dt.strftime("%Y-%m"),
            "charge_category": "Usage",
            "billing_currency": collected["billing_currency"],
            "cost_basis": COST_EXPLORER,
            "billed_cost": amounts(collected["billed_cost"], collected.index),
            "effective_cost": amounts(collected["effective_cost"], collected.index),
            "consumed_quantity": amounts(collected["consumed_quantity"], collected.index),
            "consumed_unit": None,
            "description": None,
        },
        columns=list(_SOURCE),
    )
    return _typed(made)


def _estimated(analysis: Analysis) -> pd.DataFrame:
    """Messages sent at the price of the account's plan; the plan of a month that is over is taken for today's."""
    daily = analysis.daily.assign(period=analysis.daily["at"].dt.strftime("%Y-%m").astype("string"))
    sent = daily.groupby(["account_id", "region", "period"], as_index=False)["sent"].sum(min_count=1)
    sent = sent[sent["sent"] > 0]
    plans = analysis.snapshot.sending_accounts[["account_id", "region", "pricing_plan"]]
    table = prices(analysis.config)
    out = []
    names = ("account_id", "region", "period", "sent", "pricing_plan")
    for account, region, month, messages, plan in rows(joined(sent, plans, on=["account_id", "region"]), names):
        many = Decimal(int(messages))
        out.append(
            {
                "sub_account_id": account,
                "region_id": region,
                "usage_type": ESTIMATED_MAIL,
                "period": month,
                "charge_category": "Usage",
                "billing_currency": table.currency,
                "cost_basis": ESTIMATED,
                "billed_cost": table.outbound_price(plan if plan in PLANS else A_LA_CARTE, many, region=region),
                "consumed_quantity": many,
                "consumed_unit": "messages sent",
                "description": "Estimated: messages sent at list price; recipients may be more, fees are left out",
            }
        )
    return _typed(pd.DataFrame(out, columns=list(_SOURCE)))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    decimals = ("billed_cost", "effective_cost", "consumed_quantity")
    texts = [name for name in _SOURCE if name not in decimals]
    made = {name: amounts(frame[name], frame.index) for name in decimals}
    return frame.assign(**made).astype(dict.fromkeys(texts, "string") | dict.fromkeys(decimals, DTYPE))
