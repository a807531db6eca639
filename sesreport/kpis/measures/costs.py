"""What Amazon SES costs, and what of it need not be."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pandas as pd

from sesreport.analysis.costs import ESTIMATED
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.analysis.trends.monthly import next_month
from sesreport.analysis.unit_costs import delivered_by_account, sum_by
from sesreport.analysis.waste import BEFORE_CREDITS
from sesreport.core.money import total
from sesreport.kpis import words
from sesreport.kpis.contributions import RATIO, SUM, Contributions, contributions
from sesreport.kpis.registry import Measure, kpi, measured

SOURCE = "Cost export (CUR, FOCUS); else Cost Explorer; else messages sent at list price"
PARTS = (
    ("usage", ("Usage",)),
    ("fees", ("Purchase",)),
    ("taxes", ("Tax",)),
    ("credits and discounts", ("Credit", "Discount", "Adjustment")),
    ("refunds", ("Refund",)),
)
PLACE = ["sub_account_id", "region_id"]


@kpi(
    order=104,
    label="Cost of sending",
    question="What does Amazon SES cost us?",
    definition=(
        "Unblended cost of Amazon SES as billed for the month, taxes, fees, credits and refunds included; an account "
        "without a cost export or Cost Explorer counts with an estimate."
    ),
    formula="sum of billed_cost",
    source=SOURCE,
    unit="money",
    direction="none",
    owner="FinOps",
    headline=True,
    datasets=(),
)
def billed_cost(analysis: Analysis) -> Measure:
    """Not added up where charges of the month are in several currencies, or one could not be read."""
    costs = _one_currency(analysis)
    if isinstance(costs, Measure):
        return costs
    if costs.empty:
        return _nothing_charged(costs, analysis)
    month = _of_period(costs, analysis)
    found = _measured(costs, analysis, costs["billed_cost"])
    whole = total(month["billed_cost"])
    currency = str(costs["billing_currency"].iloc[0])
    shares = [
        (name, total(month.loc[month["charge_category"].isin(list(names)), "billed_cost"])) for name, names in PARTS
    ]
    parts = [f"{name} {words.money(part, currency)}" for name, part in shares if part]
    told = f"It consists of {', '.join(parts)}. " if parts else ""
    change = _change(found, whole, analysis)
    reason = f"{change}{told}{_basis(month)}{_other_estimates(analysis, currency)}{_gaps(analysis)}"
    return dataclasses.replace(_in(found, currency, reason), value=_plain(whole))


@kpi(
    order=105,
    label="Cost of 1,000 messages delivered",
    question="Is a message getting cheaper?",
    definition="Cost of sending in the month, of each thousand messages that recipients' servers accepted.",
    formula="sum of billed_cost × 1,000 / messages delivered",
    source=f"{SOURCE}; CloudWatch AWS/SES Delivery",
    unit="money",
    direction="none",
    owner="FinOps",
    datasets=("metrics",),
)
def cost_per_thousand_delivered(analysis: Analysis) -> Measure:
    """An account that delivered nothing costs all the same; one whose deliveries nobody could read is left out."""
    costs = _one_currency(analysis)
    if isinstance(costs, Measure):
        return costs
    if costs.empty:
        return dataclasses.replace(_nothing_charged(costs, analysis), value=None)
    accounts = sum_by(costs, ["sub_account_id", "period"])
    found = joined(accounts, delivered_by_account(analysis), on=["sub_account_id", "period"])
    found = found.rename(columns={"sub_account_id": "account_id"})
    known = found.dropna(subset=["delivered"]).reset_index(drop=True)
    cost = known["billed_cost"].astype("Float64") * 1000
    given = contributions(known, RATIO, str(analysis.period), numerator=cost, denominator=known["delivered"])
    month = found[found["period"].eq(str(analysis.period))].drop(columns="period").reset_index(drop=True)
    made = measured(given, month.sort_values("billed_cost", ascending=False, ignore_index=True))
    return _in(made, str(costs["billing_currency"].iloc[0]), _basis(_of_period(costs, analysis)))


@kpi(
    order=106,
    label="Avoidable cost",
    question="How much of it is wasted?",
    definition=(
        "What the month's waste cost: bounces paid for, idle dedicated IPs, price plans that cost more than others, "
        f"features nobody uses, closed accounts that are still charged. {BEFORE_CREDITS}"
    ),
    formula="sum of amount over the frame waste, before credits",
    source=f"{SOURCE}; CloudWatch; SES GetAccount, ListDedicatedIps; list prices for plans",
    unit="money",
    direction="none",
    owner="FinOps",
    datasets=("metrics", "sending_accounts"),
)
def avoidable_cost(analysis: Analysis) -> Measure:
    """Waste in several currencies is not added."""
    month, waste = _of_period(analysis.costs, analysis), analysis.waste
    currencies = sorted(waste.loc[waste["amount"].gt(Decimal(0)), "billing_currency"].unique())
    if len(currencies) > 1:
        sums = waste.groupby("billing_currency")["amount"].sum()
        told = " and ".join(words.money(sums[currency], currency) for currency in currencies)
        return Measure(None, waste, reason=f"In several currencies, which are not added: {told}.")
    if month.empty and waste.empty:
        return Measure(None, waste, reason=_not_known(analysis))
    currency = str(currencies[0] if currencies else next(iter(month["billing_currency"]), ""))
    ours = waste.reset_index(drop=True)
    given = contributions(ours, SUM, str(analysis.period), numerator=ours["amount"].astype("Float64"), denominator=None)
    if ours.empty:
        return Measure(0.0, ours, reason="No waste was found.", contributions=given, currency=currency)
    kinds = ours.groupby("kind")["amount"].sum().sort_values(ascending=False)
    told = ", ".join(f"{kind} {words.money(part, currency)}" for kind, part in kinds.items() if part)
    found = dataclasses.replace(measured(given, ours), value=_plain(total(ours["amount"])))
    return _in(found, currency, f"{told[:1].upper()}{told[1:]}. {_based(ours['cost_basis'])}".strip())


@kpi(
    order=107,
    label="Cost with an owner",
    question="For how much of the cost does somebody answer?",
    definition="Cost of sending of accounts that carry an owner tag, of all cost of the month but credits and refunds.",
    formula="billed_cost of accounts with an owner tag / billed_cost, credits and refunds left out",
    source=SOURCE,
    unit="share",
    direction="higher",
    target=0.95,
    watch=0.85,
    owner="FinOps",
    datasets=(),
)
def cost_with_owner(analysis: Analysis) -> Measure:
    """The dearest accounts without an owner come first."""
    costs = _one_currency(analysis)
    if isinstance(costs, Measure):
        return costs
    if costs.empty:
        return dataclasses.replace(_nothing_charged(costs, analysis), value=None, currency="")
    charged = costs[costs["billed_cost"].gt(Decimal(0)).fillna(value=False)]
    accounts = sum_by(charged, ["sub_account_id", "account_name", "owner", "period"])
    accounts = accounts.rename(columns={"sub_account_id": "account_id"})
    cost = accounts["billed_cost"].astype("Float64")
    given = contributions(
        accounts, RATIO, str(analysis.period), numerator=cost.where(accounts["owner"].notna(), 0.0), denominator=cost
    )
    month = accounts[accounts["period"].eq(str(analysis.period))].drop(columns="period")
    frame = month.assign(_owned=month["owner"].notna()).sort_values(
        ["_owned", "billed_cost"], ascending=[True, False], ignore_index=True
    )
    found = measured(given, frame.drop(columns="_owned"))
    nobody = int(frame["owner"].isna().sum())
    return found.because(f"{nobody} of {len(frame)} accounts that cost something have no owner tag.")


@kpi(
    order=108,
    label="Budget used",
    question="Do we stay within the budget?",
    definition="Cost of sending in the month, of the month's budget in the settings ([costs] budget).",
    formula="sum of billed_cost / budget",
    source=f"{SOURCE}; settings",
    unit="share",
    direction="lower",
    target=1.0,
    owner="FinOps",
    datasets=(),
)
def budget_used(analysis: Analysis) -> Measure:
    """Of a budget in another currency nobody can say."""
    budget, costs = analysis.config.costs.budget, _one_currency(analysis)
    if budget is None:
        frame = costs.frame if isinstance(costs, Measure) else _by_place(_of_period(costs, analysis))
        return Measure(None, frame, reason="The settings name no budget: [costs] budget = {amount = …, currency = …}.")
    if isinstance(costs, Measure):
        return costs
    if costs.empty:
        return dataclasses.replace(_nothing_charged(costs, analysis), currency="")
    currency = str(costs["billing_currency"].iloc[0])
    if currency != budget.currency:
        frame = _by_place(_of_period(costs, analysis))
        return Measure(None, frame, reason=f"The budget is in {budget.currency}, the costs are in {currency}.")
    months = sum_by(costs, [*PLACE, "period"]).rename(columns=dict(zip(PLACE, ("account_id", "region"), strict=True)))
    share = months["billed_cost"].astype("Float64") / float(budget.amount)
    given = contributions(months, SUM, str(analysis.period), numerator=share, denominator=None)
    found = measured(given, _by_place(_of_period(costs, analysis)))
    cost = total(_of_period(costs, analysis)["billed_cost"])
    found = dataclasses.replace(found, numerator=_plain(cost), denominator=float(budget.amount))
    told = ""
    if cost is not None:
        told = f"{words.money(cost, currency)} of the budget of {words.money(budget.amount, currency)} is used."
    return found.because(f"{told} {_ahead(costs, analysis, currency)}".strip())


def _ahead(costs: pd.DataFrame, analysis: Analysis, currency: str) -> str:
    """What the next month is likely to cost."""
    sums = costs.groupby("period")["billed_cost"].sum()
    months = [str(month) for month in analysis.period.back(13)]
    ahead = next_month([float(sums[month]) if month in sums.index else None for month in months])
    if ahead is None:
        return "Too few months are known to forecast the next."
    low, middle, high = (words.money(max(value, 0.0), currency) for value in ahead)
    name = analysis.period.shift(1).name
    return f"{name} is expected to cost about {middle}, and in four of five cases between {low} and {high}."


def _change(found: Measure, whole: Decimal | None, analysis: Analysis) -> str:
    """How the month's cost stands to that of the month before, in a sentence; empty where one is zero or less."""
    before = found.history.get(str(analysis.period.shift(-1)))
    if whole is None or whole <= 0 or before is None or before <= 0:
        return ""
    share, name = float(whole) / before - 1, analysis.period.shift(-1).name
    if abs(share) < 0.0005:
        return f"The cost is that of {name}. "
    return f"The cost is {words.number(abs(share), 'share')} {'higher' if share > 0 else 'lower'} than in {name}. "


