"""CloudTrail's history agrees with what stands on the identities."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sesreport.findings.findings import found

Client = Callable[..., Any]
SHOP = ("210000000006", "eu-west-1")
NOW = datetime(2026, 11, 3, tzinfo=UTC)
WRITES = [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]


def events(client: Client, place: tuple[str, str], **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("cloudtrail", *place).lookup_events(**options)["Events"]
    return found


def test_a_bad_grant_was_made_and_removed(client: Client) -> None:
    removed, made = events(client, SHOP, LookupAttributes=WRITES)
    assert (made["EventName"], made["Username"]) == ("CreateEmailIdentityPolicy", "ci-pipeline")
    assert (removed["EventName"], removed["Username"]) == ("DeleteEmailIdentityPolicy", "r.osei")
    parameters = json.loads(made["CloudTrailEvent"])["requestParameters"]
    assert parameters["emailIdentity"] == "orders.example.com"
    assert json.loads(parameters["policy"])["Statement"][0]["Principal"] == {"AWS": "*"}
    assert client("sesv2", *SHOP).get_email_identity(EmailIdentity="orders.example.com")["Policies"] == {}


def test_a_record_says_who_and_from_where(client: Client) -> None:
    [event] = events(client, ("210000000010", "ap-southeast-2"), LookupAttributes=WRITES)[-1:]
    record = json.loads(event["CloudTrailEvent"])
    assert record["eventName"] == event["EventName"] == "UpdateEmailIdentityPolicy"
    assert record["eventID"] == event["EventId"]
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "loyalty-admin"
    assert record["recipientAccountId"] == "210000000010"
    assert datetime.fromisoformat(record["eventTime"]) == event["EventTime"]


def test_a_v1_policy_is_put_not_created(client: Client, world: Any) -> None:
    from sesreport.demo.changes import changes_of

    identity = world.identities["210000000010", "ap-southeast-2", "points.example.net"]
    names = {change.name: change.parameters for change in changes_of(identity)}
    assert set(names) == {"CreateEmailIdentity", "PutIdentityPolicy"}
    assert names["PutIdentityPolicy"]["identity"] == "points.example.net"


def test_history_is_ninety_days_newest_first(client: Client) -> None:
    times = [event["EventTime"] for event in events(client, SHOP)]
    assert times == sorted(times, reverse=True)
    assert min(times) >= NOW - timedelta(days=90)
    assert max(times) < NOW


@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("EventName", "DeleteEmailIdentityPolicy", 1),
        ("ResourceName", "orders.example.com", 2),
        ("Username", "r.osei", 1),
        ("EventSource", "s3.amazonaws.com", 0),
    ],
)
def test_events_are_found_by_one_attribute(client: Client, key: str, value: str, count: int) -> None:
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    assert len(events(client, SHOP, LookupAttributes=attributes)) == count


def test_two_attributes_are_one_too_many(client: Client) -> None:
    with pytest.raises(ClientError, match="InvalidLookupAttributes"):
        events(client, SHOP, LookupAttributes=WRITES * 2)


def test_start_and_end_bound_the_events(client: Client) -> None:
    span = {"StartTime": datetime(2026, 10, 14, tzinfo=UTC), "EndTime": datetime(2026, 10, 15, tzinfo=UTC)}
    assert [event["EventName"] for event in events(client, SHOP, **span)] == [
        "DeleteEmailIdentityPolicy",
        "ListEmailIdentities",
    ]


def test_an_identity_was_begun_and_deleted_through_api_v1(client: Client) -> None:
    place = ("210000000017", "us-east-1")
    deleted, begun = events(client, place, LookupAttributes=WRITES)
    assert (begun["EventName"], begun["Username"]) == ("VerifyEmailIdentity", "m.alvarez")
    assert json.loads(begun["CloudTrailEvent"])["requestParameters"] == {"emailAddress": "parcels@example.net"}
    assert (deleted["EventName"], deleted["Username"]) == ("DeleteIdentity", "r.osei")
    listed = client("sesv2", *place).list_email_identities()["EmailIdentities"]
    assert "parcels@example.net" not in {entry["IdentityName"] for entry in listed}


def test_production_access_was_asked_for_in_a_region_without_identities(client: Client) -> None:
    (event,) = events(client, ("210000000017", "eu-central-1"))
    assert event["EventName"] == "PutAccountDetails" and event["Resources"] == []
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["productionAccessEnabled"] is True


def test_only_what_the_intruder_did_is_found_of_what_incidents_begin_with(demo_analysis: Any) -> None:
    shown = found(demo_analysis)
    ours = shown[shown["rule_id"].between("SES071", "SES074")]
    assert set(ours[["rule", "account_id", "region", "identity"]].itertuples(index=False, name=None)) == {
        ("new_principal", "210000000017", "us-east-1", "parcels@example.net"),
        ("production_access", "210000000017", "eu-central-1", "(whole account)"),
    }
