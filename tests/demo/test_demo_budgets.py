"""AWS Budgets: what was spent agrees with Cost Explorer, and each account asks for its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
MANAGEMENT, SHOP = "210000000001", "210000000006"


def budgets(client: Client, account: str = MANAGEMENT, **options: Any) -> dict[str, dict[str, Any]]:
    pages = client("budgets", account).get_paginator("describe_budgets").paginate(AccountId=account, **options)
    return {budget["BudgetName"]: budget for page in pages for budget in page["Budgets"]}


def test_pages_add_up_to_the_organization_s_budgets(client: Client) -> None:
    assert list(budgets(client)) == ["queues", "amazon-ses"]


def test_the_actual_cost_is_that_of_cost_explorer(client: Client) -> None:
    month = {"Start": "2026-11-01", "End": "2026-11-03"}
    [found] = client("ce").get_cost_and_usage(TimePeriod=month, Granularity="MONTHLY", Metrics=["UnblendedCost"])[
        "ResultsByTime"
    ]
    spend = budgets(client)["amazon-ses"]["CalculatedSpend"]
    actual = float(spend["ActualSpend"]["Amount"])
    assert actual == pytest.approx(float(found["Total"]["UnblendedCost"]["Amount"]), abs=0.001)
    assert actual < float(spend["ForecastedSpend"]["Amount"]) < 2500


def test_the_filter_expression_is_shown_when_asked_for(client: Client) -> None:
    expression = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Simple Email Service"]}}
    assert budgets(client, ShowFilterExpression=True)["amazon-ses"]["FilterExpression"] == expression
    assert "FilterExpression" not in budgets(client)["amazon-ses"]


def test_an_account_sees_its_own_budgets_only(client: Client) -> None:
    assert budgets(client, SHOP) == {}
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client("budgets", SHOP).describe_budgets(AccountId=MANAGEMENT)
