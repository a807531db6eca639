"""CloudFormation templates: custom resources that put identity policies, and what only a deployment knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from governance.check.plan_files import (
    ARN,
    OPEN,
    OUTSIDE,
    OWN,
    OWN_ONLY,
    REGION,
    STRANGER,
    checked,
    exit_code,
    fired,
    only,
    own,
    policy,
    statement,
    template,
    written,
)

from sesreport.governance.check.planned import Asked

PARTITION, ACCOUNT = {"Ref": "AWS::Partition"}, {"Ref": "AWS::AccountId"}
EMAIL = {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "example.com"}}


def call(text: str = OPEN, *, action: str = "createEmailIdentityPolicy", service: str = "SESv2") -> str:
    """A call of an AwsCustomResource, with the policy encoded once more."""
    names = {"Identity": "example.com"} if service == "SES" else {"EmailIdentity": "example.com"}
    return json.dumps(
        {"service": service, "action": action, "parameters": {**names, "PolicyName": "p", "Policy": text}}
    )


def joined(text: str, **parts: Any) -> dict[str, Any]:
    """``Fn::Join`` of a text in which names stand for values of the deployment."""
    pieces: list[Any] = [text]
    for name, value in parts.items():
        pieces = [
            piece
            for each in pieces
            for piece in (_put_in(each.split(name), value) if isinstance(each, str) else [each])
        ]
    return {"Fn::Join": ["", pieces]}


def _put_in(texts: list[str], value: Any) -> list[Any]:
    out: list[Any] = [texts[0]]
    for text in texts[1:]:
        out += [value, text]
    return out


def aws(create: Any, **more: Any) -> dict[str, Any]:
    return own({"ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, "Create": create, **more}, "Custom::AWS")


@pytest.mark.parametrize(
    "create",
    [
        call(),
        call(action="updateEmailIdentityPolicy"),
        call(action="CreateEmailIdentityPolicyCommand", service="@aws-sdk/client-sesv2"),
        call(action="putIdentityPolicy", service="SES"),
        call(action="PUTIDENTITYPOLICY", service="email"),
        call().replace("EmailIdentityPolicy", "\\u0045mailIdentityPolicy"),
        json.loads(call()),
        joined(call(policy("*", Resource=ARN.replace(":aws:", ":PART:"))), PART=PARTITION),
        joined(call(policy("*", Resource=ARN.replace("example.com", "NAME"))), NAME={"Ref": "Email"}),
        joined(call(policy("*", Resource="WHERE")), WHERE={"Fn::GetAtt": ["Email", "Arn"]}),
        joined(call(policy("*", Resource="WHERE")), WHERE={"Fn::ImportValue": "arn"}),
        {"Fn::Sub": call(policy("*", Resource=ARN.replace(OWN, "${AWS::AccountId}")))},
        {"Fn::Sub": [call(policy("*", Resource="${Where}")), {"Where": {"Fn::Sub": ARN}}]},
        {"Fn::Select": [0, [call()]]},
        {"Fn::Select": ["1", {"Fn::Split": ["|", f"x|{call()}"]}]},
        {"Fn::FindInMap": ["Calls", "a", "b"]},
    ],
)
def test_calls_of_an_aws_custom_resource(create: Any, tmp_path: Path) -> None:
    made = template(Email=EMAIL, P=aws(create)) | {"Mappings": {"Calls": {"a": {"b": call()}}}}
    assert "SES001" in fired(checked(tmp_path, made)), create


def test_a_call_under_a_type_of_any_name(tmp_path: Path) -> None:
    made = aws(call()) | {"Type": "Custom::Mail"}
    assert "SES001" in fired(checked(tmp_path, template(P=made)))


def test_a_call_does_not_hide_a_policy_beside_it(tmp_path: Path) -> None:
    other = json.dumps({"service": "S3", "action": "putObject", "parameters": {}})
    made = own({"Create": other, "Identity": "example.com", "PolicyDocument": OPEN}, "Custom::Thing")
    assert "SES001" in fired(checked(tmp_path, template(P=made)))


@pytest.mark.parametrize("event", ["Create", "Update", "Delete"])
def test_each_event_of_a_call(event: str, tmp_path: Path) -> None:
    properties = {"Create": call(OWN_ONLY), event: call(OPEN)}
    assert "SES001" in fired(checked(tmp_path, template(P=own(properties, "Custom::AWS"))))


def test_calls_that_are_alike_are_one_policy(tmp_path: Path) -> None:
    assert len(checked(tmp_path, template(P=aws(call(), Update=call()))).verdicts) == 1


@pytest.mark.parametrize(
    "create",
    [
        {"Ref": "Parameter"},
        joined(call(), createEmailIdentityPolicy={"Ref": "Action"}),
        joined(call(policy("WHO")), WHO={"Ref": "Parameter"}),
        joined(call(policy("*", Action="ACT")), ACT={"Ref": "Parameter"}),
        joined(call(policy("*", Effect="EFF")), EFF={"Ref": "Parameter"}),
        joined(call(policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "ORG"}})), ORG={"Ref": "Parameter"}),
        joined(call(policy("*", Effect="Deny", Resource="WHERE")), WHERE={"Fn::GetAtt": ["X", "Arn"]}),
        joined(call().replace("example.com", "NAME"), NAME={"Ref": "Parameter"}),
        {"Fn::Sub": call("${Text}")},
        {"Fn::Transform": {"Name": "Macro"}},
        {"service": "SESv2", "action": "createEmailIdentityPolicy", "Fn::Transform": {"Name": "Macro"}},
        call().replace('"Policy"', '"Other"'),
    ],
)
def test_calls_that_only_the_deployment_knows_cannot_be_decided(create: Any, tmp_path: Path) -> None:
    file = checked(tmp_path, template(P=aws(create)))
    assert only(file).undecidable and exit_code(file) == 1
    assert only(file).findings[0].recommendation


@pytest.mark.parametrize(
    "made",
    [
        aws(
            json.dumps(
                {"service": "S3", "action": "putBucketPolicy", "parameters": {"Policy": policy("*", Action="s3:*")}}
            )
        ),
        aws(json.dumps({"service": "SESv2", "action": "createEmailIdentity", "parameters": {"EmailIdentity": "x"}})),
        aws(joined('{"service":"IoT","action":"describeEndpoint","parameters":{"on":ON}}', ON={"Ref": "Flag"})),
        aws(json.dumps({"service": "SESv2", "action": "deleteEmailIdentityPolicy", "parameters": {"PolicyName": "p"}})),
        own({"BucketName": {"Ref": "B"}, "PolicyDocument": {"Ref": "P"}}, "Custom::S3BucketPolicy"),
        own({"Policy": policy("*", Action="*", Resource="*"), "EndpointId": "x"}, "Custom::EndpointPolicy"),
        own({"Policy": policy({"Service": "ses.amazonaws.com"}, Action="sns:Publish", Resource="*")}, "Custom::Topic"),
        own({"Sql": "MultiStatement", "Database": {"Ref": "D"}}, "Custom::SessionStatement"),
        own({"Domain": "example.com", "ZoneId": {"Ref": "Z"}}, "Custom::SesDomainVerification"),
        {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": json.loads(policy("*"))}},
    ],
)
def test_resources_of_other_purposes_are_none_of_ours(made: Any, tmp_path: Path) -> None:
    file = checked(tmp_path, template(P=made))
    assert file.verdicts == () and exit_code(file) == 0


@pytest.mark.parametrize(
    "properties",
    [
        {"Identity": "example.com", "PolicyDocument": json.loads(OPEN)},
        {"Identity": "example.com", "PolicyDocument": OPEN},
        {"Identity": "example.com", "Settings": [{"Deep": json.dumps({"Policies": [OPEN]})}]},
        {"EmailIdentity": {"Ref": "Email"}, "PolicyDocument": {"Fn::ToJsonString": json.loads(OPEN)}},
        {"Identity": {"Ref": "Parameter"}, "PolicyDocument": OPEN},
        {"Identity": "example.com", "PolicyDocument": json.loads(policy("*", Action="*", Resource="*"))},
        {"Identity": "example.com", "PolicyDocument": {"Fn::If": ["Live", json.loads(OWN_ONLY), json.loads(OPEN)]}},
        {"Identity": "example.com", "PolicyDocument": {"Statement": [
            {"Fn::If": ["Live", statement("*"), {"Ref": "AWS::NoValue"}]}, statement(OWN)]}},
    ],
)  # fmt: skip
def test_a_custom_resource_of_one_s_own(properties: Any, tmp_path: Path) -> None:
    assert "SES001" in fired(checked(tmp_path, template(Email=EMAIL, P=own(properties))))


@pytest.mark.parametrize(
    "properties",
    [
        {"Identity": "example.com", "PolicyDocument": {"Ref": "Parameter"}},
        {"Identity": "example.com", "PolicyDocument": {"Fn::FindInMap": ["M", {"Ref": "Parameter"}, "b"]}},
        {"Identity": "example.com", "PolicyDocument": {"Fn::Transform": {"Name": "AWS::Include"}}},
        {"Identity": "example.com", "AllowedAccounts": [STRANGER]},
        {"Identity": {"Ref": "Parameter"}, "PolicyDocument": policy("*", Resource="*")},
        {"Fn::Transform": {"Name": "Macro"}},
    ],
)
def test_a_custom_resource_whose_policy_is_not_written_cannot_be_decided(properties: Any, tmp_path: Path) -> None:
    file = checked(tmp_path, template(P=own(properties)))
    assert only(file).undecidable and exit_code(file) == 1


def test_what_is_made_in_a_loop_cannot_be_decided(tmp_path: Path) -> None:
    loop = ["Vendor", ["a"], {"P${Vendor}": own({"Identity": "example.com", "PolicyDocument": OPEN})}]
    assert only(checked(tmp_path, template(**{"Fn::ForEach::Loop": loop}))).undecidable


def test_a_stack_set_s_template_is_judged(tmp_path: Path) -> None:
    inner = json.dumps(template(P=own({"Identity": "example.com", "PolicyDocument": OPEN})))
    outer = {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": inner}}
    assert "SES001" in fired(checked(tmp_path, template(S=outer)))


def test_nested_stacks_and_macros_are_notes(tmp_path: Path) -> None:
    made = template(S={"Type": "AWS::CloudFormation::Stack"}) | {"Transform": ["AWS::Serverless-2016-10-31", "Mine"]}
    assert checked(tmp_path, made).planned.notes == (
        "it has 1 nested stack: check their templates as well",
        "the macro Mine may add to it: check the processed template as well",
    )


def test_resources_that_a_macro_makes_are_a_note(tmp_path: Path) -> None:
    made = template(**{"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}})
    notes = checked(tmp_path, made).planned.notes
    assert notes == ("the macro Fn::Transform may add to it: check the processed template as well",)


def test_an_identity_makes_a_custom_resource_one_of_ours(tmp_path: Path) -> None:
    made = own({"Identity": "example.com", "PolicyDocument": {"Ref": "Parameter"}}, "Custom::Thing")
    assert only(checked(tmp_path, template(P=made))).undecidable


def test_a_grant_to_a_role_is_no_identity_policy(tmp_path: Path) -> None:
    """What ``grantSendEmail`` of CDK makes."""
    sends = {"Effect": "Allow", "Action": ["ses:SendEmail", "ses:SendRawEmail"], "Resource": ARN}
    role = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [sends]}}}
    file = checked(tmp_path, template(Email=EMAIL, Role=role))
    assert file.verdicts == () and exit_code(file) == 0


def test_the_place_is_that_of_the_assembly(tmp_path: Path) -> None:
    stack = {"properties": {"templateFile": "plan.json"}, "environment": f"aws://{OWN}/us-east-1"}
    written(tmp_path, {"artifacts": {"Mail": stack}}, "manifest.json")
    made = own({"Identity": "example.com", "PolicyDocument": policy(STRANGER, Resource=ARN.replace(OWN, STRANGER))})
    file = checked(tmp_path, template(P=made), asked=Asked())
    identity = only(file).planned.identity
    assert identity is not None and (identity.account, identity.region) == (OWN, "us-east-1")
    assert "SES002" in fired(file)


@pytest.mark.parametrize("environment", ["aws://unknown-account/unknown-region", "", 7])
def test_an_assembly_without_a_place_leaves_it_to_the_options(environment: Any, tmp_path: Path) -> None:
    stack = {"properties": {"templateFile": "plan.json"}, "environment": environment}
    written(tmp_path, {"artifacts": {"Mail": stack}}, "manifest.json")
    made = own({"Identity": "example.com", "PolicyDocument": policy("*", Resource="*")})
    identity = only(checked(tmp_path, template(P=made))).planned.identity
    assert identity is not None and (identity.account, identity.region) == (OWN, REGION)


def test_a_resource_that_refers_to_itself_is_not_followed_for_ever(tmp_path: Path) -> None:
    loop = {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": {"Ref": "Email"}}}
    made = own({"Identity": {"Ref": "Email"}, "PolicyDocument": OUTSIDE})
    assert "SES002" in fired(checked(tmp_path, template(Email=loop, P=made)))
