"""Cost Explorer: what sending cost, by day or month, account, Region and usage type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.charges import Charge, charges_of
from sesreport.demo.paging import page
from sesreport.demo.world import HISTORY_DAYS, World

PAGE_GROUPS = 5000
HISTORY_MONTHS = 14
_COSTS = {"UnblendedCost", "BlendedCost", "AmortizedCost", "NetUnblendedCost", "NetAmortizedCost"}


@operation("ce", "GetCostAndUsage")
def get_cost_and_usage(call: Call) -> dict[str, Any]:
    params = call.params
    start, end = _period(call)
    metrics = params["Metrics"]
    if unknown := set(metrics) - _COSTS - {"UsageQuantity"}:
        raise AwsError("ValidationException", f"Invalid metric {sorted(unknown)[0]}")
    groups = params.get("GroupBy") or []
    if len(groups) > 2 or any(group.get("Type") != "DIMENSION" for group in groups):
        raise AwsError("ValidationException", "At most two groups of type DIMENSION are offered here.")
    wanted = _filter(params.get("Filter"))
    charges = [charge for charge in charges_of(call.world) if _visible(call, charge) and wanted(charge.dimensions)]
    periods = _periods(start, end, params["Granularity"])
    rows = _rows(call.world, charges, periods, groups)
    token = params.get("NextPageToken")
    of = f"GetCostAndUsage {start} {end} {params['Granularity']} {groups} {params.get('Filter')}"
    found, following = page(rows, PAGE_GROUPS, token, of=of)
    by_period = groupby(found, key=itemgetter(0))
    results = [_result(call.world, period, list(rows), metrics, groups) for period, rows in by_period]
    answer: dict[str, Any] = {
        "GroupDefinitions": groups,
        "ResultsByTime": results,
        "DimensionValueAttributes": [],
    }
    return answer | ({"NextPageToken": following} if following else {})


def spent(world: World, start: date, end: date) -> float:
    """Cost of all accounts from one day to another, the last not counted."""
    low, high = (min(max(0, (day - world.history_start).days), HISTORY_DAYS) for day in (start, end))
    return float(sum(charge.cost[low:high].sum() for charge in charges_of(world)))


Period = tuple[date, date]
Row = tuple[Period, tuple[str, ...], float, float]
"""Period, group keys, cost, quantity."""


def _period(call: Call) -> Period:
    try:
        start, end = (date.fromisoformat(call.params["TimePeriod"][key]) for key in ("Start", "End"))
    except ValueError as error:
        raise AwsError("ValidationException", f"Invalid time period: {error}") from error
    if start >= end:
        raise AwsError("ValidationException", "Start date (and hour) should be before end date (and hour)")
    today = call.world.today
    months = today.year * 12 + today.month - 1 - HISTORY_MONTHS
    if start < date(months // 12, months % 12 + 1, 1):
        raise AwsError("ValidationException", "You haven't enabled historical data beyond 14 months.")
    return start, min(end, today + timedelta(days=1))


def _periods(start: date, end: date, granularity: str) -> list[Period]:
    if granularity == "DAILY":
        days = (end - start).days
        return [(start + timedelta(days=n), start + timedelta(days=n + 1)) for n in range(days)]
    if granularity != "MONTHLY":
        raise AwsError("ValidationException", f"Granularity {granularity} is not offered here.")
    periods = []
    while start < end:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        periods.append((start, min(following, end)))
        start = following
    return periods


def _visible(call: Call, charge: Charge) -> bool:
    """The management account sees all, a member itself."""
    management = call.world.organization.management_account
    return call.account_id in {management, charge.dimensions["LINKED_ACCOUNT"]}


def _filter(expression: dict[str, Any] | None) -> Callable[[dict[str, str]], bool]:
    if not expression:
        return lambda _: True
    if "And" in expression:
        parts = [_filter(part) for part in expression["And"]]
        return lambda dimensions: all(part(dimensions) for part in parts)
    if "Or" in expression:
        parts = [_filter(part) for part in expression["Or"]]
        return lambda dimensions: any(part(dimensions) for part in parts)
    if "Not" in expression:
        inner = _filter(expression["Not"])
        return lambda dimensions: not inner(dimensions)
    if "Dimensions" not in expression:
        raise AwsError("ValidationException", "Only filters on dimensions are offered here.")
    key, values = expression["Dimensions"]["Key"], set(expression["Dimensions"]["Values"])
    return lambda dimensions: dimensions.get(key) in values


def _rows(world: World, charges: list[Charge], periods: list[Period], groups: list[dict[str, str]]) -> list[Row]:
    """One row per period and group that used something; without groups one row per period."""
    totals: dict[tuple[str, ...], tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for charge in charges:
        keys = tuple(charge.dimensions.get(group["Key"], f"No{group['Key']}") for group in groups)
        cost, quantity = totals.get(keys, (0.0, 0.0))
        totals[keys] = (cost + charge.cost, quantity + charge.quantity)
    sums = {keys: tuple(_upto(days) for days in total) for keys, total in sorted(totals.items())}
    rows: list[Row] = []
    for period in periods:
        low, high = (min(max(0, (day - world.history_start).days), HISTORY_DAYS) for day in period)
        there = [(period, keys, cost[high] - cost[low], used[high] - used[low]) for keys, (cost, used) in sums.items()]
        rows += [row for row in there if row[3] > 0] or [(period, ("",), 0.0, 0.0)]
    return rows


def _upto(days: NDArray[np.float64]) -> list[float]:
    """What had come together before each day, and after the last."""
    return [0.0, *np.cumsum(days).tolist()]


def _result(
    world: World, period: Period, rows: list[Row], metrics: list[str], groups: list[dict[str, str]]
) -> dict[str, Any]:
    shown = [(keys, {name: _amount(name, cost, quantity) for name in metrics}) for _, keys, cost, quantity in rows]
    return {
        "TimePeriod": {"Start": period[0].isoformat(), "End": period[1].isoformat()},
        "Total": {} if groups else shown[0][1],
        "Groups": [{"Keys": list(keys), "Metrics": amounts} for keys, amounts in shown if groups and keys != ("",)],
        "Estimated": period[1] > world.today.replace(day=1),
    }


def _amount(metric: str, cost: float, quantity: float) -> dict[str, str]:
    if metric == "UsageQuantity":
        return {"Amount": f"{quantity:.10f}".rstrip("0").rstrip("."), "Unit": "N/A"}
    return {"Amount": f"{cost:.10f}".rstrip("0").rstrip("."), "Unit": "USD"}
