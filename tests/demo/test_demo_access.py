"""Who may do what: roles, denied accounts and calls, Regions that are off, nothing that writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sesreport.demo import Endpoint

Client = Callable[..., Any]


def code_of(function: Any, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        function(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_environment_is_the_audit_user_of_the_management_account(client: Client) -> None:
    caller = client("sts").get_caller_identity()
    assert caller["Account"] == "210000000001"
    assert caller["Arn"] == "arn:aws:iam::210000000001:user/ses-audit"


def test_an_assumed_role_leads_to_its_own_account(client: Client) -> None:
    caller = client("sts", "210000000006").get_caller_identity()
    assert caller["Arn"] == "arn:aws:sts::210000000006:assumed-role/SesReportReadOnly/sesreport"


@pytest.mark.parametrize(
    "role",
    [
        "arn:aws:iam::210000000012:role/SesReportReadOnly",  # was never given the role
        "arn:aws:iam::210000000019:role/SesReportReadOnly",  # suspended
        "arn:aws:iam::210000000006:role/Admin",
        "arn:aws:iam::990000000001:role/SesReportReadOnly",
    ],
)
def test_a_role_that_is_not_there_cannot_be_assumed(client: Client, role: str) -> None:
    assume = client("sts").assume_role
    assert code_of(assume, RoleArn=role, RoleSessionName="test") == ("AccessDenied", 403)


def test_a_member_cannot_go_on_to_another_member(client: Client) -> None:
    role = "arn:aws:iam::210000000007:role/SesReportReadOnly"
    assume = client("sts", "210000000006").assume_role
    assert code_of(assume, RoleArn=role, RoleSessionName="test") == ("AccessDenied", 403)


def test_a_cut_down_role_denies_some_calls_and_answers_others(client: Client) -> None:
    place = ("210000000011", "us-east-1")
    assert client("sesv2", *place).get_account()["SendingEnabled"] is True
    assert code_of(client("cloudtrail", *place).lookup_events) == ("AccessDeniedException", 403)
    query = {"Id": "a", "MetricStat": {"Metric": {"Namespace": "AWS/SES"}, "Period": 86400, "Stat": "Sum"}}
    metrics = client("cloudwatch", *place).get_metric_data
    code = code_of(metrics, MetricDataQueries=[query], StartTime="2026-10-01", EndTime="2026-11-01")
    assert code == ("AccessDenied", 403)


@pytest.mark.parametrize("region", ["me-south-1", "ap-southeast-3"])
def test_a_disabled_region_takes_no_credentials(client: Client, region: str) -> None:
    account = client("sesv2", "210000000006", region).get_account
    assert code_of(account) == ("UnrecognizedClientException", 403)
    statistics = client("ses", "210000000006", region).get_send_statistics
    assert code_of(statistics) == ("InvalidClientTokenId", 403)


def test_an_enabled_region_nobody_uses_is_empty(client: Client) -> None:
    assert client("sesv2", "210000000006", "us-west-2").list_email_identities()["EmailIdentities"] == []
    assert client("sesv2", "210000000006", "us-west-2").get_account()["ProductionAccessEnabled"] is False
    assert client("ses", "210000000006", "us-west-2").get_send_statistics()["SendDataPoints"] == []
    assert client("cloudwatch", "210000000006", "us-west-2").list_metrics()["Metrics"] == []


@pytest.mark.parametrize("key", ["AKIANOBODYKNOWSTHIS1", "ASIADEMO210000000006"])
def test_unknown_keys_are_refused(endpoint: Endpoint, key: str) -> None:
    stranger = boto3.Session(key, "secret", "bm90L2Ffc2Vzc2lvbg==" if key[:4] == "ASIA" else None)
    identity = stranger.client("sts", region_name="us-east-1", endpoint_url=endpoint.url).get_caller_identity
    assert code_of(identity) == ("InvalidClientTokenId", 403)


def test_organizations_answers_the_management_account_only(client: Client) -> None:
    assert code_of(client("organizations", "210000000006").list_accounts) == ("AccessDeniedException", 403)
    described = client("organizations", "210000000006").describe_organization()["Organization"]
    assert described["Id"] == "o-examplecorp"


def test_nothing_can_be_changed(client: Client) -> None:
    place = ("210000000006", "eu-west-1")
    v2, v1 = client("sesv2", *place), client("ses", *place)
    made = code_of(v2.create_email_identity, EmailIdentity="new.example.com")
    deleted = code_of(v2.delete_email_identity, EmailIdentity="shop.example.com")
    put = code_of(v1.put_identity_policy, Identity="shop.example.com", PolicyName="new", Policy="{}")
    assert (made, deleted, put) == (("AccessDeniedException", 403),) * 2 + (("AccessDenied", 403),)


def test_unknown_things_are_not_found(client: Client) -> None:
    v2 = client("sesv2", "210000000006", "eu-west-1")
    assert code_of(v2.get_email_identity, EmailIdentity="x.example.com") == ("NotFoundException", 404)
    assert code_of(v2.get_configuration_set, ConfigurationSetName="x") == ("NotFoundException", 404)
    organizations = client("organizations")
    tags = code_of(organizations.list_tags_for_resource, ResourceId="990000000001")
    assert tags == ("TargetNotFoundException", 400)


def test_an_operation_the_endpoint_lacks_is_answered_as_moto_does(client: Client) -> None:
    code, status = code_of(client("sesv2", "210000000006", "eu-west-1").list_tenants)
    assert status == 404
    assert code != "NotFoundException"


def test_other_services_are_moto(client: Client) -> None:
    topics = client("sns", "210000000006", "eu-west-1")
    arn = topics.create_topic(Name="made-by-a-test")["TopicArn"]
    assert [topic["TopicArn"] for topic in topics.list_topics()["Topics"]] == [arn]
