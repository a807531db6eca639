"""Who pays for what: cost, avoidable cost and exposed identities of the period by owner or by account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sesreport.analysis.costs import ESTIMATED
from sesreport.analysis.joins import joined
from sesreport.analysis.stakes import EXPOSED, STAKES
from sesreport.analysis.unit_costs import NO_OWNER, UNIT_COSTS, WHOLE
from sesreport.analysis.waste import WASTE
from sesreport.core.money import total
from sesreport.kpis.breakdown import KPI_BREAKDOWN
from sesreport.kpis.results import Results

COLUMNS = ("group", "billing_currency", "cost", "share", "avoidable", "exposed")
NUMBERS = ("cost", "share", "avoidable", "exposed")


def currencies(unit_costs: pd.DataFrame, period: str) -> list[str]:
    """Currencies of the period's charges; that of most accounts first."""
    rows = unit_costs[unit_costs["period"].eq(period) & unit_costs["dimension"].eq("account")]
    counts = rows["billing_currency"].value_counts()
    return sorted(map(str, counts.index), key=lambda name: (-int(counts[name]), name))


def roughly(unit_costs: pd.DataFrame, period: str) -> str:
    """``about `` before the period's cost where some of it is an estimate; else empty."""
    rows = unit_costs[unit_costs["period"].eq(period) & unit_costs["dimension"].eq(WHOLE)]
    return "about " if any(ESTIMATED in str(basis).split(" + ") for basis in rows["cost_basis"]) else ""


def months(unit_costs: pd.DataFrame, currency: str, periods: Sequence[str]) -> list[float | None]:
    """The organization's cost in each of the months; None where nothing is known."""
    rows = unit_costs[unit_costs["dimension"].eq(WHOLE) & unit_costs["billing_currency"].eq(currency)]
    known = dict(zip(rows["period"], rows["billed_cost"], strict=True))
    return [None if pd.isna(cost := known.get(period)) else float(cost) for period in periods]


def by_kind(waste: pd.DataFrame, currency: str) -> list[tuple[str, float]]:
    """What each kind of waste cost, the dearest first; without those that cost nothing."""
    ours = waste[waste["billing_currency"].eq(currency)]
    sums = {str(kind): total(rows["amount"]) for kind, rows in ours.groupby("kind")}
    dear = [(kind, float(amount)) for kind, amount in sums.items() if amount]
    return sorted(dear, key=lambda pair: (-pair[1], pair[0]))


def showback(frames: Mapping[str, pd.DataFrame], dimension: str, period: str) -> pd.DataFrame:
    """One row per ``group`` (owner or account id, as ``dimension`` says) and currency, the dearest first.

    ``share`` is of the cost in the same currency. An exposed identity counts for its own owner, else for that of its
    account, and is no money: it stands in one row of its group only. ``cost`` is NA for an owner of exposed identities
    to whom no account is charged; ``avoidable`` and ``exposed`` where nothing was read that would show any.
    """
    costs, waste = frames.get("unit_costs", UNIT_COSTS.empty()), frames.get("waste", WASTE.empty())
    of_month = costs[costs["period"].eq(period) & costs["dimension"].eq(dimension)]
    found = of_month[["group", "billing_currency", "billed_cost"]].rename(columns={"billed_cost": "cost"})
    found = found.astype({"cost": "Float64"})
    whole = found.groupby("billing_currency")["cost"].transform("sum")
    found = found.assign(share=(found["cost"] / whole).where(whole > 0))
    keys = ["group", "billing_currency"]
    wasted = waste.assign(group=_groups(waste, dimension)).astype({"amount": "Float64"})
    avoidable = wasted[wasted["amount"] > 0].groupby(keys)["amount"].sum().rename("avoidable").reset_index()
    found = joined(found, avoidable, on=keys, how="outer")
    many = _exposed(frames, dimension)
    found = found.assign(exposed=found["group"].map(many).fillna(0).mask(found.duplicated("group")))
    others = many[~many.index.isin(found["group"])]
    found = pd.concat([found, pd.DataFrame({"group": others.index, "exposed": others.to_numpy()})], ignore_index=True)
    found = found.reindex(columns=list(COLUMNS))
    found = found.astype({"group": "string", "billing_currency": "string"} | dict.fromkeys(NUMBERS, "Float64"))
    unseen = {name: found["group"].isin(_unread(frames, kpi_id, dimension)) for name, kpi_id in _READ_FOR.items()}
    found["avoidable"] = found["avoidable"].fillna(0.0).mask(unseen["avoidable"] & ~(found["avoidable"] > 0))
    found["exposed"] = found["exposed"].mask(unseen["exposed"] & ~(found["exposed"] > 0))
    return found.sort_values(
        ["billing_currency", "cost", "exposed", "group"], ascending=[True, False, False, True], ignore_index=True
    )


_READ_FOR = {"avoidable": "avoidable_cost", "exposed": "public_identities"}
"""The KPI that rests on the same places as a column."""


def _unread(frames: Mapping[str, pd.DataFrame], kpi_id: str, dimension: str) -> list[str]:
    """Groups of which no place was read: that there is none of something there is not known."""
    found = frames.get(KPI_BREAKDOWN.name, KPI_BREAKDOWN.empty())
    found = found[found["kpi"].eq(kpi_id) & found["dimension"].eq(dimension)]
    return list(found.loc[found["places_read"].eq(0) & found["places_expected"].gt(0), "group"])


def _groups(waste: pd.DataFrame, dimension: str) -> pd.Series:
    return waste["owner"].fillna(NO_OWNER) if dimension == "owner" else waste["account_id"]


def _exposed(frames: Mapping[str, pd.DataFrame], dimension: str) -> pd.Series:
    """How many identities of each group accounts nobody approved can send as."""
    stakes = frames.get("stakes", STAKES.empty())
    exposed = stakes[stakes["exposure"].isin(list(EXPOSED)).fillna(value=False)]
    if dimension == "account" or "accounts" not in frames:
        return exposed["account_id" if dimension == "account" else "owner"].value_counts()
    of_account = frames["accounts"].drop_duplicates("account_id").set_index("account_id")["owner"]
    owner = exposed["owner"].fillna(exposed["account_id"].map(of_account).astype("string")).fillna(NO_OWNER)
    return owner.astype("string").value_counts()


def budget_of(results: Results | None, currency: str) -> float | None:
    """The month's budget in that currency; None where the settings name none in it."""
    used, cost = (None if results is None else results.find_kpi(name) for name in ("budget_used", "billed_cost"))
    if used is None or used.value is None or not used.denominator or cost is None or cost.currency != currency:
        return None
    return float(used.denominator)
