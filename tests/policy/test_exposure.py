"""What each construct does to who can send."""

from __future__ import annotations

import json
import sys
from dataclasses import FrozenInstanceError

import pytest

from sesreport.policy import Organization, analyze
from tests.policy.build import (
    ADDRESS,
    COGNITO,
    DOMAIN,
    FOREIGN,
    MEMBER,
    ORG,
    ORGANIZATION,
    OUTSIDER,
    OWN,
    REGISTER,
    TODAY,
    VENDOR,
    allow,
    deny,
    exposure,
    policy,
)


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": OWN}, "own"),
        ({"AWS": MEMBER}, "organization"),
        ({"AWS": VENDOR}, "vendor"),
        ({"AWS": OUTSIDER}, "external"),
        ({"AWS": [OWN, MEMBER, VENDOR, OUTSIDER]}, "external"),
        (COGNITO, "service"),
        ("*", "public"),
        ({"Federated": "accounts.google.com"}, "public"),
        ({"Federated": f"arn:aws:iam::{VENDOR}:saml-provider/idp"}, "vendor"),
        ({"AWS": "AIDAJQABLZS4A3QDU576Q"}, "none"),
    ],
)
def test_the_principal_decides_the_class(principal, expected):
    assert exposure(allow(principal)).exposure == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": ORG}}, "organization"),
        ({"StringEquals": {"aws:PrincipalOrgID": FOREIGN}}, "external"),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, "public"),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-*"}}, "none"),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": ORG}}, "public"),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORG}}, "public"),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG}/*"}}, "organization"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": ORG}}, "public"),
        ({"StringEquals": {"aws:PrincipalAccount": VENDOR}}, "vendor"),
        ({"StringLike": {"aws:PrincipalAccount": "4444*"}}, "public"),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{VENDOR}:role/*"}}, "vendor"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Mailer"}}, "public"),
        ({"StringLike": {"aws:PrincipalArn": f"*{OUTSIDER}*"}}, "public"),
        ({"StringLike": {"aws:PrincipalArn": f"arn:aws:*::{OUTSIDER}:role/*"}}, "public"),
        ({"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{OUTSIDER}:role/*"}}, "external"),
        ({"StringEquals": {"aws:SourceAccount": OWN}}, "service"),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, "service"),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, "public"),
        ({"StringEquals": {"aws:PrincipalServiceName": "cognito-idp.amazonaws.com"}}, "service"),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "external"),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, "public"),
        ({"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, "public"),
        ({"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}, "external"),
        ({"StringLike": {"aws:SourceVpce": "vpce-*"}}, "public"),
        ({"StringEquals": {"aws:UserAgent": "secret"}}, "public"),
        ({"StringEquals": {"aws:Referer": "secret"}}, "public"),
        ({"StringEquals": {"aws:PrincipalTag/team": "mail"}}, "public"),
        ({"StringEquals": {"aws:username": "mailer"}}, "public"),
        ({"StringLike": {"aws:userid": "AROAEXAMPLEIDEXAMPLE1:*"}}, "external"),
        ({"StringLike": {"aws:userid": "*:mailer"}}, "public"),
        ({"Bool": {"aws:SecureTransport": "true"}}, "public"),
        ({"Bool": {"aws:SecureTransport": "false"}}, "none"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "public"),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, "public"),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, "none"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}, "public"),
        ({"DateLessThan": {"aws:CurrentTime": "1767225600"}}, "none"),
        ({"DateLessThan": {"aws:CurrentTime": "1893456000"}}, "public"),
        ({"DateGreaterThan": {"aws:CurrentTime": 1767225600}}, "public"),
        ({"NumericLessThan": {"aws:EpochTime": "1700000000"}}, "none"),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, "none"),
        ({"StringEquals": {"aws:ResourceAccount": OWN}}, "public"),
        ({"StringEquals": {"ses:FromAddress": "news@example.com"}}, "public"),
        ({"ForAllValues:StringLike": {"ses:Recipients": "*@example.com"}}, "public"),
        ({"ForAllValues:StringLike": {"ses:Recipients": "a"}, "Null": {"ses:Recipients": "true"}}, "public"),
        ({"StringEquals": {"aws:FutureKey": "x"}}, "public"),
        ({"Null": {"aws:PrincipalOrgID": "false"}}, "public"),
        ({"Null": {"aws:PrincipalAccount": "true"}}, "service"),
    ],
)  # fmt: skip
def test_a_condition_narrows_everybody_to(condition, expected):
    assert exposure(allow("*", condition)).exposure == expected


@pytest.mark.parametrize("operator", ["DateGreaterThan", "DateEquals", "NumericGreaterThan"])
def test_a_time_beyond_all_that_can_be_tried_lets_in_for_all_that_is_known(operator):
    """Milliseconds where seconds belong: whether AWS takes them for these is not known, and then it is open."""
    key = "aws:EpochTime" if operator.startswith("Numeric") else "aws:CurrentTime"
    found = exposure(allow("*", {operator: {key: "1767225600000"}}))
    assert (found.exposure, found.needs_review) == ("public", True)
    denied = exposure(allow("*"), deny("*", {operator: {key: "1767225600000"}}))
    assert (denied.exposure, denied.needs_review) == ("public", True)


def test_an_own_account_principal_with_a_source_account_never_matches():
    assert exposure(allow({"AWS": OWN}, {"StringEquals": {"aws:SourceAccount": OWN}})).exposure == "none"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, "public"),
        ({"StringEquals": {"aws:UserAgent": "evil"}}, "public"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": ORG}}, "organization"),
        ({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}}, "organization"),
        ({"ForAnyValue:StringNotEquals": {"aws:PrincipalOrgID": ORG}}, "public"),
        ({"StringNotEquals": {"aws:PrincipalAccount": [OWN, VENDOR]}}, "vendor"),
        ({"Bool": {"aws:SecureTransport": "false"}}, "public"),
        ({"StringNotLike": {"ses:FromAddress": "*@example.com"}}, "public"),
    ],
)
def test_a_deny_leaves(condition, expected):
    statements = [allow(), deny("*", condition) if condition else deny({"AWS": OUTSIDER})]
    assert exposure(*statements).exposure == expected


def test_a_deny_of_some_sending_actions_leaves_the_others():
    assert exposure(allow(), deny(Action=["ses:SendEmail", "ses:SendRawEmail"])).exposure == "public"
    assert exposure(allow(), deny(Action="ses:*")).exposure == "none"


def test_not_principal_with_deny_spares_only_with_the_account():
    role = f"arn:aws:iam::{VENDOR}:role/mail"
    spared = {"AWS": [role, f"arn:aws:iam::{VENDOR}:root"]}

    def denied(listed):
        return {"Effect": "Deny", "NotPrincipal": listed, "Action": "*", "Resource": "*"}

    assert exposure(allow(), denied(spared)).exposure == "vendor"
    assert exposure(allow(), denied({"AWS": role})).exposure == "none"


def test_not_principal_with_allow_lets_everybody_else_in():
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": OUTSIDER}, "Action": "*", "Resource": "*"}
    assert exposure(statement).public


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (DOMAIN, "public"),
        ("*", "public"),
        (f"arn:aws:ses:*:{OWN}:identity/exam*", "public"),
        (f"arn:aws:ses:eu-west-1:{OWN}:identity/example.com", "none"),
    ],
)
def test_only_statements_on_this_identity_count(resource, expected):
    assert exposure(allow(Resource=resource)).exposure == expected


def test_services_are_guarded_by_known_sources_alone():
    def guarded(condition):
        found = exposure(allow(COGNITO, condition))
        return found.guarded, found.service_accounts

    pool = "arn:aws:cognito-idp:{}:{}:userpool/*"
    assert guarded(None) == (False, frozenset())
    assert guarded({"StringEquals": {"aws:SourceAccount": OWN}}) == (True, frozenset())
    assert guarded({"StringEquals": {"aws:SourceAccount": OUTSIDER}}) == (True, frozenset({OUTSIDER}))
    assert guarded({"StringEqualsIfExists": {"aws:SourceAccount": OWN}}) == (False, frozenset())
    assert guarded({"ArnLike": {"aws:SourceArn": pool.format("*", OWN)}}) == (True, frozenset())
    assert guarded({"ArnLike": {"aws:SourceArn": pool.format("us-east-1", "*")}}) == (False, frozenset())
    assert guarded({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}})[0]
    assert guarded({"StringEquals": {"aws:SourceOrgID": ORG}}) == (True, frozenset())
    assert exposure(allow()).guarded is None


def test_facts_beside_the_class():
    found = exposure(
        allow({"AWS": VENDOR}, {"StringLike": {"ses:FromAddress": "news*@example.com"}}),
        allow(COGNITO),
        allow("*", {"StringEquals": {"aws:PrincipalOrgID": FOREIGN}}),
    )
    assert found.exposure == "external"
    assert found.external_accounts == {VENDOR}
    assert found.external_orgs == {FOREIGN}
    assert found.services == {"cognito-idp.amazonaws.com"}
    assert exposure(allow()).services == {"*"}


def test_a_fixed_network_is_told():
    assert exposure(allow("*", {"IpAddress": {"aws:SourceIp": "203.0.113.7"}})).limited_by == ("network",)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["*@example.com"], True),
        (["*"], True),
        (["?*@example.com"], True),
        (["a*@example.com"], False),
        (["news@example.com"], False),
        (["*@mail.example.com"], False),
        (["${aws:username}@example.com"], True),
    ],
)
def test_any_from_address_means_an_arbitrary_local_part(values, expected):
    assert exposure(allow("*", {"StringLike": {"ses:FromAddress": values}})).any_from_address is expected


def test_excluding_a_few_addresses_keeps_any_address():
    found = exposure(allow(), deny("*", {"StringEquals": {"ses:FromAddress": "ceo@example.com"}}))
    assert found.any_from_address
    assert not exposure(allow(), identity=ADDRESS).any_from_address
    assert not exposure(allow({"AWS": OWN})).any_from_address


def test_from_patterns_are_those_of_the_widest_class():
    globs = {"StringLike": {"ses:FromAddress": "a*@example.com"}}
    literal = {"StringEquals": {"ses:FromAddress": "b*@example.com"}}
    assert exposure(allow({"AWS": VENDOR}, globs), allow({"AWS": OWN})).from_patterns == ("a*@example.com",)
    assert exposure(allow({"AWS": VENDOR}, literal)).from_patterns == ("b${*}@example.com",)
    assert exposure(allow({"AWS": VENDOR}, globs), allow({"AWS": VENDOR})).from_patterns == ()


def test_variables_need_the_newer_version():
    condition = {"StringEquals": {"ses:FromAddress": "${aws:username}@example.com"}}
    named = allow({"AWS": f"arn:aws:iam::{VENDOR}:user/news"}, condition)
    assert exposure(named).exposure == "vendor"
    old = {"Version": "2008-10-17", "Statement": named}
    found = analyze(DOMAIN, {"p": old}, organization=ORGANIZATION, register=REGISTER, today=TODAY)
    assert found.exposure == "vendor" and not found.any_from_address  # as "${aws:username}@example.com" itself


def test_a_variable_ties_the_sender_to_the_caller():
    tie = deny("*", {"StringNotLike": {"ses:FromAddress": "${aws:username}@example.com"}})
    only = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
    user = f"arn:aws:iam::{VENDOR}:user/"
    assert exposure(allow({"AWS": f"{user}news"}, only), tie).exposure == "vendor"
    assert exposure(allow({"AWS": f"{user}other"}, only), tie).exposure == "none"


def test_a_variable_in_the_resource_ties_the_identity_to_the_caller():
    tagged = f"arn:aws:ses:us-east-1:{OWN}:identity/${{aws:PrincipalTag/domain}}"
    assert exposure(allow({"AWS": VENDOR}, Resource=tagged)).exposure == "vendor"
    assert exposure(allow({"AWS": f"arn:aws:iam::{VENDOR}:root"}, Resource=tagged)).exposure == "vendor"
    by_account = "arn:aws:ses:us-east-1:${aws:PrincipalAccount}:identity/example.com"
    assert exposure(allow(Resource=by_account)).exposure == "own"
    other = f"arn:aws:ses:us-east-1:{OWN}:identity/${{aws:username}}.org"
    assert exposure(allow({"AWS": VENDOR}, Resource=other)).exposure == "none"


def test_an_address_identity_takes_precedence_over_its_domain():
    only = allow({"AWS": VENDOR}, {"StringEquals": {"ses:FromAddress": "news@example.com"}})
    assert exposure(only).exposure == "vendor"
    assert exposure(only, identities={ADDRESS: {"own": policy(deny())}}).exposure == "none"
    assert exposure(only, identities={ADDRESS: {}}).exposure == "vendor"
    assert exposure(allow({"AWS": VENDOR}), identities={ADDRESS: {"own": policy(deny())}}).any_from_address


def test_what_cannot_be_read_is_never_credited_nor_hidden():
    found = exposure(allow({"AWS": VENDOR}), deny("*", {"StringMatches": {"aws:username": "x"}}))
    assert found.exposure == "vendor" and found.needs_review and len(found.errors) == 1


def test_what_is_outside_the_fragment_counts_as_granted_and_is_told():
    binary = {"BinaryEquals": {"aws:UserAgent": "QUJD"}}
    assert exposure(allow({"AWS": VENDOR}, binary)).exposure == "vendor"
    found = exposure(allow({"AWS": VENDOR}), deny("*", binary))
    assert found.exposure == "vendor" and found.needs_review and "BinaryEquals" in found.undecided[0]


@pytest.mark.parametrize("count", [40, 400])
def test_a_budget_ends_pathological_policies(count):
    globs = [f"*{i}*{i + 1}*{i + 2}*" for i in range(count)]
    found = exposure(
        allow({"AWS": VENDOR}, {"StringNotLike": {"ses:FromAddress": globs}}),
        *(deny("*", {"StringLike": {"aws:UserAgent": f"*{i}*", "aws:Referer": f"*{i + 1}*"}}) for i in range(60)),
    )
    assert found.exposure == "vendor" and found.needs_review


def test_organization_wins_over_vendor_and_no_organization_has_no_members():
    assert exposure(allow({"AWS": MEMBER}), register={MEMBER: "x"}).exposure == "organization"
    assert exposure(allow({"AWS": MEMBER}), organization=Organization(None)).exposure == "external"


def test_no_policies_let_nobody_in():
    assert analyze(DOMAIN, {}, organization=ORGANIZATION, register=REGISTER, today=TODAY).exposure == "none"


def test_text_and_object_are_judged_alike_and_verdicts_are_frozen():
    statement = policy(allow({"AWS": VENDOR}))
    asked = {"organization": ORGANIZATION, "register": REGISTER, "today": TODAY}
    text = analyze(DOMAIN, {"p": json.dumps(statement)}, **asked)
    assert text == analyze(DOMAIN, {"p": statement}, **asked)
    with pytest.raises(FrozenInstanceError):
        text.exposure = "none"


def test_an_identity_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not the ARN of an SES identity"):
        analyze("example.com", {}, organization=ORGANIZATION, register=REGISTER, today=TODAY)


def test_the_engine_needs_no_deep_recursion():
    many = [deny({"AWS": f"{300_000_000_000 + i:012d}"}) for i in range(300)]
    assert sys.getrecursionlimit() <= 3000
    assert exposure(allow(), *many).public


@pytest.mark.parametrize(
    ("organization", "members_denied"),
    [(Organization(ORG), False), (Organization(ORG, {OWN}), False), (ORGANIZATION, True)],
    ids=["known by id alone", "own account listed alone", "members of today denied"],
)
def test_a_grant_to_the_organization_is_judged_by_its_id(organization, members_denied):
    denies = [deny({"AWS": MEMBER})] if members_denied else []
    ours = {"StringEquals": {"aws:PrincipalOrgID": ORG}}
    found = exposure(allow("*", ours), *denies, organization=organization)
    assert found.exposure == "organization" and found.any_from_address
    assert "any account of the organization" in found.witnesses[0].words.lower()


def test_a_source_in_the_organization_is_known_though_no_member_is_listed():
    ours = {"StringEquals": {"aws:SourceOrgID": ORG}}
    assert exposure(allow(COGNITO, ours), organization=Organization(ORG)).guarded is True


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": int(VENDOR)}}, "vendor"),
        ({"Bool": {"aws:SecureTransport": True}}, "public"),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}, "public"),
    ],
)
def test_numbers_and_booleans_count_as_their_text(condition, expected):
    assert exposure(allow("*", condition)).exposure == expected
    text = json.dumps(policy(allow("*", condition)))
    found = analyze(DOMAIN, {"p": text}, organization=ORGANIZATION, register=REGISTER, today=TODAY)
    assert found.exposure == expected


def test_a_number_is_compared_as_it_is_written():
    level = {"StringEquals": {"aws:PrincipalTag/level": "here"}}
    text = json.dumps(policy(allow("*", level))).replace('"here"', "1.50")
    other = json.dumps(policy(deny("*", {"StringNotEquals": {"aws:PrincipalTag/level": "1.50"}})))
    asked = {"organization": ORGANIZATION, "register": REGISTER, "today": TODAY}
    assert analyze(DOMAIN, {"p": text, "q": other}, **asked).exposure == "public"


def test_a_raw_control_character_in_a_string_is_no_json():
    text = json.dumps(policy(allow("*", Sid="a b"))).replace("a b", "a\tb")
    found = analyze(DOMAIN, {"p": text}, organization=ORGANIZATION, register=REGISTER, today=TODAY)
    assert found.errors and found.needs_review


def test_services_of_china_can_send():
    found = exposure(allow({"Service": "cognito-idp.amazonaws.com.cn"}))
    assert found.services == {"cognito-idp.amazonaws.com.cn"} and found.guarded is False


@pytest.mark.parametrize(
    "principal",
    [f"arn:aws-{name}:iam::{OUTSIDER}:{who}" for name, who in (("cn", "role/m"), ("us-gov", "user/b"), ("cn", "root"))],
)
def test_a_principal_of_another_partition_counts_by_its_account(principal):
    assert exposure(allow({"AWS": principal})).external_accounts == {OUTSIDER}


def test_an_arn_of_another_partition_in_a_condition_counts_too():
    role = {"ArnLike": {"aws:PrincipalArn": f"arn:aws-cn:iam::{OUTSIDER}:role/*"}}
    assert exposure(allow("*", role)).exposure == "external"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"ForAnyValue:StringNotLike": {"aws:SourceVpc": "vpc-*"}}, "none"),
        ({"ForAnyValue:StringNotLike": {"aws:SourceVpce": "vpce-*"}}, "none"),
        ({"ForAnyValue:StringNotLike": {"aws:VpceAccount": "????????????"}}, "none"),
        ({"StringLike": {"aws:VpceAccount": "${aws:PrincipalAccount}"}}, "public"),
    ],
)
def test_a_network_is_one_that_can_exist(condition, expected):
    assert exposure(allow("*", condition)).exposure == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}, "own"),
        ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, "own"),
        ({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}, "organization"),
        ({"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}, "organization"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/*"}}, "own"),
    ],
)
def test_variables_that_compare_the_caller_with_the_identity(condition, expected):
    found = exposure(allow("*", condition))
    assert found.exposure == expected and not found.needs_review


def test_the_organization_of_an_identity_without_one_known_is_not_decided():
    same = {"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}
    assert exposure(allow("*", same), organization=Organization(None)).needs_review


def test_a_source_without_region_and_account_is_a_strangers():
    found = exposure(allow(COGNITO, {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}}))
    assert found.exposure == "service" and found.guarded is False


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("arn:aws:ses:*", "public"),
        ("arn:*:identity/example.com", "public"),
        ("arn:aws:ses:us-*:123456789012:identity/example.com", "public"),
        ("arn:aws:s*s:us-east-1:123456789012:identity/example.com", "public"),
        ("arn:aws:ses:us-east-1:1234?6789012:identity/exam*", "public"),
        ("arn:a*t-1:123456789012:identity/example.com", "none"),
        ("arn:aws:ses?us-east-1:123456789012:identity/example.com", "none"),
        ("arn:aws:ses:*:*:identity/*.org", "none"),
    ],
)
def test_wildcards_in_the_parts_of_a_resource(resource, expected):
    assert exposure(allow(Resource=resource)).exposure == expected


def test_only_a_readable_address_comes_before_its_domain():
    only = allow({"AWS": VENDOR}, {"StringEquals": {"ses:FromAddress": "news@example.com"}})
    assert exposure(only, identities={ADDRESS: {"own": "{"}}).exposure == "vendor"
    kept_out = exposure(only, identities={ADDRESS: {"own": policy(deny())}})
    assert kept_out.exposure == "none" and kept_out.without_precedence.exposure == "vendor"


def test_an_account_id_inside_a_name_is_no_account():
    role = f"arn:aws:iam::{OWN}:role/cdk-hnb659fds-cfn-exec-role-{OUTSIDER}-us-east-1"
    found = exposure(allow(), deny("*", {"ArnEquals": {"aws:PrincipalArn": role}}))
    assert found.public and not found.external_accounts


def test_bulk_sending_is_judged_by_itself():
    found = exposure(allow(Action="ses:SendBulkEmail"))
    assert (found.exposure, found.bulk) == ("none", "public")
    only = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
    assert exposure(allow({"AWS": VENDOR}, only)).bulk == "vendor"
    assert exposure(allow({"AWS": VENDOR}, only, Action="ses:SendEmail")).bulk == "none"


def test_bulk_sending_is_compared_grant_by_grant():
    listed = allow({"AWS": "555555555555"}, Action="ses:SendEmail")
    found = exposure(listed, allow({"AWS": OUTSIDER}, Action="ses:SendBulkEmail"))
    assert found.exposure == found.bulk == "external"
    assert [grant.account for grant in found.bulk_beyond] == [OUTSIDER]
    assert exposure(allow({"AWS": OUTSIDER}, Action="ses:Send*")).bulk_beyond == ()


def test_precedence_that_keeps_one_more_account_out_is_told():
    only = {"StringEquals": {"ses:FromAddress": "news@example.com"}}
    found = exposure(
        allow({"AWS": "555555555555"}),
        allow({"AWS": OUTSIDER}, only),
        identities={ADDRESS: {"own": policy(deny())}},
    )
    assert found.without_precedence.wider_than(found)
    assert found.without_precedence.words == f"external ({', '.join(sorted([OUTSIDER, '555555555555']))})"
    assert not found.wider_than(found)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"ses:FromDisplayName": "Büro"}},
        {"StringLike": {"aws:PrincipalTag/team": "Mü*"}},
        {"StringEquals": {"aws:UserAgent": "a\tb"}},
        {"StringEquals": {"aws:PrincipalTag/team": ""}},
        {"Null": {"aws:VpceOrgID": "true", "aws:SourceVpce": "false"}},
        {"ForAnyValue:StringEquals": {"aws:VpceOrgPaths": "a"}, "ForAnyValue:StringLike": {"aws:VpceOrgPaths": "b*"}},
        {"IpAddress": {"aws:SourceIp": [f"{first}.0.0.0/8" for first in range(256)]}},
    ],
)
def test_whatever_a_stranger_can_bring_about_is_public(condition):
    assert exposure(allow("*", condition)).exposure == "public"


def test_a_deny_unless_a_tag_is_set_leaves_who_sets_it():
    assert exposure(allow(), deny("*", {"StringNotEquals": {"aws:PrincipalTag/team": "Müller"}})).public


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::123-bucket",
        "arn:aws:s3:::1*",
        f"arn:aws:sns:us-east-1:{OUTSIDER}:7alerts",
        f"arn:aws:lambda:us-east-1:{OUTSIDER}:function:f:1",
        f"arn:aws:cloudwatch:us-east-1:{OUTSIDER}:alarm:my alarm",
        f"arn:aws:cloudwatch:us-east-1:{OUTSIDER}:alarm:Büro",
    ],
)
def test_a_source_may_have_any_name(arn):
    assert exposure(allow(COGNITO, {"ArnLike": {"aws:SourceArn": arn}})).exposure == "service"


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/vpc}"}},
        {"StringEquals": {"aws:VpceOrgID": "${aws:PrincipalOrgID}"}},
        {"ArnLike": {"aws:SourceVpcArn": "arn:aws:ec2:*:*:vpc/${aws:SourceVpc}"}},
        {"NumericEquals": {"aws:MultiFactorAuthAge": "0.00000000001"}},
        {"NumericGreaterThan": {"x:num": "999999999999999999"}},
        {"DateEquals": {"aws:CurrentTime": "2027-01-01T00:00:00.5Z"}},
    ],
)
def test_what_is_finer_than_the_candidates_is_never_safe(condition):
    found = exposure(allow("*", condition))
    assert found.exposure == "public" and found.needs_review


def test_an_empty_variable_in_a_resource_can_match():
    resource = f"{DOMAIN}${{aws:PrincipalTag/x, ''}}"
    assert exposure(allow({"AWS": VENDOR}, Resource=resource)).exposure == "vendor"


@pytest.mark.parametrize(
    "more", [{"Foo": 1}, {"Id": 5}, {"Id": None}, {"Version": "2020-01-01"}], ids=["element", "id", "null", "version"]
)
def test_a_deny_in_a_document_that_is_wrong_elsewhere_is_not_counted_on(more):
    policies = {"p": policy(allow()), "q": {**policy(deny()), **more}}
    found = analyze(DOMAIN, policies, organization=ORGANIZATION, register=REGISTER, today=TODAY)
    assert found.public and found.needs_review


@pytest.mark.parametrize("denies", [[deny(Sid=None)], [deny(Sid="a"), deny(Sid="a")]], ids=["null", "twice"])
def test_a_deny_without_a_valid_sid_is_not_counted_on(denies):
    found = exposure(allow(), *denies)
    assert found.public and found.needs_review


def test_an_address_of_another_region_takes_nothing_from_a_domain():
    only = allow({"AWS": VENDOR}, {"StringEquals": {"ses:FromAddress": "news@example.com"}})
    elsewhere = ADDRESS.replace("us-east-1", "eu-west-1")
    assert exposure(only, identities={elsewhere: {"own": policy(deny())}}).exposure == "vendor"


def test_a_domain_in_capitals_sends_in_lower_case():
    only = {"StringLike": {"ses:FromAddress": "*@example.com"}}
    assert exposure(allow("*", only), identity=DOMAIN.replace("example", "Example")).exposure == "public"
