"""Send statistics, CloudWatch, Virtual Deliverability Manager and the quota agree with each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
SHOP, MARKETING = ("210000000006", "eu-west-1"), ("210000000008", "eu-west-1")
NOW = datetime(2026, 11, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def metric(client: Client, place: tuple[str, str], name: str, **options: Any) -> dict[datetime, float]:
    """One metric's points by time; ``Period`` 86400 and ``Stat`` Sum unless said otherwise."""
    stat = {"Period": 86400, "Stat": "Sum"} | {key: options.pop(key) for key in ("Period", "Stat") if key in options}
    query = {"Id": "a", "MetricStat": {"Metric": {"Namespace": "AWS/SES", "MetricName": name}, **stat}}
    span = {"StartTime": NOW - 455 * DAY, "EndTime": NOW} | options
    [found] = client("cloudwatch", *place).get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"]
    return dict(zip(found["Timestamps"], found["Values"], strict=True))


def test_statistics_are_two_weeks_of_quarters_of_an_hour(client: Client) -> None:
    points = client("ses", *SHOP).get_send_statistics()["SendDataPoints"]
    times = [point["Timestamp"] for point in points]
    assert times[0] == NOW - 14 * DAY
    assert times[-1] == NOW - timedelta(minutes=15)
    assert all(time.minute % 15 == 0 for time in times)
    assert all(point["DeliveryAttempts"] > 0 for point in points)


@pytest.mark.parametrize("place", [SHOP, MARKETING, ("210000000017", "us-east-1")])
@pytest.mark.parametrize(("name", "field"), [("Send", "DeliveryAttempts"), ("Bounce", "Bounces")])
def test_metrics_by_day_are_the_sum_of_statistics(
    client: Client, place: tuple[str, str], name: str, field: str
) -> None:
    totals: dict[datetime, int] = {}
    for point in client("ses", *place).get_send_statistics()["SendDataPoints"]:
        day = point["Timestamp"].replace(hour=0, minute=0)
        totals[day] = totals.get(day, 0) + point[field]
    points = metric(client, place, name, StartTime=NOW - 14 * DAY)
    assert points == {day: total for day, total in totals.items() if total}


def test_hours_add_up_to_days(client: Client) -> None:
    span = {"StartTime": NOW - 3 * DAY, "EndTime": NOW}
    hours = metric(client, SHOP, "Send", Period=3600, **span)
    assert len(hours) == 72
    assert sum(hours.values()) == sum(metric(client, SHOP, "Send", **span).values())


def test_metrics_go_back_455_days_and_no_further(client: Client) -> None:
    points = metric(client, SHOP, "Send", StartTime=NOW - 800 * DAY)
    assert (min(points), max(points), len(points)) == (NOW - 455 * DAY, NOW - DAY, 455)


def test_metrics_come_newest_first_unless_asked(client: Client) -> None:
    newest = list(metric(client, SHOP, "Send", StartTime=NOW - 9 * DAY))
    oldest = list(metric(client, SHOP, "Send", StartTime=NOW - 9 * DAY, ScanBy="TimestampAscending"))
    assert newest == sorted(newest, reverse=True)
    assert oldest == newest[::-1]


def test_start_and_end_bound_the_points(client: Client) -> None:
    points = metric(client, SHOP, "Send", StartTime=NOW - 10 * DAY, EndTime=NOW - 7 * DAY)
    assert sorted(points) == [NOW - 10 * DAY, NOW - 9 * DAY, NOW - 8 * DAY]


def test_a_counters_average_is_one(client: Client) -> None:
    span = {"StartTime": NOW - 2 * DAY}
    assert set(metric(client, SHOP, "Send", Stat="Average", **span).values()) == {1.0}
    assert metric(client, SHOP, "Send", Stat="SampleCount", **span) == metric(client, SHOP, "Send", **span)


def test_reputation_is_a_fraction_that_follows_the_bounces(client: Client) -> None:
    rates = metric(client, MARKETING, "Reputation.BounceRate", Stat="Average")
    assert rates[datetime(2026, 9, 20, tzinfo=UTC)] < 0.025
    assert rates[datetime(2026, 10, 18, tzinfo=UTC)] > 0.06
    hourly = metric(client, MARKETING, "Reputation.BounceRate", Stat="Maximum", Period=3600, StartTime=NOW - DAY)
    assert set(hourly.values()) == {rates[NOW - DAY]}


def test_metrics_that_are_not_there_have_no_points(client: Client) -> None:
    assert metric(client, SHOP, "Open") == {}
    assert metric(client, ("210000000002", "eu-west-1"), "Send") == {}


def test_a_sender_has_no_points_before_it_began(client: Client) -> None:
    points = metric(client, ("210000000015", "sa-east-1"), "Send")
    assert min(points) == datetime(2026, 2, 9, tzinfo=UTC)


def test_metric_queries_are_checked(client: Client) -> None:
    for options in ({"Period": 61}, {"Stat": "p99.9"}, {"StartTime": NOW, "EndTime": NOW - DAY}):
        with pytest.raises(ClientError, match="ValidationError"):
            metric(client, SHOP, "Send", **options)


def test_the_quota_counts_yesterday(client: Client) -> None:
    quota = client("sesv2", *SHOP).get_account()["SendQuota"]
    assert quota["SentLast24Hours"] == metric(client, SHOP, "Send")[NOW - DAY]
    assert client("ses", *SHOP).get_send_quota()["Max24HourSend"] == quota["Max24HourSend"] == 250000


def vdm(client: Client, place: tuple[str, str], **query: Any) -> dict[str, Any]:
    asked = {
        "Id": "a",
        "Namespace": "VDM",
        "Metric": "SEND",
        "StartDate": NOW - 3 * DAY,
        "EndDate": NOW - DAY,
    }
    answer: dict[str, Any] = client("sesv2", *place).batch_get_metric_data(Queries=[{**asked, **query}])
    return answer


def test_deliverability_figures_are_those_of_cloudwatch(client: Client) -> None:
    [found] = vdm(client, SHOP)["Results"]
    points = dict(zip(found["Timestamps"], found["Values"], strict=True))
    assert points == metric(client, SHOP, "Send", StartTime=NOW - 3 * DAY)


def test_an_identity_has_its_share_of_the_figures(client: Client) -> None:
    [whole] = vdm(client, SHOP)["Results"]
    [part] = vdm(client, SHOP, Dimensions={"EMAIL_IDENTITY": "shop.example.com"})["Results"]
    [none] = vdm(client, SHOP, Dimensions={"EMAIL_IDENTITY": "elsewhere.example.com"})["Results"]
    assert sum(part["Values"]) / sum(whole["Values"]) == pytest.approx(0.66, abs=0.001)
    assert sum(none["Values"]) == 0


def test_deliverability_figures_need_the_feature(client: Client) -> None:
    answer = vdm(client, MARKETING)
    assert answer["Results"] == []
    assert answer["Errors"][0]["Code"] == "ACCESS_DENIED"


def test_recommendations_are_for_those_who_pay_and_can_be_filtered(client: Client) -> None:
    shared = client("sesv2", "210000000004", "us-east-1")
    found = shared.list_recommendations()["Recommendations"]
    failed = [entry["ResourceArn"] for entry in found if entry["Type"] == "SPF"]
    assert failed == ["arn:aws:ses:us-east-1:210000000004:identity/events.example.com"]
    high = shared.list_recommendations(Filter={"IMPACT": "HIGH"})["Recommendations"]
    assert high == [entry for entry in found if entry["Impact"] == "HIGH"] != found
    assert client("sesv2", *MARKETING).list_recommendations()["Recommendations"] == []
