"""Paged operations hand out every item once, in pages as small as asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
SHOP = ("210000000006", "eu-west-1")


def joined(lists: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(lists))


def pages(call: Callable[..., Any], key: str, token: str = "NextToken", **parameters: Any) -> list[list[Any]]:
    found, following = [], {}
    while True:
        answer = call(**parameters, **following)
        found.append(answer[key])
        if not answer.get(token):
            return found
        following = {token: answer[token]}


def test_identities_come_in_pages(client: Client) -> None:
    call = client("sesv2", *SHOP).list_email_identities
    small = pages(call, "EmailIdentities", PageSize=2)
    assert [len(page) for page in small] == [2, 2, 1]
    assert joined(small) == call()["EmailIdentities"]


@pytest.mark.parametrize(
    ("service", "place", "operation", "key", "size"),
    [
        ("organizations", (), "list_accounts", "Accounts", {"MaxResults": 7}),
        ("account", (), "list_regions", "Regions", {"MaxResults": 4}),
        ("ses", SHOP, "list_identities", "Identities", {"MaxItems": 3}),
        ("sesv2", ("210000000004", "us-east-1"), "get_dedicated_ips", "DedicatedIps", {"PageSize": 2}),
        ("sesv2", ("210000000004", "us-east-1"), "list_recommendations", "Recommendations", {"PageSize": 1}),
        ("cloudtrail", SHOP, "lookup_events", "Events", {"MaxResults": 40}),
    ],
)
def test_small_pages_add_up_to_the_whole(
    client: Client, service: str, place: tuple[str, ...], operation: str, key: str, size: dict[str, int]
) -> None:
    call = getattr(client(service, *place), operation)
    small = pages(call, key, **size)
    assert len(small) > 1
    assert {len(page) for page in small[:-1]} == set(size.values())
    assert joined(small) == joined(pages(call, key))


def test_event_history_has_more_than_one_page_at_the_largest_size(client: Client) -> None:
    assert len(pages(client("cloudtrail", *SHOP).lookup_events, "Events")) == 2


def test_metric_points_come_once_across_pages(client: Client) -> None:
    call = client("cloudwatch", *SHOP).get_metric_data
    queries = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SES", "MetricName": name},
                "Period": 86400,
                "Stat": "Sum",
            },
        }
        for name in ("Send", "Bounce")
    ]
    span = {"StartTime": datetime(2026, 9, 1, tzinfo=UTC), "EndTime": datetime(2026, 11, 1, tzinfo=UTC)}
    [whole] = pages(call, "MetricDataResults", MetricDataQueries=queries, **span)
    small = pages(call, "MetricDataResults", MetricDataQueries=queries, MaxDatapoints=25, **span)
    assert len(small) == 5
    for place, result in enumerate(whole):
        assert joined(page[place]["Values"] for page in small) == result["Values"]
        assert joined(page[place]["Timestamps"] for page in small) == result["Timestamps"]
    assert [page[1]["StatusCode"] for page in small] == ["PartialData"] * 4 + ["Complete"]


def test_a_token_fits_only_the_list_it_came_from(client: Client) -> None:
    token = client("sesv2", *SHOP).list_email_identities(PageSize=2)["NextToken"]
    for elsewhere in (client("sesv2", SHOP[0], "us-east-1"), client("sesv2", "210000000008", SHOP[1])):
        with pytest.raises(ClientError, match="InvalidNextToken"):
            elsewhere.list_email_identities(NextToken=token)
    with pytest.raises(ClientError, match="InvalidNextToken"):
        client("sesv2", *SHOP).list_email_identities(NextToken="made-up")


def test_page_size_has_limits(client: Client) -> None:
    with pytest.raises(ClientError, match="PageSize"):
        client("sesv2", *SHOP).list_email_identities(PageSize=1001)
    with pytest.raises(ClientError, match="MaxResults"):
        client("cloudtrail", *SHOP).lookup_events(MaxResults=51)
    with pytest.raises(ClientError, match="100"):
        client("ses", *SHOP).get_identity_verification_attributes(Identities=["a@example.com"] * 101)
