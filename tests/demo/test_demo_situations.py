"""The README's situations are there, read through the API as a collector would read them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sesreport.demo import data_path
from sesreport.demo.world import World

Client = Callable[..., Any]
README = (data_path() / "README.md").read_text(encoding="utf-8")
PLACE = r"`(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/(?P<identity>[^`/]+)`"
TOLD = sorted({match.group("account", "region", "identity", "policy")
               for match in re.finditer(PLACE + r" \| `(?P<policy>[\w-]+)` \|", README)})  # fmt: skip
REGISTER = {row["account_id"]: row for row in csv.DictReader((data_path() / "register.csv").open(encoding="utf-8"))}


def identity(client: Client, account: str, region: str, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = client("sesv2", account, region).get_email_identity(EmailIdentity=name)
    return answer


def statements(client: Client, account: str, region: str, name: str, policy: str) -> list[dict[str, Any]]:
    document = json.loads(identity(client, account, region, name)["Policies"][policy])
    found: list[dict[str, Any]] = document["Statement"]
    return found


def every_account(client: Client) -> list[dict[str, Any]]:
    pages = client("organizations").get_paginator("list_accounts").paginate()
    return [account for page in pages for account in page["Accounts"]]


def counts(client: Client, account: str, region: str, start: date, end: date) -> dict[str, float]:
    """What CloudWatch counted over a span of days, by metric."""
    queries = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SES", "MetricName": name},
                "Period": 86400,
                "Stat": "Sum",
            },
        }
        for name in ("Send", "Bounce", "Complaint")
    ]
    span = {
        "StartTime": datetime(*start.timetuple()[:3], tzinfo=UTC),
        "EndTime": datetime(*end.timetuple()[:3], tzinfo=UTC),
    }
    results = client("cloudwatch", account, region).get_metric_data(MetricDataQueries=queries, **span)
    return {result["Label"]: sum(result["Values"]) for result in results["MetricDataResults"]}


def test_the_readme_names_enough_places() -> None:
    assert len(TOLD) > 25


@pytest.mark.parametrize(("account", "region", "name", "policy"), TOLD)
def test_a_policy_the_readme_names_is_there(client: Client, account: str, region: str, name: str, policy: str) -> None:
    assert policy in identity(client, account, region, name)["Policies"]


def test_every_identity_the_readme_names_is_there(client: Client) -> None:
    named = {match.group("account", "region", "identity") for match in re.finditer(PLACE, README)}
    for account, region, name in named:
        assert identity(client, account, region, name)["IdentityType"]


def test_the_organization_is_large_enough(client: Client, world: World) -> None:
    accounts = every_account(client)
    assert len(accounts) == 22
    regions = {"us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2", "sa-east-1"}
    found = {}
    for account in accounts:
        if account["Status"] == "ACTIVE" and account["Name"] != "Kestrel Outdoor":
            for region in regions:
                listed = client("sesv2", account["Id"], region).list_email_identities()["EmailIdentities"]
                found |= {(account["Id"], region, entry["IdentityName"]): entry for entry in listed}
    assert len(found) == 71
    assert {region for _, region, _ in found} == regions
    assert {entry["IdentityType"] for entry in found.values()} == {"DOMAIN", "EMAIL_ADDRESS"}


def test_accounts_have_an_environment_and_a_unit(client: Client) -> None:
    organizations = client("organizations")
    [root] = organizations.list_roots()["Roots"]

    def below(parent: str, path: str) -> dict[str, str]:
        found = {account["Id"]: path for account in organizations.list_accounts_for_parent(ParentId=parent)["Accounts"]}
        units = organizations.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
        for unit in units:
            found |= below(unit["Id"], f"{path}/{unit['Name']}")
        return found

    paths = below(root["Id"], "Root")
    accounts = [account["Id"] for account in every_account(client)]
    assert sorted(paths) == sorted(accounts)
    assert paths["210000000015"] == "Root/Workloads/Dev"
    environments = {}
    for account in accounts:
        tags = organizations.list_tags_for_resource(ResourceId=account)["Tags"]
        environments[account] = {tag["Key"]: tag["Value"] for tag in tags}["environment"]
    assert set(environments.values()) == {"prod", "staging", "dev", "sandbox"}


@pytest.mark.parametrize(
    "place",
    [
        ("210000000008", "us-east-1", "partners.example.com", "example"),
        ("210000000015", "sa-east-1", "loja.example.net", "example"),
    ],
)
def test_a_wildcard_copied_from_terraform(client: Client, place: tuple[str, str, str, str]) -> None:
    [statement] = statements(client, *place)
    assert statement["Principal"] == {"AWS": "*"}
    assert "Condition" not in statement


def test_an_agency_whose_contract_ended_is_still_granted(client: Client) -> None:
    [statement] = statements(client, "210000000008", "eu-west-1", "promo.example.com", "brightside")
    assert statement["Principal"] == {"AWS": "arn:aws:iam::310000000002:root"}
    assert date.fromisoformat(REGISTER["310000000002"]["expires_at"]) < date(2026, 11, 3)


def test_a_sandbox_account_is_left_in_a_shared_services_policy(client: Client) -> None:
    [statement] = statements(client, "210000000004", "us-east-1", "example.com", "shared-services")
    assert "210000000017" in statement["Principal"]["AWS"]
    tags = client("organizations").list_tags_for_resource(ResourceId="210000000017")["Tags"]
    assert {"Key": "environment", "Value": "sandbox"} in tags


def test_a_suspended_member_is_still_granted(client: Client) -> None:
    [statement] = statements(client, "210000000008", "us-east-1", "promo.example.com", "campaigns-2024")
    assert statement["Principal"] == {"AWS": "arn:aws:iam::210000000019:root"}
    account = client("organizations").describe_account(AccountId="210000000019")["Account"]
    assert account["Status"] == "SUSPENDED"


def test_cognito_is_guarded_in_one_place_and_not_in_another(client: Client) -> None:
    [bare] = statements(client, "210000000005", "eu-west-1", "login.example.net", "cognito")
    [guarded] = statements(client, "210000000005", "eu-west-1", "auth.example.com", "cognito")
    assert "Condition" not in bare
    assert guarded["Condition"]["StringEquals"] == {"aws:SourceAccount": "210000000005"}
    assert guarded["Condition"]["ArnLike"]["aws:SourceArn"].startswith("arn:aws:cognito-idp:eu-west-1:210000000005:")


def test_a_deny_and_an_organization_condition_make_wildcards_safe(client: Client) -> None:
    allow, deny = statements(client, "210000000004", "ap-southeast-2", "example.net", "company")
    assert (allow["Effect"], allow["Principal"], deny["Effect"]) == ("Allow", "*", "Deny")
    assert deny["Condition"] == {"StringNotEquals": {"aws:PrincipalOrgID": "o-examplecorp"}}
    [conditional] = statements(client, "210000000004", "eu-west-1", "no-reply@example.com", "company")
    organization = client("organizations").describe_organization()["Organization"]["Id"]
    assert conditional["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": organization}}


def test_a_vendor_registered_for_one_address_may_use_any(client: Client) -> None:
    [statement] = statements(client, "210000000010", "ap-southeast-2", "rewards.example.net", "surveyline")
    assert "Condition" not in statement
    assert REGISTER["310000000005"]["from_patterns"] == "surveys@rewards.example.net"


def test_one_policy_cannot_be_parsed(client: Client) -> None:
    text = identity(client, "210000000006", "eu-west-1", "returns.example.com")["Policies"]["returns-team"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_all_other_policies_are_json_on_their_own_identity_within_aws_limits(world: World) -> None:
    for place, entry in world.identities.items():
        assert len(entry.policies) <= 20
        for policy in entry.policies:
            assert len(policy.document.encode()) <= 4096
            assert entry.arn in policy.document, place
            assert "@ARN@" not in policy.document
            if policy.name != "returns-team":
                json.loads(policy.document)


def test_ten_identities_have_no_owner(world: World) -> None:
    standing = [entry for entry in world.identities.values() if entry.exists(world.today)]
    assert sum("owner" not in entry.tags(world.today) for entry in standing) == 10


def test_bounces_went_over_five_percent_for_three_weeks(client: Client) -> None:
    marketing = ("210000000008", "eu-west-1")
    for week in (date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 12)):
        found = counts(client, *marketing, week, date.fromordinal(week.toordinal() + 7))
        assert found["Bounce"] / found["Send"] > 0.05
    before = counts(client, *marketing, date(2026, 9, 14), date(2026, 9, 28))
    assert before["Bounce"] / before["Send"] < 0.03
    october = counts(client, *marketing, date(2026, 10, 1), date(2026, 11, 1))
    assert october["Bounce"] / october["Send"] > 0.05
    account = client("sesv2", *marketing).get_account()
    assert account["EnforcementStatus"] == "PROBATION"
    assert account["Details"]["ReviewDetails"]["Status"] == "PENDING"


def test_a_sandbox_sent_twenty_times_its_volume_for_two_days(client: Client) -> None:
    sandbox = ("210000000017", "us-east-1")
    spike = counts(client, *sandbox, date(2026, 10, 15), date(2026, 10, 17))
    before = counts(client, *sandbox, date(2026, 10, 8), date(2026, 10, 10))
    assert 15 < spike["Send"] / before["Send"] < 25
    assert spike["Complaint"] / spike["Send"] > 0.005


def test_only_two_senders_crossed_the_review_lines_in_october(client: Client, world: World) -> None:
    over = set()
    for account, region in world.senders:
        if account not in {"210000000011", "210000000012", "210000000019"}:
            found = counts(client, account, region, date(2026, 10, 1), date(2026, 11, 1))
            if found["Bounce"] > 0.05 * found["Send"] or found["Complaint"] > 0.001 * found["Send"]:
                over.add((account, region))
    assert over == {("210000000008", "eu-west-1"), ("210000000017", "us-east-1")}


def test_standing_plans_and_quotas(client: Client) -> None:
    def account(*place: str) -> dict[str, Any]:
        answer: dict[str, Any] = client("sesv2", *place).get_account()
        return answer

    assert account("210000000013", "eu-west-1")["EnforcementStatus"] == "HEALTHY"
    loyalty = account("210000000010", "ap-southeast-2")
    assert loyalty["PricingAttributes"]["CurrentPlan"] == "ESSENTIALS"
    assert loyalty["VdmAttributes"]["VdmEnabled"] == "DISABLED"
    quota = account("210000000007", "us-east-1")["SendQuota"]
    assert 0.75 < quota["SentLast24Hours"] / quota["Max24HourSend"] < 1
    assert account("210000000014", "eu-central-1")["ProductionAccessEnabled"] is False
    assert len(client("sesv2", "210000000004", "us-east-1").get_dedicated_ips()["DedicatedIps"]) == 3


def test_an_outside_account_gets_the_feedback(client: Client) -> None:
    attributes = client("ses", "210000000008", "eu-west-1").get_identity_notification_attributes(
        Identities=["promo.example.com", "offers.example.com"]
    )["NotificationAttributes"]
    assert ":310000000002:" in attributes["promo.example.com"]["BounceTopic"]
    assert attributes["offers.example.com"]["ForwardingEnabled"] is True


def test_the_register_covers_every_vendor_and_no_stranger(world: World) -> None:
    granted = set()
    for entry in world.identities.values():
        for document in entry.documents(world.today).values():
            granted |= set(re.findall(r"\b[34]\d{11}\b", document))
    vendors = {account for account in granted if account.startswith("31")}
    assert vendors <= set(REGISTER)
    assert set(REGISTER) - vendors == {"310000000006"}
    assert granted - vendors == {"420000000007", "420000000019", "420000000031"}
