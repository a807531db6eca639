"""Whether a change lets anybody do anything new, and who."""

from __future__ import annotations

import json

import pytest

from sesreport.policy import decide, narrower_or_equal, read_policies, read_policy
from tests.policy.build import DOMAIN, MEMBER, ORG, OUTSIDER, VENDOR, allow, deny, policy


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (allow({"AWS": VENDOR}), allow()),
        (allow(Action="ses:SendEmail"), allow(Action="ses:*")),
        (allow("*", {"StringEquals": {"aws:PrincipalOrgID": ORG}}), allow()),
        (allow({"AWS": [VENDOR, MEMBER]}), allow({"AWS": [MEMBER, VENDOR, OUTSIDER]})),
        (
            allow("*", {"StringLike": {"ses:FromAddress": "ab*@example.com"}}),
            allow("*", {"StringLike": {"ses:FromAddress": "a*@example.com"}}),
        ),
        (allow("*", {"StringEquals": {"ses:FromAddress": "a@b.c"}}, Action="ses:GetEmailIdentity"), deny()),
    ],
)
def test_a_restriction_is_narrower(new, old):
    assert narrower_or_equal(policy(new), policy(old), identity_arn=DOMAIN)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ([allow()], [allow({"AWS": VENDOR})]),
        ([allow(Action="ses:*")], [allow()]),
        ([allow(Action="ses:DeleteEmailIdentity")], [allow()]),
        ([allow(Action="ses:SomethingNew")], [allow(Action="ses:SomethingElse")]),
        ([allow({"AWS": VENDOR})], [allow(), deny("*", {"Bool": {"aws:SecureTransport": "true"}})]),
        (
            [allow("*", {"StringNotLike": {"ses:FromAddress": "ceo@*"}}, Action="ses:GetEmailIdentity")],
            [allow()],
        ),
    ],
)  # fmt: skip
def test_something_new_has_a_witness(new, old):
    compared = narrower_or_equal(policy(*new), policy(*old), identity_arn=DOMAIN)
    assert not compared
    assert decide(read_policies({"p": policy(*new)}), compared.witness).allowed
    assert not decide(read_policies({"p": policy(*old)}), compared.witness).allowed
    assert "statement 1 allows it" in compared.words


def test_a_principal_that_only_the_old_policy_left_out_is_new():
    root = {"AWS": f"arn:aws:iam::{VENDOR}:root"}
    old = {"Effect": "Allow", "NotPrincipal": root, "Action": "*", "Resource": "*"}
    compared = narrower_or_equal(policy(allow()), policy(old), identity_arn=DOMAIN)
    assert compared.witness.caller.arn == root["AWS"]


def test_the_witness_is_a_stranger_where_one_can_be_had():
    compared = narrower_or_equal(policy(allow()), policy(allow({"AWS": VENDOR})), identity_arn=DOMAIN)
    assert "Anybody with an AWS account" in compared.words


def test_texts_objects_and_whole_identities_compare():
    text = json.dumps(policy(allow({"AWS": VENDOR})))
    assert narrower_or_equal(text, {"a": policy(allow()), "b": text})
    assert not narrower_or_equal({"a": text, "b": policy(allow())}, text)


def test_without_an_identity_every_named_one_is_compared():
    other = DOMAIN.replace("example.com", "example.org")
    assert not narrower_or_equal(policy(allow(Resource=[DOMAIN, other])), policy(allow(Resource=DOMAIN)))
    assert narrower_or_equal(policy(allow(Resource=DOMAIN)), policy(allow(Resource=[DOMAIN, other])))


def test_what_cannot_be_read_is_not_called_narrower():
    unread = policy(allow(), deny("*", {"StringMatches": {"aws:username": "x"}}))
    compared = narrower_or_equal(policy(allow({"AWS": VENDOR})), unread, identity_arn=DOMAIN)
    assert not compared and compared.errors and compared.witness is None


def test_what_cannot_be_decided_is_not_called_narrower():
    binary = {"BinaryEquals": {"aws:UserAgent": "QUJD"}}
    new, old = policy(allow({"AWS": VENDOR}, binary)), policy(allow("*", binary))
    compared = narrower_or_equal(new, old, identity_arn=DOMAIN)
    assert not compared and compared.undecided


@pytest.mark.parametrize("name", ["Statement", "Version", "Id"])
def test_a_policy_may_have_the_name_of_an_element(name):
    narrow, wide = policy(allow({"AWS": VENDOR})), policy(allow())
    assert narrower_or_equal({name: json.dumps(narrow)}, {name: json.dumps(wide)}, identity_arn=DOMAIN)
    assert not narrower_or_equal({name: wide, "other": narrow}, {name: narrow}, identity_arn=DOMAIN)
    assert narrower_or_equal({name: read_policy(narrow, name)}, {name: read_policy(wide, name)}, identity_arn=DOMAIN)


def test_unreadable_policies_are_not_taken_for_equal():
    old = policy({**allow({"AWS": VENDOR}), "Unknown": 1})
    new = policy({**allow("*"), "Unknown": 1})
    assert not narrower_or_equal(new, old, identity_arn=DOMAIN)
    assert not narrower_or_equal("{not json *", "{not json 1", identity_arn=DOMAIN)
    assert narrower_or_equal(old, old, identity_arn=DOMAIN)


def test_a_wider_resource_is_compared_where_it_matches():
    new = policy(allow(Resource="arn:aws:ses:eu-west-1:*:identity/*.com"))
    old = policy(allow(Resource="arn:aws:ses:us-east-1:*:identity/*.com"))
    assert not narrower_or_equal(new, old)
    assert narrower_or_equal(new, new)


def test_an_identity_that_no_policy_names_is_not_shown_by_a_name():
    words = narrower_or_equal(policy(allow()), policy(allow({"AWS": VENDOR}))).words
    assert "any address at an identity that its resource matches" in words and "zq" not in words
