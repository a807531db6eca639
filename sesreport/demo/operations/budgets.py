"""AWS Budgets: what each account may spend, what it has spent of it, and what it is going to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sesreport.demo.budgets import Budget
from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.charges import SERVICE
from sesreport.demo.operations.costexplorer import spent
from sesreport.demo.paging import page

LARGEST_PAGE = 1
"""AWS may hand out fewer than asked for; so small a page makes every reader turn it."""
TREND_DAYS = 28
"""Days whose mean the forecast goes on with."""


@operation("budgets", "DescribeBudgets")
def describe_budgets(call: Call) -> dict[str, Any]:
    """An account may ask for its own budgets only."""
    account = call.params["AccountId"]
    if account != call.account_id:
        raise AwsError("AccessDeniedException", f"Account {call.account_id} may not view budgets of {account}.", 403)
    kept = [budget for budget in call.world.budgets if budget.account == account]
    size = min(int(call.params.get("MaxResults") or LARGEST_PAGE), LARGEST_PAGE)
    found, following = page(kept, size, call.params.get("NextToken"), of=f"DescribeBudgets {account}")
    shown = [_budget(call, budget, bool(call.params.get("ShowFilterExpression"))) for budget in found]
    return {"Budgets": shown} | ({"NextToken": following} if following else {})


def _budget(call: Call, budget: Budget, show_expression: bool) -> dict[str, Any]:
    expression = {"Dimensions": {"Key": "SERVICE", "Values": list(budget.services)}}
    return {
        "BudgetName": budget.name,
        "BudgetType": "COST",
        "BudgetLimit": _spend(budget.amount),
        "CostFilters": {"Service": list(budget.services)},
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": budget.since, "End": budget.until},
        "CalculatedSpend": _calculated(call, budget),
        "LastUpdatedTime": budget.since,
        **({"FilterExpression": expression} if show_expression else {}),
    }


def _calculated(call: Call, budget: Budget) -> dict[str, Any]:
    """What was spent since the month began, and with the days to come as the last four weeks were."""
    today = call.world.today
    first = today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    ours = SERVICE in budget.services
    actual = spent(call.world, first, today) if ours else 0.0  # nothing but SES costs anything here
    trend = spent(call.world, today - timedelta(days=TREND_DAYS), today) / TREND_DAYS if ours else 0.0
    forecast = actual + trend * (following - today).days
    return {"ActualSpend": _spend(actual), "ForecastedSpend": _spend(forecast)}


def _spend(amount: float) -> dict[str, str]:
    return {"Amount": f"{amount:.3f}", "Unit": "USD"}
