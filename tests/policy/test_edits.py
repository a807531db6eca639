"""What an edit of a policy takes away, what it must leave, and what it says it could not do."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.policy import Request, decide, narrower_or_equal, read_policies
from sesreport.policy.edits import EditedPolicy, Revocation, account_of, revoke
from tests.policy.universe import TooManyError, requests
from tests.policy.vocabulary import MEMBER, ORG, OTHER, OUTSIDER, VENDOR, documents, settings, statements

TODAY = date(2026, 11, 24).isoformat()
many = examples(60)
SEND = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
ROLE = f"arn:aws:iam::{OUTSIDER}:role/svc/mail-1"


def text_of(*statements: Any, **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", **elements, "Statement": list(statements)})


def without(text: str, *accounts: str, principals: Any = (), grants: Any = ()) -> EditedPolicy:
    return revoke(text, Revocation(frozenset(accounts), frozenset(principals), frozenset(grants)))


def left(edited: EditedPolicy) -> list[Any]:
    assert edited.text is not None
    statements = json.loads(edited.text)["Statement"]
    return statements if isinstance(statements, list) else [statements]


def concerns(request: Request, account: str) -> bool:
    """Whether an account calls, or a service calls for it."""
    texts = [request.caller.account or ""]
    for key in ("aws:principalaccount", "aws:sourceaccount"):
        texts += request.context.get(key, ())
    for key in ("aws:principalarn", "aws:sourcearn"):
        texts += [arn.split(":")[4] for arn in request.context.get(key, ()) if arn.count(":") >= 5]
    if request.caller.provider:
        texts += [request.caller.provider.split(":")[4]] if request.caller.provider.count(":") >= 5 else []
    return account in texts


@many
@given(settings, documents(), st.sampled_from((OUTSIDER, VENDOR, MEMBER)))
def test_only_the_revoked_account_loses_something_and_nobody_gains(setting, document, account):
    edited = without(json.dumps(document), account)
    olds = read_policies({"p": document})
    news = read_policies({"p": edited.text} if edited.text is not None else {})
    assert not any(policy.errors for policy in news)
    try:
        for request, _, _ in requests(setting, olds, TODAY):
            before, after = decide(olds, request).allowed, decide(news, request).allowed
            assert before or not after
            assert after or not before or concerns(request, account)
    except TooManyError:
        reject()


@many
@given(settings, documents(), st.sampled_from((OUTSIDER, VENDOR, MEMBER)))
def test_the_engine_finds_nothing_new_in_what_is_left(setting, document, account):
    text = json.dumps(document)
    edited = without(text, account)
    if edited.text is None:
        reject()
    assert narrower_or_equal(edited.text, text, identity_arn=setting.identity)


@many
@given(documents(), st.sampled_from((OUTSIDER, VENDOR)), statements())
def test_denies_stay_in_order_and_no_allow_names_the_account(document, account, statement):
    document["Statement"].append(statement)
    edited = without(json.dumps(document), account)
    found = left(edited) if edited.text is not None else []
    denies = [each for each in document["Statement"] if each["Effect"] == "Deny"]
    assert [each for each in found if each["Effect"] == "Deny"] == denies
    assert all(account not in json.dumps(s.get("Principal", "")) for s in found if s["Effect"] == "Allow")
    assert len(edited.kept) == len(found)


@many
@given(settings, documents(), st.data())
def test_a_revoked_grant_takes_its_own_principal_alone(setting, document, data):
    number = data.draw(st.integers(1, len(document["Statement"])))
    statement = document["Statement"][number - 1]
    read = read_policies({"p": document})[0].statements[number - 1]
    principal = data.draw(st.sampled_from(read.principals))
    name = f"everybody but {principal.value}" if read.not_principal else principal.value
    edited = without(json.dumps(document), grants=[(number, name)])
    if statement["Effect"] == "Deny":
        assert edited.text == json.dumps(document)
        return
    others = [each for i, each in enumerate(document["Statement"], start=1) if i != number]
    found = left(edited) if edited.text is not None else []
    rest = [each for place, each in zip(edited.kept, found, strict=True) if place != number]
    assert rest == others
    mine = [each for place, each in zip(edited.kept, found, strict=True) if place == number]
    assert len(mine) == (len({p.value for p in read.principals}) > 1 and not read.not_principal)


def test_a_principal_is_taken_out_of_its_list():
    edited = without(text_of({**SEND, "Principal": {"AWS": [OUTSIDER, VENDOR]}}), OUTSIDER)
    assert left(edited) == [{**SEND, "Principal": {"AWS": [VENDOR]}}]


def test_every_form_of_an_account_goes():
    names = [OUTSIDER, f"arn:aws:iam::{OUTSIDER}:root", ROLE, f"arn:aws:sts::{OUTSIDER}:assumed-role/app/sess", VENDOR]
    edited = without(text_of({**SEND, "Principal": {"AWS": names}}), OUTSIDER)
    assert left(edited)[0]["Principal"] == {"AWS": [VENDOR]}


def test_a_statement_without_a_principal_goes_and_the_places_of_the_others_are_told():
    edited = without(
        text_of({**SEND, "Principal": {"AWS": OUTSIDER}}, {**SEND, "Sid": "stays", "Principal": {"AWS": VENDOR}}),
        OUTSIDER,
    )
    assert [each["Sid"] for each in left(edited)] == ["stays"]
    assert edited.kept == (2,)


def test_a_policy_without_a_statement_goes():
    assert without(text_of({**SEND, "Principal": {"AWS": OUTSIDER}}), OUTSIDER) == EditedPolicy(None, ())


def test_a_single_statement_that_is_no_list_stays_one():
    text = json.dumps({"Statement": {**SEND, "Principal": {"AWS": [OUTSIDER, VENDOR]}}})
    edited = without(text, OUTSIDER)
    assert json.loads(edited.text)["Statement"]["Principal"] == {"AWS": [VENDOR]}


@pytest.mark.parametrize(
    ("operator", "key", "values"),
    [
        ("StringEquals", "aws:PrincipalAccount", [OUTSIDER, VENDOR]),
        ("StringEquals", "aws:principalaccount", [int(OUTSIDER), VENDOR]),
        ("ArnLike", "aws:PrincipalArn", [f"arn:aws:iam::{OUTSIDER}:role/*", VENDOR_ARN := f"arn:aws:iam::{VENDOR}:*"]),
        ("StringLike", "aws:PrincipalArn", [f"arn:aws:iam::{OUTSIDER}:*", VENDOR_ARN]),
        ("StringEqualsIfExists", "aws:SourceAccount", [OUTSIDER, VENDOR]),
    ],
)
def test_an_account_is_taken_out_of_the_values_of_a_positive_condition(operator, key, values):
    edited = without(text_of({**SEND, "Principal": "*", "Condition": {operator: {key: values}}}), OUTSIDER)
    assert left(edited) == [{**SEND, "Principal": "*", "Condition": {operator: {key: values[1:]}}}]


def test_a_statement_whose_condition_has_no_value_left_goes():
    condition = {"StringEquals": {"aws:PrincipalAccount": OUTSIDER}}
    assert without(text_of({**SEND, "Principal": "*", "Condition": condition}), OUTSIDER).text is None


def test_a_condition_that_also_holds_without_its_key_stays_and_is_told():
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": OUTSIDER}}
    text = text_of({**SEND, "Principal": {"Service": "cognito-idp.amazonaws.com"}, "Condition": condition})
    edited = without(text, OUTSIDER)
    assert edited.text == text
    assert "statement 1 is left as it is" in edited.notes[0]


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:PrincipalAccount": [OUTSIDER, VENDOR]}},
        {"StringLike": {"aws:PrincipalAccount": f"{OUTSIDER[:4]}*"}},
        {"StringLike": {"aws:PrincipalArn": f"arn:aws:*::{OUTSIDER}:role/*"}},
        {"StringEquals": {"aws:PrincipalOrgID": ORG}},
        {"StringEquals": {"aws:ResourceAccount": OUTSIDER}},
        {"Null": {"aws:PrincipalAccount": "false"}},
    ],
)
def test_what_names_others_too_is_not_edited(condition):
    text = text_of({**SEND, "Principal": "*", "Condition": condition})
    assert without(text, OUTSIDER).text == text


def test_the_exceptions_of_a_not_principal_are_not_edited():
    text = text_of({**SEND, "NotPrincipal": {"AWS": [OUTSIDER, VENDOR]}})
    assert without(text, OUTSIDER).text == text


def test_a_role_goes_where_it_is_named_and_not_where_its_account_is():
    edited = without(
        text_of(
            {**SEND, "Principal": {"AWS": [ROLE, VENDOR]}},
            {**SEND, "Principal": {"AWS": OUTSIDER}},
            {**SEND, "Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": [ROLE, VENDOR_ARN]}}},
        ),
        principals=[ROLE],
    )
    assert [each["Principal"] for each in left(edited)] == [{"AWS": [VENDOR]}, {"AWS": OUTSIDER}, "*"]
    assert left(edited)[2]["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [VENDOR_ARN]}}


def test_a_grant_to_anyone_can_be_revoked():
    edited = without(text_of({**SEND, "Principal": "*"}, {**SEND, "Principal": {"AWS": VENDOR}}), grants=[(1, "*")])
    assert [each["Principal"] for each in left(edited)] == [{"AWS": VENDOR}]


def test_unknown_elements_sids_and_the_order_are_kept():
    first, second = {"Sid": "Zweite", **SEND, "Principal": {"AWS": [OTHER, OUTSIDER]}}, {"Sid": "x", "Later": 1.5}
    edited = without(text_of(first, second, Comment={"by": ["ä"]}, Id="id"), OUTSIDER)
    document = json.loads(edited.text)
    assert list(document) == ["Version", "Comment", "Id", "Statement"]
    assert document["Comment"] == {"by": ["ä"]}
    assert document["Statement"][0]["Sid"] == "Zweite"
    assert document["Statement"][1] == second


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'{{"Statement": [{{"Principal": "{OUTSIDER}"', "Expecting"),
        (f'{{"Statement": [], "Statement": "{OUTSIDER}"}}', "twice"),
        (text_of(*[{**SEND, "Sid": "a", "Principal": {"AWS": OUTSIDER}}] * 2), "has the Sid"),
        (text_of({**SEND, "Principal": {"AWS": OUTSIDER}}, {"Later": 0}).replace("0}", "1e5}"), "1e5"),
        ("[" * 100_000 + OUTSIDER, "cannot be edited"),
    ],
)
def test_a_text_that_cannot_be_edited_stays_and_is_told(text, why):
    edited = without(text, OUTSIDER)
    assert edited.text == text
    assert why in edited.notes[0]
    assert without(text, VENDOR).notes == ()


def test_a_statement_that_cannot_be_read_stays_beside_one_that_is_edited():
    bad = {**SEND, "Principal": {"AWS": f"arn:aws:iam::{OUTSIDER}:*"}}
    edited = without(text_of(bad, {**SEND, "Principal": {"AWS": OUTSIDER}}), OUTSIDER)
    assert left(edited) == [bad]
    assert edited.notes == ("statement 1 is left as it is, as it cannot be read",)


def test_a_text_in_lines_stays_in_lines():
    text = json.dumps({"Statement": [{**SEND, "Principal": {"AWS": [OUTSIDER, VENDOR]}}]}, indent=4)
    assert "\n" in (without(text, OUTSIDER).text or "")


@pytest.mark.parametrize(
    ("name", "account"),
    [(OUTSIDER, OUTSIDER), (f"arn:aws:iam::{OUTSIDER}:root", OUTSIDER), (ROLE, None), ("*", None), ("12", None)],
)
def test_an_account_is_named_by_its_number_or_its_root(name, account):
    assert account_of(name) == account
