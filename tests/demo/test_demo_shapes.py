"""Every operation's answer has the shape botocore's service model gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from sesreport.demo.calls import OPERATIONS

SHARED, SHOP = ("210000000004", "us-east-1"), ("210000000006", "eu-west-1")
START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
METRIC = {"Metric": {"Namespace": "AWS/SES", "MetricName": "Send"}, "Period": 86400, "Stat": "Sum"}
ROLE = "arn:aws:iam::210000000006:role/SesReportReadOnly"
SHOP_ARN = "arn:aws:ses:eu-west-1:210000000006:identity/shop.example.com"
VDM = {"Id": "a", "Namespace": "VDM", "Metric": "SEND", "StartDate": START, "EndDate": END}
IDENTITY, IDENTITIES = (
    {"EmailIdentity": "shop.example.com"},
    {"Identities": ["shop.example.com", "returns.example.com"]},
)

EXAMPLES: dict[tuple[str, str], tuple[dict[str, Any], tuple[str, str] | None]] = {
    ("account", "GetRegionOptStatus"): ({"RegionName": "me-south-1"}, None),
    ("account", "ListRegions"): ({}, None),
    ("budgets", "DescribeBudgets"): ({"AccountId": "210000000001", "ShowFilterExpression": True}, None),
    ("ce", "GetCostAndUsage"): (
        {
            "TimePeriod": {"Start": "2026-09-01", "End": "2026-11-01"},
            "Granularity": "MONTHLY",
            "Metrics": ["UnblendedCost", "UsageQuantity"],
            "GroupBy": [{"Type": "DIMENSION", "Key": "REGION"}],
        },
        None,
    ),
    ("cloudtrail", "LookupEvents"): ({}, SHOP),
    ("cloudwatch", "GetMetricData"): (
        {"MetricDataQueries": [{"Id": "a", "MetricStat": METRIC}], "StartTime": START, "EndTime": END},
        SHOP,
    ),
    ("cloudwatch", "ListMetrics"): ({"Namespace": "AWS/SES"}, SHOP),
    ("organizations", "DescribeAccount"): ({"AccountId": "210000000006"}, None),
    ("organizations", "DescribeOrganization"): ({}, None),
    ("organizations", "DescribeOrganizationalUnit"): ({"OrganizationalUnitId": "ou-exmp-prod"}, None),
    ("organizations", "ListAccounts"): ({}, None),
    ("organizations", "ListAccountsForParent"): ({"ParentId": "ou-exmp-prod"}, None),
    ("organizations", "ListOrganizationalUnitsForParent"): ({"ParentId": "r-exmp"}, None),
    ("organizations", "ListParents"): ({"ChildId": "210000000006"}, None),
    ("organizations", "ListRoots"): ({}, None),
    ("organizations", "ListTagsForResource"): ({"ResourceId": "210000000006"}, None),
    ("ses", "GetAccountSendingEnabled"): ({}, SHOP),
    ("ses", "GetIdentityDkimAttributes"): (IDENTITIES, SHOP),
    ("ses", "GetIdentityMailFromDomainAttributes"): (IDENTITIES, SHOP),
    ("ses", "GetIdentityNotificationAttributes"): (IDENTITIES, SHOP),
    ("ses", "GetIdentityPolicies"): ({"Identity": "shop.example.com", "PolicyNames": ["load-test"]}, SHOP),
    ("ses", "GetIdentityVerificationAttributes"): (IDENTITIES, SHOP),
    ("ses", "GetSendQuota"): ({}, SHOP),
    ("ses", "GetSendStatistics"): ({}, SHOP),
    ("ses", "ListIdentities"): ({}, SHOP),
    ("ses", "ListIdentityPolicies"): ({"Identity": "shop.example.com"}, SHOP),
    ("sesv2", "BatchGetMetricData"): ({"Queries": [VDM, {**VDM, "Id": "b", "Metric": "OPEN"}]}, SHOP),
    ("sesv2", "GetAccount"): ({}, ("210000000008", "eu-west-1")),
    ("sesv2", "GetConfigurationSet"): ({"ConfigurationSetName": "shop-transactional"}, SHOP),
    ("sesv2", "GetConfigurationSetEventDestinations"): ({"ConfigurationSetName": "shop-transactional"}, SHOP),
    ("sesv2", "GetDedicatedIpPool"): ({"PoolName": "shared-dedicated"}, SHARED),
    ("sesv2", "GetDedicatedIps"): ({}, SHARED),
    ("sesv2", "GetEmailIdentity"): (IDENTITY, SHOP),
    ("sesv2", "GetEmailIdentityPolicies"): (IDENTITY, SHOP),
    ("sesv2", "ListConfigurationSets"): ({}, SHOP),
    ("sesv2", "ListDedicatedIpPools"): ({}, SHARED),
    ("sesv2", "ListEmailIdentities"): ({}, SHOP),
    ("sesv2", "ListRecommendations"): ({}, SHARED),
    ("sesv2", "ListTagsForResource"): ({"ResourceArn": SHOP_ARN}, SHOP),
    ("sts", "AssumeRole"): ({"RoleArn": ROLE, "RoleSessionName": "test"}, None),
    ("sts", "GetCallerIdentity"): ({}, None),
}
# The model calls the topics required, SES leaves out those that are not set.
ABSENT_IN_AWS = {"BounceTopic", "ComplaintTopic", "DeliveryTopic"}


def test_every_operation_has_an_example() -> None:
    assert {" ".join(name) for name in EXAMPLES} == set(OPERATIONS)


@pytest.fixture(scope="module")
def models() -> Callable[[str], Any]:
    session = botocore.session.Session()
    return session.get_service_model


@pytest.mark.parametrize(("service", "operation"), sorted(EXAMPLES))
def test_answer_has_the_shape_of_the_model(
    service: str, operation: str, models: Callable[[str], Any], call: Callable[..., Any]
) -> None:
    params, place = EXAMPLES[service, operation]
    model = models(service).operation_model(operation)
    if model.input_shape is not None:
        assert not ParamValidator().validate(params, model.input_shape).has_errors()
    answer = OPERATIONS[f"{service} {operation}"](call(service, operation, params, *(place or ())))
    known = {key: value for key, value in answer.items() if value is not None}
    assert known, "an empty answer proves nothing"
    assert list(_wrong(known, model.output_shape, operation)) == []


def _wrong(value: Any, shape: Shape, where: str) -> Iterator[str]:
    """Missing and unknown members, wrong types and values outside an enumeration."""
    if isinstance(shape, StructureShape):
        missing = set(shape.required_members) - set(value) - ABSENT_IN_AWS
        unknown = set(value) - set(shape.members)
        yield from (f"{where}: {name} missing" for name in missing)
        yield from (f"{where}: {name} unknown" for name in unknown)
        for name in set(value) & set(shape.members):
            yield from _wrong(value[name], shape.members[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _wrong(item, shape.member, f"{where}[]")
    elif isinstance(shape, MapShape):
        for item in value.values():
            yield from _wrong(item, shape.value, f"{where}{{}}")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{where}: {value!r} is none of {shape.enum}"
    else:
        kinds = {
            "string": str, "boolean": bool, "integer": int, "long": int, "double": float,
            "timestamp": (datetime, int),
        }  # fmt: skip
        if not isinstance(value, kinds[shape.type_name]):
            yield f"{where}: {value!r} is no {shape.type_name}"
