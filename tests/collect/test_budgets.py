"""Budgets of AWS Budgets: which are on SES, what they say, and what keeps one from being read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from sesreport.analysis.basis import POLICY_DATASETS, place_basis
from sesreport.collect.datasets.budgets import _is_ses_alone
from sesreport.snapshot.store import Snapshot
from tests.collect.double import OWN, Answer
from tests.collect.test_collect_faults import Read, error, read, status

__all__ = ["read"]

SES = "Amazon Simple Email Service"
ON_SES = {"Service": [SES]}


def budget(name: str = "mail", filters: object = ON_SES, **more: object) -> dict[str, Any]:
    """A budget as DescribeBudgets lists it."""
    return {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "2500.0", "Unit": "USD"},
        "CostFilters": filters,
        **more,
    }


def listed(*budgets: object) -> Answer:
    return 200, {"Budgets": list(budgets)}


def names(snapshot: Snapshot) -> list[str]:
    return list(snapshot.budgets["budget_name"])


def test_a_budget_on_ses_is_kept_as_aws_says(read: Read) -> None:
    spend = {"Amount": "141.25", "Unit": "USD"}, {"Amount": "2117.93847261514", "Unit": "USD"}
    calculated = {"ActualSpend": spend[0], "ForecastedSpend": spend[1]}
    span = {"Start": 1767225600, "End": 3706473600}
    snapshot = read(DescribeBudgets=listed(budget(CalculatedSpend=calculated, TimePeriod=span)))
    (row,) = snapshot.budgets.to_dict("records")
    assert (row["account_id"], row["budget_name"], row["time_unit"]) == (OWN, "mail", "MONTHLY")
    assert (row["amount"], row["currency"], row["actual_spend"]) == (Decimal(2500), "USD", Decimal("141.25"))
    assert row["forecasted_spend"] == Decimal("2117.9384726151")
    assert (row["begins_at"].isoformat(), row["ends_at"].year) == ("2026-01-01T00:00:00+00:00", 2087)
    assert (row["ses_alone"], json.loads(row["filters"])) == (True, ON_SES)


def test_budgets_on_other_things_are_not_kept(read: Read) -> None:
    snapshot = read(DescribeBudgets=listed(budget("all", {}), budget("files", {"Service": ["Amazon S3"]}), budget()))
    assert names(snapshot) == ["mail"]
    assert status(snapshot, "budgets") == ("ok", "")


def test_every_page_of_budgets_is_read(read: Read) -> None:
    def pages(path: str, parameters: dict[str, Any]) -> Answer:
        assert (parameters["AccountId"], parameters["ShowFilterExpression"]) == (OWN, True)
        if "NextToken" in parameters:
            return listed(budget("second"))
        return 200, {"Budgets": [budget("first")], "NextToken": "2"}

    assert names(read(DescribeBudgets=pages)) == ["first", "second"]


def test_a_denial_is_a_gap_of_budgets_alone(read: Read) -> None:
    snapshot = read(DescribeBudgets=(400, error("AccessDeniedException")))
    assert status(snapshot, "budgets")[0] == "denied"
    bad = snapshot.coverage[snapshot.coverage["status"].eq("denied")]
    assert bad[["account_id", "region", "dataset"]].to_numpy().tolist() == [[OWN, "global", "budgets"]]
    assert place_basis(snapshot.coverage, POLICY_DATASETS).whole


@pytest.mark.parametrize(
    "odd",
    [
        None,
        budget("odd", {"Service": [None]}),
        budget("odd", {"Service": [7]}),
        budget("odd", BudgetLimit={"Amount": "many", "Unit": "USD"}),
        budget("odd", BudgetLimit={"Amount": "NaN", "Unit": "USD"}),
        budget("odd", BudgetLimit={"Amount": "1" * 40, "Unit": "USD"}),
        budget("odd", CalculatedSpend={"ActualSpend": {"Amount": "1", "Unit": "EUR"}}),
        {"BudgetName": "odd", "CostFilters": ON_SES},
    ],
)
def test_a_budget_of_another_shape_costs_itself_alone(read: Read, odd: object) -> None:
    snapshot = read(DescribeBudgets=listed(odd, budget()))
    assert names(snapshot) == ["mail"]
    assert status(snapshot, "budgets")[0] == "error"


def test_a_limit_that_aws_does_not_say_is_unknown(read: Read) -> None:
    unlimited = budget()
    del unlimited["BudgetLimit"]
    (row,) = read(DescribeBudgets=listed(unlimited)).budgets.to_dict("records")
    assert row["amount"] is None or row["amount"] != row["amount"]


def dimension(key: str, *values: str, **more: object) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values), **more}}


ON_SERVICE = dimension("SERVICE", SES)
NO_CREDIT = {"Not": dimension("RECORD_TYPE", "Credit", "Refund")}


@pytest.mark.parametrize(
    "filters",
    [
        ON_SES,
        ON_SERVICE,
        dimension("SERVICE", SES, MatchOptions=["EQUALS"]),
        dimension("SERVICE_CODE", "AmazonSES"),
        {"And": [ON_SERVICE, NO_CREDIT]},
    ],
)
def test_filters_that_choose_all_of_ses(filters: dict[str, Any]) -> None:
    assert _is_ses_alone(filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"Service": [SES, "Amazon S3"]},
        {"Service": [SES], "LinkedAccount": [OWN]},
        {"TagKeyValue": [f"user:service${SES}"]},
        dimension("SERVICE", SES, "Amazon S3"),
        dimension("SERVICE", SES, MatchOptions=["STARTS_WITH"]),
        {"Not": ON_SERVICE},
        {"Or": [ON_SERVICE, dimension("REGION", "eu-west-1")]},
        {"And": [ON_SERVICE, dimension("REGION", "eu-west-1")]},
        {"And": [ON_SERVICE, dimension("RECORD_TYPE", "Refund")]},
        {"And": [NO_CREDIT, {"Not": ON_SERVICE}]},
        {"And": [{"And": [ON_SERVICE, dimension("REGION", "eu-west-1")]}, NO_CREDIT]},
    ],
)
def test_filters_that_choose_less_or_more_than_ses(filters: dict[str, Any]) -> None:
    assert not _is_ses_alone(filters)
