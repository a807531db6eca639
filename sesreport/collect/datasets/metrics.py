"""Daily CloudWatch ``AWS/SES`` metrics, as far back as CloudWatch keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sesreport.collect.lane import Lane, StoppedError
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.errors import SesReportError
from sesreport.core.schema import Row
from sesreport.snapshot.coverage import ERROR
from sesreport.snapshot.frames.metrics import METRICS

NAMESPACE = "AWS/SES"
DAY = 86_400
QUERIES = 100
"""Metrics a GetMetricData call: 100 × 455 days stays under its 100,800 points (the limit on metrics is 500)."""
ACCOUNT = "account"
BY_NAME = (
    "Send", "Delivery", "Bounce", "Complaint", "Reject", "RenderingFailure", "DeliveryDelay", "Open", "Click",
    "Subscription", "Reputation.BounceRate", "Reputation.ComplaintRate",
)  # fmt: skip
"""The account's own metrics (SES Developer Guide, "Retrieving Amazon SES event data from CloudWatch" and "Creating
reputation monitoring alarms"). They are asked for by name: ListMetrics forgets a metric two weeks after its last value,
so an account that AWS stopped would vanish from the month in which it was stopped."""
LIST = Operation("cloudwatch", "list_metrics", items="Metrics")
GET = Operation("cloudwatch", "get_metric_data", must=("MetricDataResults",), items="MetricDataResults", charged=True)

Metric = tuple[str, str]
"""Dimension, ``account`` or ``name=value,name=value``; and name."""


@collector(METRICS, permissions=("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"))
def metrics(lane: Lane) -> Iterator[tuple[str, Row]]:
    """GetMetricData by closed days: what is asked for by name, what ListMetrics lists, and what was known earlier.

    A Region that never sent has no values, which is no gap; a metric that is not answered whole is one.
    """
    wanted = dict.fromkeys([(ACCOUNT, name) for name in BY_NAME])
    wanted |= dict.fromkeys(sorted(lane.dimensions))
    try:
        for metric in lane.pages(LIST, Namespace=NAMESPACE):
            if not metric.get("Dimensions") or str(metric["MetricName"]).startswith("Reputation."):
                wanted[_dimension(metric), metric["MetricName"]] = None
    except (SesReportError, StoppedError):
        raise
    except Exception as error:  # noqa: BLE001 - those with a name can be asked for all the same
        lane.gap("metrics", error)
    end = lane.now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = end - timedelta(days=lane.config.collect.metric_days)
    chosen = list(wanted)
    for first in range(0, len(chosen), QUERIES):
        yield from _values(lane, chosen[first : first + QUERIES], start, end)


def _values(lane: Lane, chosen: Sequence[Metric], start: datetime, end: datetime) -> Iterator[tuple[str, Row]]:
    asked = {f"m{number}": metric for number, metric in enumerate(chosen)}
    states: dict[str, str] = dict.fromkeys(asked, "not answered")
    broken: dict[str, str] = {}
    """What is wrong with a metric on one page, whatever the next page says of it."""
    for result in lane.pages(
        GET,
        MetricDataQueries=[_query(name, *metric) for name, metric in asked.items()],
        StartTime=start,
        EndTime=end,
        ScanBy="TimestampAscending",
    ):
        if not isinstance(result, dict) or result.get("Id") not in asked:
            lane.gap("metrics", (ERROR, f"{GET.name}: a result that nobody asked for"))
            continue
        dimension, name = asked[result["Id"]]
        moments, values = result.get("Timestamps") or [], result.get("Values") or []
        if len(moments) != len(values):
            broken[result["Id"]] = "has not as many values as times"
        elif any(isinstance(moment, datetime) and not start <= moment < end for moment in moments):
            broken[result["Id"]] = "has a value of a time that was not asked for"
        states[result["Id"]] = broken.get(result["Id"], str(result.get("StatusCode", "no status")))
        if result["Id"] in broken:
            continue
        for moment, value in zip(moments, values, strict=True):
            yield (
                "metrics",
                {
                    "account_id": lane.account_id,
                    "region": lane.region,
                    "dimension": dimension,
                    "metric": name,
                    "at": moment,
                    "value": value,
                },
            )
    for state in sorted(set(states.values()) - {"Complete"}):
        for query, found in states.items():
            if found == state:
                lane.gap("metrics", (ERROR, f"{GET.name}: {state}"), " ".join(reversed(asked[query])))


def _query(query: str, dimension: str, name: str) -> dict[str, Any]:
    statistic = "Maximum" if name.startswith("Reputation.") else "Sum"
    pairs = [] if dimension == ACCOUNT else [pair.partition("=") for pair in dimension.split(",")]
    return {
        "Id": query,
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, _, value in pairs],
            },
            "Period": DAY,
            "Stat": statistic,
        },
    }


def _dimension(metric: dict[str, Any]) -> str:
    parts = [f"{d['Name']}={d['Value']}" for d in metric.get("Dimensions") or []]
    return ",".join(sorted(parts)) or ACCOUNT
