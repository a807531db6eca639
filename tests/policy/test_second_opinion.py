"""z3 is asked the same question by other means: no class of callers may be judged differently."""

from __future__ import annotations

import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.policy import Organization, analyze_models, read_policies
from tests.policy.build import TODAY
from tests.policy.vocabulary import ACCOUNTS, settings, values_of

pytest.importorskip("z3", reason="z3-solver is not installed: no second opinion")
from tests.policy.second_opinion import Question

_STRING = ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike")
_KEYS = {
    "aws:PrincipalAccount": _STRING,
    "aws:SourceAccount": _STRING,
    "aws:PrincipalOrgID": _STRING,
    "aws:SourceOrgID": _STRING,
    "aws:PrincipalArn": (*_STRING, "ArnLike", "ArnNotLike"),
    "aws:PrincipalIsAWSService": ("StringEquals",),
    "aws:UserAgent": _STRING,
    "aws:PrincipalTag/team": _STRING,
    "aws:username": _STRING,
    "ses:FromAddress": _STRING,
}
_PRINCIPALS = (
    "*",
    "*",
    "*",
    {"Service": "cognito-idp.amazonaws.com"},
    *({"AWS": account} for account in ACCOUNTS),
    {"AWS": [f"arn:aws:iam::{ACCOUNTS[2]}:user/bob", ACCOUNTS[3]]},
)


@st.composite
def statements(draw: st.DrawFn):
    condition = {}
    for _ in range(draw(st.integers(0, 2))):
        key = draw(st.sampled_from(tuple(_KEYS)))
        if draw(st.integers(0, 7)) == 0:
            condition.setdefault("Null", {})[key] = draw(st.sampled_from(("true", "false")))
            continue
        operator = draw(st.sampled_from(("", "", "ForAllValues:", "ForAnyValue:")))
        operator += draw(st.sampled_from(_KEYS[key])) + draw(st.sampled_from(("", "", "IfExists")))
        choices = [value for value in values_of(key) if isinstance(value, str) and "${aws:" not in value]
        values = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=2, unique=True))
        condition.setdefault(operator, {})[key] = values
    effect = draw(st.sampled_from(("Allow", "Allow", "Deny")))
    principal = "*" if effect == "Deny" else draw(st.sampled_from(_PRINCIPALS))
    action = draw(st.sampled_from(("ses:*", "ses:Send*", "ses:SendEmail", "ses:*Raw*")))
    found = {"Effect": effect, "Principal": principal, "Action": [action], "Resource": "*"}
    return {**found, "Condition": condition} if condition else found


ASKED: list[bool] = []


@examples(12)
@given(settings, st.lists(statements(), min_size=1, max_size=3))
def test_the_solver_agrees_on_every_class(setting, drawn):
    document = {"Version": "2012-10-17", "Statement": drawn}
    exposure = analyze_models(
        setting.identity,
        read_policies({"p": document}),
        organization=Organization(setting.org, setting.members),
        register=dict.fromkeys(setting.vendors, "vendor"),
        today=TODAY,
    )
    ours = {witness.exposure for witness in exposure.witnesses}
    for name, answer in Question(setting, [document]).classes(timeout=300).items():
        ASKED.append(answer is not None)
        if answer is None or (name == "external" and exposure.public is False and exposure.external_orgs):
            continue
        if name == "external":
            named = exposure.external_accounts - setting.vendors
            assert answer == bool(named), name
        else:
            assert answer == (name in ours), name
    target(float(len(ours)))


def test_the_solver_answers():
    """How often depends on how busy the machine is; a solver that never answers would be no second opinion."""
    if not ASKED:
        pytest.skip("the questions were asked by another process")
    assert any(ASKED)
