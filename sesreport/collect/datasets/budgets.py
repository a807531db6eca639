"""Budgets of AWS Budgets on SES. AWS charges neither for reading them nor for budgets without actions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from sesreport.aws.clients import HOME_REGION
from sesreport.collect.datasets.costs import SERVICE
from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.schema import MONEY, Row
from sesreport.snapshot.frames.budgets import BUDGETS

LIST = Operation("budgets", "describe_budgets", items="Budgets")
NAMES = {"SERVICE": SERVICE, "SERVICE_CODE": "AmazonSES"}
"""What Amazon SES is called in each dimension that tells services apart."""
_SCALE = Decimal(1).scaleb(-MONEY.scale)


@collector(BUDGETS, scope="organization", permissions=("budgets:ViewBudget",))
def budgets(lane: Lane) -> Iterator[tuple[str, Row]]:
    """DescribeBudgets of the caller's account, every page; other accounts' budgets cannot be asked for.

    Budgets that do not name SES are none of ours, and not kept.
    """
    listed = lane.pages(LIST, region=HOME_REGION, AccountId=lane.account_id, MaxResults=100, ShowFilterExpression=True)
    rows = lane.each("budgets", listed, partial(_row, lane.account_id))
    return ((dataset, row) for dataset, row in rows if row)


def _row(account_id: str, budget: Mapping[str, Any]) -> Row:
    """The row of one budget; an empty one where its filters do not name SES."""
    name = budget["BudgetName"]
    filters = budget.get("FilterExpression") or budget.get("CostFilters") or {}
    if not set(NAMES.values()) & set(_texts(filters)):
        return {}
    limit, spend = budget.get("BudgetLimit"), budget.get("CalculatedSpend") or {}
    actual, forecast = spend.get("ActualSpend"), spend.get("ForecastedSpend")
    units = {each["Unit"] for each in (limit, actual, forecast) if each is not None}
    if len(units) > 1:
        raise ValueError(f"its amounts are in {' and '.join(sorted(units))}")
    span = budget.get("TimePeriod") or {}
    return {
        "account_id": account_id,
        "budget_name": name,
        "budget_type": budget["BudgetType"],
        "time_unit": budget["TimeUnit"],
        "begins_at": span.get("Start"),
        "ends_at": span.get("End"),
        "amount": _amount(limit),
        "currency": next(iter(units), None),
        "actual_spend": _amount(actual),
        "forecasted_spend": _amount(forecast),
        "ses_alone": _is_ses_alone(filters),
        "filters": json.dumps(filters, ensure_ascii=False, sort_keys=True),
        "last_updated_at": budget.get("LastUpdatedTime"),
    }


def _texts(value: Any) -> Iterator[str]:
    """Every text in filters of either form. Raises TypeError for what is none: then what they choose is not known."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value
    else:
        raise TypeError(f"its filters hold {value!r:.40}")


def _is_ses_alone(filters: Mapping[str, Any]) -> bool:
    """Whether filters choose all of SES and nothing else.

    Leaving out record types (credits, refunds, tax) says how costs are counted, as ``CostTypes`` does, not of what.
    """
    if "Service" in filters:  # the older form, a list of values by dimension
        return dict(filters) == {"Service": [SERVICE]}
    parts = filters["And"] if set(filters) == {"And"} else [filters]
    chosen = [part for part in parts if _dimension(part.get("Not", {})).get("Key") != "RECORD_TYPE"]
    return len(chosen) == 1 and _is_ses(chosen[0])


def _is_ses(part: Mapping[str, Any]) -> bool:
    found = _dimension(part)
    exact = found.get("MatchOptions") in (None, [], ["EQUALS"])
    return exact and found.get("Key") in NAMES and found.get("Values") == [NAMES[found["Key"]]]


def _dimension(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The dimension of an expression that is one alone, else nothing."""
    found: Mapping[str, Any] = part["Dimensions"] if set(part) == {"Dimensions"} else {}
    return found


def _amount(spend: Mapping[str, Any] | None) -> Decimal | None:
    """A ``Spend``'s amount, to the ten places that money is kept in; AWS's forecasts may have more."""
    return None if spend is None else Decimal(spend["Amount"]).quantize(_SCALE)
