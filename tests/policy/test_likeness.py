"""An answer taken from a policy that is alike is the engine's own, also where the identity is an address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesreport.policy import Organization, analyze, analyze_models, read_policies
from tests.policy.build import TODAY

ADDRESS = "arn:aws:ses:us-east-1:210000000001:identity/sender@example.com"
DOMAIN = "arn:aws:ses:us-east-1:210000000001:identity/example.com"
ASKED: dict[str, Any] = {
    "organization": Organization("o-exampleorg1", {"210000000002"}),
    "register": {"310000000001": "Mailwise"},
    "today": TODAY,
}
FROM = {
    "any address of the domain": ("StringLike", "*@example.com"),
    "the address": ("StringEquals", "sender@example.com"),
    "the address as a pattern": ("StringLike", "sender@example.com"),
    "a beginning": ("StringLike", "send*@example.com"),
    "another address": ("StringEquals", "other@example.com"),
    "another beginning": ("StringLike", "other*@example.com"),
    "an asterisk that is one": ("StringEquals", "a*@example.com"),
    "the domain alone": ("StringLike", "*example.com"),
    "another domain": ("StringLike", "*@elsewhere.org"),
    "all but the domain": ("StringNotLike", "*@example.com"),
    "two": ("StringLike", ["sender@example.com", "*@example.com"]),
}


@pytest.mark.parametrize("arn", [ADDRESS, DOMAIN])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("limit", FROM)
def test_a_limit_on_the_from_address_is_judged_alike(limit: str, effect: str, arn: str) -> None:
    operator, value = FROM[limit]
    limited = {"Effect": effect, "Principal": "*", "Action": "ses:SendEmail", "Resource": "*",
               "Condition": {operator: {"ses:FromAddress": value}}}  # fmt: skip
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": "*"}
    statements = [limited] if effect == "Allow" else [everybody, limited]
    texts = {"p": json.dumps({"Version": "2012-10-17", "Statement": statements})}
    assert analyze(arn, texts, **ASKED) == analyze_models(arn, read_policies(texts), **ASKED)


def test_an_address_whose_domain_is_let_in_is_public() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": "*",
                 "Condition": {"StringLike": {"ses:FromAddress": "*@example.com"}}}  # fmt: skip
    texts = {"p": json.dumps({"Version": "2012-10-17", "Statement": statement})}
    assert analyze(ADDRESS, texts, **ASKED).exposure == "public"