def _one_currency(analysis: Analysis) -> pd.DataFrame | Measure:
    """Costs in the currency of the period, of months all of whose charges are in it and could be read.

    Or the measure of what is not known or cannot be added. Estimates in another currency than the bill are left out.
    Without a row the period was read and nothing was charged.
    """
    costs = analysis.costs
    month = _of_period(costs, analysis)
    billed = month[month["cost_basis"].ne(ESTIMATED)]
    currencies = sorted((billed if len(billed) else month)["billing_currency"].unique())
    if not currencies:
        months = analysis.cost_export_months
        whole = months[~months["is_partial"].fillna(value=False)]
        read = whole["period"].eq(str(analysis.period)).any()
        return costs.iloc[:0] if read else Measure(None, _by_place(month), reason=_not_known(analysis))
    if len(currencies) > 1:
        sums = month.groupby("billing_currency")["billed_cost"].sum()
        told = " and ".join(words.money(sums[currency], currency) for currency in currencies)
        return Measure(None, _by_place(month), reason=f"In several currencies, which are not added: {told}.")
    ours = costs[costs["billing_currency"].eq(currencies[0])].reset_index(drop=True)
    if many := int(_of_period(ours, analysis)["billed_cost"].isna().sum()):
        least = words.money(total(_of_period(ours, analysis)["billed_cost"]) or Decimal(0), currencies[0])
        charges = "charge" if many == 1 else "charges"
        return Measure(
            None, _by_place(month), reason=f"At least {least}: the amount of {many} {charges} could not be read."
        )
    others = costs["billing_currency"].ne(currencies[0]) & costs["cost_basis"].ne(ESTIMATED)
    left_out = {*costs.loc[others, "period"], *ours.loc[ours["billed_cost"].isna(), "period"]}
    return ours[~ours["period"].isin(list(left_out))].reset_index(drop=True)


