"""The referee, by the book."""

from __future__ import annotations

import pytest

from sesreport.policy import Caller, CallerKind, Request, decide, read_policies
from tests.policy.build import COGNITO, DOMAIN, OUTSIDER, VENDOR, allow, deny, policy

USER = Caller(CallerKind.USER, f"arn:aws:iam::{VENDOR}:user/bob", VENDOR)
ROLE = Caller(
    CallerKind.ROLE_SESSION,
    f"arn:aws:sts::{VENDOR}:assumed-role/mail/one",
    VENDOR,
    f"arn:aws:iam::{VENDOR}:role/path/mail",
)
SERVICE = Caller(CallerKind.SERVICE, "cognito-idp.amazonaws.com")


def allowed(*statements, caller=USER, action="ses:SendEmail", **context):
    given = {key.replace("__", ":"): (v,) if isinstance(v, str) else v for key, v in context.items()}
    return decide(read_policies({"p": policy(*statements)}), Request(caller, action, DOMAIN, given))


@pytest.mark.parametrize(
    ("operator", "values", "present", "expected"),
    [
        ("StringEquals", "a", None, False),
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a*", "a*", True),
        ("StringLike", ["x", "a?c*"], "abcd", True),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotLike", ["a*", "b*"], "c", True),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("ForAllValues:StringEquals", "a", None, True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", "a", ("a", "b"), False),
        ("ForAnyValue:StringEquals", "a", ("a", "b"), True),
        ("ForAnyValue:StringEquals", "a", None, False),
        ("ForAnyValue:StringNotEquals", "a", None, False),
        ("ForAnyValue:StringNotEquals", "a", ("a", "b"), True),
        ("ForAllValues:StringNotEquals", "a", ("b", "c"), True),
        ("ForAllValues:StringNotEquals", "a", ("a", "b"), False),
        ("ForAnyValue:StringEqualsIfExists", "a", None, True),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", ["true", "false"], "x", True),
        ("Bool", "TRUE", "true", True),
        ("NumericLessThanEquals", "5", "5", True),
        ("NumericNotEquals", "5", "5.0", False),
        ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", True),
        ("DateEquals", "2026-01-01T02:00:00+02:00", "1767225600", True),
        ("IpAddress", "10.0.0.0/8", "10.9.8.7", True),
        ("IpAddress", "10.0.0.1", "10.0.0.1", True),
        ("NotIpAddress", "::/0", "10.0.0.1", True),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("BinaryEquals", "QUJD", "QUJD", True),
        ("ArnLike", "arn:aws:*:us-*:1*:r", "arn:aws:s3:us-east-1:12:r", True),
        ("ArnEquals", "arn:aws:*:1*:r", "arn:aws:s3:us-east-1:12:r", False),
        ("ArnLike", "arn:aws:*", "arn:aws:s3:us-east-1:12:r", False),
        ("ArnNotLike", "arn:aws:s3:*:*:r*", "arn:aws:s3:us-east-1:12:r/s", False),
    ],
)
def test_operators(operator, values, present, expected):
    context = {} if present is None else {"key__k": present}
    assert allowed(allow("*", {operator: {"key:k": values}}), **context).allowed is expected


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ({"AWS": VENDOR}, USER, True),
        ({"AWS": f"arn:aws:iam::{VENDOR}:root"}, USER, True),
        ({"AWS": OUTSIDER}, USER, False),
        ({"AWS": f"arn:aws:iam::{VENDOR}:user/bob"}, USER, True),
        ({"AWS": f"arn:aws:iam::{VENDOR}:role/path/mail"}, ROLE, True),
        ({"AWS": f"arn:aws:iam::{VENDOR}:role/mail"}, ROLE, False),
        ({"AWS": f"arn:aws:sts::{VENDOR}:assumed-role/mail/one"}, ROLE, True),
        ({"AWS": f"arn:aws:sts::{VENDOR}:assumed-role/mail/two"}, ROLE, False),
        (COGNITO, SERVICE, True),
        ("*", SERVICE, True),
        ({"AWS": "*"}, SERVICE, True),
        (COGNITO, USER, False),
    ],
)
def test_principals(principal, caller, expected):
    assert allowed(allow(principal), caller=caller).allowed is expected


def test_a_deny_wins_wherever_it_stands_and_is_named():
    refused = allowed(deny({"AWS": VENDOR}, Sid="no"), allow())
    assert not refused.allowed and refused.statement.sid == "no"
    assert not allowed(allow(), deny()).allowed
    assert allowed(allow({"AWS": OUTSIDER})).statement is None


def test_conditions_and_and_values_or():
    both = {"StringEquals": {"a:a": ["1", "2"], "a:b": "3"}, "StringLike": {"a:c": "*"}}
    assert allowed(allow("*", both), a__a="2", a__b="3", a__c="x").allowed
    assert not allowed(allow("*", both), a__a="2", a__b="4", a__c="x").allowed


def test_actions_and_keys_compare_without_case():
    condition = {"StringEquals": {"AWS:USERNAME": "bob"}}
    assert allowed(allow("*", condition, Action="SES:sendEMAIL"), aws__username="bob").allowed
    assert not allowed(allow(Action=["ses:SendRaw*"])).allowed
    other = {"Effect": "Allow", "Principal": "*", "NotAction": "ses:Get*", "Resource": "*"}
    assert allowed(other).allowed and not allowed(other, action="ses:GetSendQuota").allowed
