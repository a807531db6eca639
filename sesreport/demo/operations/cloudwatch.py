"""CloudWatch: the account-wide metrics of the namespace ``AWS/SES``, kept for 455 days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.paging import page
from sesreport.demo.traffic import Sender

RETENTION_DAYS = 455
PAGE_POINTS = 100_800
"""Most points in one answer (CloudWatch API reference, GetMetricData)."""
COUNTERS = ("Send", "Delivery", "Bounce", "Complaint", "Reject")
RATES = ("Reputation.BounceRate", "Reputation.ComplaintRate")
_STEP = 900
"""Seconds between the finest points there are."""
_STATISTICS = {"Sum", "SampleCount", "Average", "Minimum", "Maximum"}

Series = tuple[NDArray[np.int64], NDArray[np.float64]]
_NOTHING: Series = (np.empty(0, dtype=np.int64), np.empty(0))


@operation("cloudwatch", "ListMetrics")
def list_metrics(call: Call) -> dict[str, Any]:
    """The namespace is there once the account has sent in the Region; a metric once it counted something."""
    sender = call.world.sender(call.account_id, call.region)
    if sender is None or call.params.get("Namespace", "AWS/SES") != "AWS/SES" or call.params.get("Dimensions"):
        return {"Metrics": []}
    volume = call.world.volume(sender, call.world.today - timedelta(days=14), call.world.today)
    names = [name for name in COUNTERS if volume.metrics[name].any()] + list(RATES)
    wanted = call.params.get("MetricName")
    metrics = [
        {"Namespace": "AWS/SES", "MetricName": name, "Dimensions": []} for name in names if wanted in {None, name}
    ]
    found, token = page(metrics, 500, call.params.get("NextToken"), of="ListMetrics", invalid="InvalidParameterValue")
    return {"Metrics": found} | ({"NextToken": token} if token else {})


@operation("cloudwatch", "GetMetricData")
def get_metric_data(call: Call) -> dict[str, Any]:
    queries = call.params["MetricDataQueries"]
    start, end = int(call.params["StartTime"].timestamp()), int(call.params["EndTime"].timestamp())
    _check(queries, start, end)
    newest_first = call.params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    limit = min(int(call.params.get("MaxDatapoints") or PAGE_POINTS), PAGE_POINTS)
    series = [_series(call, query, start, end) for query in queries if query.get("ReturnData", True)]
    ordered = [(at[::-1], values[::-1]) if newest_first else (at, values) for at, values in series]
    shown = [query for query in queries if query.get("ReturnData", True)]
    lengths = [len(at) for at, _ in ordered]
    # One page is a span of all series laid end to end, so that every point comes exactly once.
    span, token = page(range(sum(lengths)), limit, call.params.get("NextToken"), of="GetMetricData")
    low, high = (span[0], span[-1] + 1) if span else (0, 0)
    results, before = [], 0
    for query, (at, values), length in zip(shown, ordered, lengths, strict=True):
        cut = slice(max(low - before, 0), max(min(high - before, length), 0))
        whole = before + length <= high
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                "Timestamps": at[cut].tolist(),
                "Values": values[cut].tolist(),
                "StatusCode": "Complete" if whole else "PartialData",
            }
        )
        before += length
    return {"MetricDataResults": results, "Messages": []} | ({"NextToken": token} if token else {})


def _check(queries: list[dict[str, Any]], start: int, end: int) -> None:
    if not 1 <= len(queries) <= 500:
        raise AwsError("ValidationError", "The collection MetricDataQueries must have between 1 and 500 items.")
    if start >= end:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    for query in queries:
        if "MetricStat" not in query:
            raise AwsError("ValidationError", f"Error in expression '{query['Id']}': expressions are not offered here.")
        stat = query["MetricStat"]
        if stat["Period"] % 60 or stat["Period"] < 60:
            raise AwsError("ValidationError", "The parameter Period must be a multiple of 60.")
        if stat["Stat"] not in _STATISTICS:
            raise AwsError("ValidationError", f"The parameter Stat {stat['Stat']} is not offered here.")


def _series(call: Call, query: dict[str, Any], start: int, end: int) -> Series:
    """Times (seconds) and values of one query, oldest first; empty where there is no such metric."""
    stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
    sender = call.world.sender(call.account_id, call.region)
    if sender is None or metric.get("Namespace") != "AWS/SES" or metric.get("Dimensions"):
        return _NOTHING
    period = max(stat["Period"], _STEP)
    first_kept = int(call.world.now.timestamp()) - RETENTION_DAYS * 86400
    low = max(start - start % period, first_kept, int(_midnight(sender.since)))
    high = min(end, int(call.world.now.timestamp()))
    if low >= high:
        return _NOTHING
    if metric["MetricName"] in COUNTERS:
        return _counter(call, sender, metric["MetricName"], stat["Stat"], period, low, high)
    if metric["MetricName"] in RATES:
        return _rate(call, sender, metric["MetricName"], stat["Stat"], period, low, high)
    return _NOTHING


def _counter(call: Call, sender: Sender, name: str, stat: str, period: int, low: int, high: int) -> Series:
    """A counter publishes 1 for every message: Sum is the count, Average 1; empty periods have no point."""
    counts = call.world.volume(sender, _day(low), _day(high - 1) + timedelta(days=1)).metrics[name]
    at = int(_midnight(_day(low))) + _STEP * np.arange(len(counts), dtype=np.int64)
    inside = (at >= low) & (at < high)
    times, sums = _grouped(at[inside], counts[inside].astype(np.float64), period)
    there = sums > 0
    values = sums if stat in {"Sum", "SampleCount"} else np.ones(len(sums))
    return times[there], values[there]


def _rate(call: Call, sender: Sender, name: str, stat: str, period: int, low: int, high: int) -> Series:
    """A rate is published every hour and changes once a day."""
    first, last = _day(low), _day(high - 1) + timedelta(days=1)
    daily = call.world.reputation(sender, first, last)[RATES.index(name)]
    at = int(_midnight(first)) + 3600 * np.arange(24 * len(daily), dtype=np.int64)
    inside = (at >= low) & (at < high)
    hourly = np.repeat(daily, 24)[inside]
    times, sums = _grouped(at[inside], hourly, period)
    _, samples = _grouped(at[inside], np.ones(len(hourly)), period)
    values = {"Sum": sums, "SampleCount": samples}.get(stat, np.round(sums / samples, 6))
    return times, values


def _grouped(at: NDArray[np.int64], values: NDArray[np.float64], period: int) -> Series:
    if not len(at):
        return _NOTHING
    times, starts = np.unique(at - at % period, return_index=True)
    return times, np.add.reduceat(values, starts)


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