def _nothing_charged(costs: pd.DataFrame, analysis: Analysis) -> Measure:
    """A month whose export was read and has no charge."""
    known = analysis.costs["billing_currency"]
    budget = analysis.config.costs.budget
    currency = str(known.iloc[-1]) if len(known) else budget.currency if budget is not None else ""
    reason = f"The cost export of {analysis.period} has no charge of SES."
    return Measure(0.0, _by_place(costs), reason=reason, currency=currency)


def _not_known(analysis: Analysis) -> str:
    """Which sources there were, and that none told anything of the month."""
    exports = (
        f"the cost exports of the settings do not tell {analysis.period}"
        if analysis.config.costs.exports
        else "the settings name no cost export ([costs] exports)"
    )
    return f"Costs are not known: {exports}, Cost Explorer tells nothing, no mail was seen.{_gaps(analysis)}"


def _other_estimates(analysis: Analysis, currency: str) -> str:
    """Estimates in another currency than the bill, which are in no sum."""
    month = _of_period(analysis.costs, analysis)
    sums = month[month["billing_currency"].ne(currency)].groupby("billing_currency")["billed_cost"].sum()
    told = " and ".join(words.money(cost, str(name)) for name, cost in sums.items())
    return f" An estimate of {told} is not in it." if told else ""


