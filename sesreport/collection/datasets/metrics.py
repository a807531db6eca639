"""Daily CloudWatch ``AWS/SES`` metrics, as far back as CloudWatch keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sesreport.collection.lane import Lane
from sesreport.collection.registry import Row, collector
from sesreport.schema import Frame, account_id, at, real, text

METRICS = Frame(
    "metrics",
    "One row per account × Region, dimension, metric and day for which CloudWatch has a value.",
    keys={
        "account_id": account_id("The sending account."),
        "region": text("The Region."),
        "dimension": text("'account' for account-wide metrics, else 'name=value'."),
        "metric": text("CloudWatch's name, as in 'Send' or 'Reputation.BounceRate'."),
        "at": at("Midnight UTC at which the day begins."),
    },
    columns={
        "value": real("Sum of the day for counts; the day's highest value for Reputation.* (a share, 0..1).",
                      required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "dimension": "account", "metric": "Send",
         "at": datetime.fromisoformat("2026-10-31T00:00+00:00"), "value": 211934.0},
        {"account_id": "210000000001", "region": "eu-west-1", "dimension": "account", "metric": "Bounce",
         "at": datetime.fromisoformat("2026-10-31T00:00+00:00"), "value": 644.0},
        {"account_id": "210000000001", "region": "eu-west-1", "dimension": "account",
         "metric": "Reputation.BounceRate", "at": datetime.fromisoformat("2026-10-31T00:00+00:00"), "value": 0.0031},
    ),
)  # fmt: skip

NAMESPACE = "AWS/SES"
DAY = 86_400
QUERIES = 100
"""Metrics a GetMetricData call: 100 × 455 days stays under its 100,800 points (the limit on metrics is 500)."""


@collector(METRICS, permissions=("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"))
def metrics(lane: Lane) -> Iterator[tuple[str, Row]]:
    """ListMetrics, then GetMetricData by closed days; a Region that never sent has no namespace, which is no gap."""
    listed = [
        metric
        for metric in lane.pages("cloudwatch", "list_metrics", "Metrics", Namespace=NAMESPACE)
        if not metric.get("Dimensions") or str(metric["MetricName"]).startswith("Reputation.")
    ]
    end = lane.now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = end - timedelta(days=lane.config.collect.metric_days)
    for first in range(0, len(listed), QUERIES):
        batch = {f"m{i}": metric for i, metric in enumerate(listed[first : first + QUERIES])}
        for result in lane.pages(
            "cloudwatch",
            "get_metric_data",
            "MetricDataResults",
            MetricDataQueries=[_query(name, metric) for name, metric in batch.items()],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        ):
            metric = batch[result["Id"]]
            if result.get("StatusCode") in ("InternalError", "Forbidden"):
                lane.gap("metrics", ("error", f"GetMetricData: {metric['MetricName']}: {result['StatusCode']}"))
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield (
                    "metrics",
                    {
                        "account_id": lane.account_id,
                        "region": lane.region,
                        "dimension": _dimension(metric),
                        "metric": metric["MetricName"],
                        "at": moment,
                        "value": value,
                    },
                )


def _query(name: str, metric: dict[str, Any]) -> dict[str, Any]:
    statistic = "Maximum" if str(metric["MetricName"]).startswith("Reputation.") else "Sum"
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": metric["MetricName"],
                "Dimensions": metric.get("Dimensions") or [],
            },
            "Period": DAY,
            "Stat": statistic,
        },
    }


def _dimension(metric: dict[str, Any]) -> str:
    parts = [f"{d['Name']}={d['Value']}" for d in metric.get("Dimensions") or []]
    return ",".join(sorted(parts)) or "account"
