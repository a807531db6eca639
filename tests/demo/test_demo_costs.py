"""Cost Explorer: totals by day and month, groups, filters, who sees what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
OCTOBER = {"Start": "2026-10-01", "End": "2026-11-01"}
METRICS = ["UnblendedCost", "UsageQuantity"]


def costs(client: Client, account: str = "210000000001", **options: Any) -> list[dict[str, Any]]:
    asked = {"TimePeriod": OCTOBER, "Granularity": "MONTHLY", "Metrics": METRICS} | options
    if "GroupBy" in asked:
        asked["GroupBy"] = [{"Type": "DIMENSION", "Key": key} for key in asked["GroupBy"]]
    call = client("ce", account).get_cost_and_usage
    answer = call(**asked)
    results = answer["ResultsByTime"]
    while token := answer.get("NextPageToken"):
        answer = call(**asked, NextPageToken=token)
        results += answer["ResultsByTime"]
    return results


def amount(metrics: dict[str, Any], name: str = "UnblendedCost") -> float:
    return float(metrics[name]["Amount"])


def dimension(key: str, *values: str) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values)}}


def test_days_add_up_to_the_month(client: Client) -> None:
    [month] = costs(client)
    days = costs(client, Granularity="DAILY")
    assert len(days) == 31
    assert sum(amount(day["Total"]) for day in days) == pytest.approx(amount(month["Total"]))
    assert amount(month["Total"]) > 1000


def test_groups_add_up_to_the_total_across_pages(client: Client) -> None:
    year = {"TimePeriod": {"Start": "2025-10-01", "End": "2026-10-01"}}
    total = sum(amount(month["Total"]) for month in costs(client, **year))
    rows = costs(client, Granularity="DAILY", GroupBy=["LINKED_ACCOUNT", "USAGE_TYPE"], **year)
    grouped = [amount(group["Metrics"]) for day in rows for group in day["Groups"]]
    assert len(grouped) > 5000
    assert sum(grouped) == pytest.approx(total)


def test_recipients_are_what_was_sent(client: Client) -> None:
    wanted = {"And": [dimension("LINKED_ACCOUNT", "210000000007"), dimension("REGION", "eu-central-1")]}
    [month] = costs(client, Filter=wanted, GroupBy=["USAGE_TYPE"])
    groups = {group["Keys"][0]: group["Metrics"] for group in month["Groups"]}
    query = {"Metric": {"Namespace": "AWS/SES", "MetricName": "Send"}, "Period": 86400, "Stat": "Sum"}
    metrics = client("cloudwatch", "210000000007", "eu-central-1").get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": query}],
        StartTime=datetime(2026, 10, 1, tzinfo=UTC),
        EndTime=datetime(2026, 11, 1, tzinfo=UTC),
    )
    sent = sum(metrics["MetricDataResults"][0]["Values"])
    assert amount(groups["EUC1-Recipients"], "UsageQuantity") == sent
    assert amount(groups["EUC1-Recipients"]) == pytest.approx(sent * 0.0001)


def test_filters_combine(client: Client) -> None:
    [all_of_it] = costs(client)
    west = dimension("REGION", "eu-west-1")
    parts = [west, {"Not": west}, {"Or": [west, {"Not": west}]}]
    inside, outside, both = (amount(costs(client, Filter=part)[0]["Total"]) for part in parts)
    assert inside > 0 < outside
    assert inside + outside == pytest.approx(both) == pytest.approx(amount(all_of_it["Total"]))


def test_only_ses_costs_anything(client: Client) -> None:
    [month] = costs(client, GroupBy=["SERVICE"])
    assert [group["Keys"] for group in month["Groups"]] == [["Amazon Simple Email Service"]]
    [other] = costs(client, Filter=dimension("SERVICE", "Amazon Simple Storage Service"))
    assert amount(other["Total"]) == 0


def test_a_plan_is_billed_from_the_day_there_are_plans(client: Client) -> None:
    span = {"Start": "2026-06-01", "End": "2026-09-01"}
    months = costs(client, TimePeriod=span, Filter=dimension("LINKED_ACCOUNT", "210000000010"), GroupBy=["USAGE_TYPE"])
    types = [{group["Keys"][0] for group in month["Groups"]} for month in months]
    assert types == [
        {"APS2-Recipients"},
        {"APS2-Recipients", "APS2-Essentials-Outbound-Email"},
        {"APS2-Essentials-Outbound-Email"},
    ]


def test_an_account_that_cannot_be_read_is_still_billed(client: Client) -> None:
    [month] = costs(client, Filter=dimension("LINKED_ACCOUNT", "210000000012"))
    assert amount(month["Total"]) > 10


def test_a_suspended_account_costs_nothing_any_more(client: Client) -> None:
    span = {"Start": "2026-06-01", "End": "2026-08-01"}
    june, july = costs(client, TimePeriod=span, Filter=dimension("LINKED_ACCOUNT", "210000000019"))
    assert amount(june["Total"]) > 0 == amount(july["Total"])


def test_the_current_month_is_estimated(client: Client) -> None:
    months = costs(client, TimePeriod={"Start": "2026-10-01", "End": "2026-12-01"})
    assert [month["Estimated"] for month in months] == [False, True]


def test_a_member_sees_only_itself(client: Client) -> None:
    [month] = costs(client, "210000000007", GroupBy=["LINKED_ACCOUNT"])
    assert [group["Keys"] for group in month["Groups"]] == [["210000000007"]]


@pytest.mark.parametrize(
    "options",
    [
        {"TimePeriod": {"Start": "2025-08-01", "End": "2026-11-01"}},  # more than 14 months back
        {"TimePeriod": {"Start": "2026-11-01", "End": "2026-10-01"}},
        {"Metrics": ["Happiness"]},
        {"GroupBy": ["REGION", "USAGE_TYPE", "LINKED_ACCOUNT"]},
        {"Granularity": "HOURLY"},
    ],
)
def test_queries_are_checked(client: Client, options: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        costs(client, **options)