def _of_period(costs: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    return costs[costs["period"].eq(str(analysis.period))].reset_index(drop=True)


def _by_place(month: pd.DataFrame) -> pd.DataFrame:
    """The evidence of a month: one row per account, Region, usage type, category and currency, dearest first."""
    keys = [*PLACE, "account_name", "owner", "usage_family", "usage_type", "charge_category", "billing_currency"]
    found = sum_by(month, keys).rename(columns=dict(zip(PLACE, ("account_id", "region"), strict=True)))
    return found.sort_values("billed_cost", ascending=False, kind="stable", ignore_index=True)


def _measured(costs: pd.DataFrame, analysis: Analysis, numerator: pd.Series) -> Measure:
    months = sum_by(costs.assign(billed_cost=numerator), [*PLACE, "period"])
    months = months.rename(columns=dict(zip(PLACE, ("account_id", "region"), strict=True)))
    given: Contributions = contributions(
        months, SUM, str(analysis.period), numerator=months["billed_cost"].astype("Float64"), denominator=None
    )
    return measured(given, _by_place(_of_period(costs, analysis)))


def _in(found: Measure, currency: str, reason: str) -> Measure:
    return dataclasses.replace(found, currency=currency, reason=reason)


def _plain(amount: Decimal | None) -> float | None:
    """The nearest float of an amount that was summed exactly."""
    return None if amount is None else float(amount)


def _basis(month: pd.DataFrame) -> str:
    """What the month rests on, in a sentence; how much of it is an estimate."""
    told = _based(month["cost_basis"])
    guessed = month[month["cost_basis"].eq(ESTIMATED)]
    if guessed.empty or len(guessed) == len(month):
        return told
    part = words.money(total(guessed["billed_cost"]) or 0, str(month["billing_currency"].iloc[0]))
    return f"{told.removesuffix('.')}; {part} of it is estimated."


def _gaps(analysis: Analysis) -> str:
    """How many things of the period's cost exports could not be read or had to be judged; empty without any."""
    gaps = analysis.cost_export_gaps
    many = int((gaps["period"].eq(str(analysis.period)) | gaps["period"].isna()).sum())
    if not many:
        return ""
    return f" The cost exports have {many} {'gap' if many == 1 else 'gaps'}: see cost_export_gaps."


def _based(values: pd.Series) -> str:
    names = {"export": "the cost export", "cost_explorer": "Cost Explorer", "estimated": "an estimate at list prices"}
    told = sorted({part for value in values for part in str(value).split(" + ")}, key=list(names).index)
    return f"The amounts come from {' and '.join(names[name] for name in told)}." if told else ""
