"""The reader takes every legal shape, and answers everything else with a located error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.policy.model import Effect, PrincipalKind
from sesreport.policy.reader import MAX_CHARACTERS, read_policy

ARN = "arn:aws:ses:us-east-1:111122223333:identity/example.com"


def statement(**changes: Any) -> dict[str, Any]:
    whole = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": ARN, **changes}
    return {key: value for key, value in whole.items() if value is not None}


def policy(*statements: Any, **rest: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **rest}


def only_error(source: Any) -> tuple[str, str]:
    read = read_policy(source)
    assert len(read.errors) == 1, read
    return read.errors[0].path, read.errors[0].code


def test_scalars_and_lists_read_alike():
    scalar = read_policy(policy(statement(Principal={"AWS": "111122223333"})))
    listed = read_policy(
        policy(statement(Principal={"AWS": ["111122223333"]}, Action=["ses:SendEmail"], Resource=[ARN]))
    )
    assert scalar == listed and not scalar.errors


def test_a_statement_may_stand_alone():
    assert read_policy({"Statement": statement()}).statements[0].effect is Effect.ALLOW


def test_text_bytes_and_objects_read_alike():
    document = policy(statement())
    text = json.dumps(document)
    assert read_policy(document) == read_policy(text) == read_policy(text.encode())


@pytest.mark.parametrize(
    ("written", "kind", "account"),
    [
        ({"AWS": "*"}, PrincipalKind.ANYONE, None),
        ("*", PrincipalKind.ANYONE, None),
        ({"AWS": "111122223333"}, PrincipalKind.ACCOUNT, "111122223333"),
        ({"AWS": "arn:aws:iam::111122223333:root"}, PrincipalKind.ACCOUNT, "111122223333"),
        ({"AWS": "arn:aws-cn:iam::111122223333:user/a/b"}, PrincipalKind.USER, "111122223333"),
        ({"AWS": "arn:aws:iam::111122223333:role/svc/mail"}, PrincipalKind.ROLE, "111122223333"),
        ({"AWS": "arn:aws:sts::111122223333:assumed-role/r/s"}, PrincipalKind.ROLE_SESSION, "111122223333"),
        ({"AWS": "arn:aws:sts::111122223333:federated-user/u"}, PrincipalKind.FEDERATED_USER, "111122223333"),
        ({"AWS": "AIDAJQABLZS4A3QDU576Q"}, PrincipalKind.DELETED, None),
        ({"Service": "cognito-idp.us-east-1.amazonaws.com"}, PrincipalKind.SERVICE, None),
        ({"Federated": "accounts.google.com"}, PrincipalKind.WEB_IDENTITY, None),
        ({"Federated": "arn:aws:iam::111122223333:saml-provider/p"}, PrincipalKind.PROVIDER, "111122223333"),
    ],
)
def test_principals_are_told_apart(written, kind, account):
    (principal,) = read_policy(policy(statement(Principal=written))).statements[0].principals
    assert (principal.kind, principal.account) == (kind, account)


@pytest.mark.parametrize(
    "written",
    [
        "111122223333",
        {"AWS": "arn:aws:iam::*:root"},
        {"AWS": "arn:aws:iam::111122223333:role/*"},
        {"AWS": "arn:aws:iam::111122223333:group/g"},
        {"AWS": "1111"},
        {"AWS": "۱۱۱۱۲۲۲۲۳۳۳۳"},
        {"AWS": 111122223333},
        {"AWS": []},
        {},
        [],
        None,
        {"Service": "*"},
        {"Service": "cognito-idp"},
        {"CanonicalUser": "f" * 64},
        {"aws": "*"},
    ],
)
def test_malformed_principals_are_errors(written):
    path, _ = only_error(policy({**statement(), "Principal": written}))
    assert path.startswith("Statement[0].Principal")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"Effect": "allow"}, "Statement[0].Effect"),
        ({"Effect": None}, "Statement[0]"),
        ({"Conditions": {}}, "Statement[0].Conditions"),
        ({"NotAction": "ses:*"}, "Statement[0]"),
        ({"Action": "Send Email"}, "Statement[0].Action"),
        ({"Resource": "example.com"}, "Statement[0].Resource"),
        ({"Resource": [[ARN]]}, "Statement[0].Resource"),
        ({"Sid": 7}, "Statement[0].Sid"),
        ({"Condition": []}, "Statement[0].Condition"),
        ({"Condition": {"StringMatches": {}}}, "Statement[0].Condition.StringMatches"),
        ({"Condition": {"NullIfExists": {"aws:username": "true"}}}, "Statement[0].Condition.NullIfExists"),
    ],
)
def test_a_fault_is_located_and_leaves_the_other_statements(changes, path):
    good = statement(Sid="good")
    read = read_policy(policy(statement(**changes), good))
    assert [error.path.replace("'", '"') for error in read.errors] == [path]
    assert [item.sid for item in read.statements] == ["good"]


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("Bool", "yes"),
        ("Null", "perhaps"),
        ("IpAddress", "10.0.0.0/33"),
        ("DateLessThan", "tomorrow"),
        ("NumericLessThan", "1e3"),
        ("BinaryEquals", "~"),
        ("StringEquals", {}),
        ("StringEquals", []),
        ("StringEquals", None),
    ],
)
def test_a_condition_value_of_the_wrong_form_is_an_error(operator, value):
    path, _ = only_error(policy(statement(Condition={operator: {"aws:username": value}})))
    assert path == f"Statement[0].Condition.{operator}['aws:username']"


def test_numbers_and_booleans_are_condition_values():
    conditions = {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}
    read = read_policy(policy(statement(Condition=conditions)))
    assert [item.values for item in read.statements[0].conditions] == [("true",), ("3600",)]


@pytest.mark.parametrize("date", ["2021-08-31T12:00Z", "2021-08-31", "2021", "1630411200", "2021-08-31T12:00:00+02:00"])
def test_dates_are_iso_8601_or_seconds(date):
    assert not read_policy(policy(statement(Condition={"DateLessThan": {"aws:CurrentTime": date}}))).errors


def test_a_repeated_key_makes_its_statement_unreadable():
    text = json.dumps(policy(statement(), statement(Sid="good")))
    text = text.replace('"Effect": "Allow"', '"Effect": "Allow", "Effect": "Deny"', 1)
    read = read_policy(text)
    assert [item.sid for item in read.statements] == ["good"]
    assert (read.errors[0].path, read.errors[0].code) == ("Statement[0]", "duplicate")


def test_a_repeated_outer_key_makes_the_document_unreadable():
    text = json.dumps(policy(statement()))[:-1] + ', "Statement": []}'
    read = read_policy(text)
    assert not read.statements and read.errors[0].code == "duplicate"


def test_an_unknown_outer_element_is_told_and_the_statements_are_read():
    read = read_policy(policy(statement(), Comment="x"))
    assert [error.path for error in read.errors] == ["Comment"] and len(read.statements) == 1


def test_a_deny_of_unknown_version_is_not_counted_on():
    read = read_policy(policy(statement(), statement(Effect="Deny"), Version="2020-01-01"))
    assert [item.effect for item in read.statements] == [Effect.ALLOW]
    assert [error.path for error in read.errors] == ["Version", "Statement[1]"]


def test_json_faults_have_line_and_column():
    (error,) = read_policy('{\n "Statement": [}').errors
    assert (error.line, error.column) == (2, 16)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 4096,
        '{"a":' * 4096,
        "",
        "null",
        "\ud800",
        "\0",
        b"\xff\xfe",
        '{"Statement": NaN}',
        '{"Statement": ' + "9" * 5000 + "}",
        "x" * 1_000_000,
        json.dumps(policy(statement(Condition={"StringLike": {"ses:FromAddress": "*a" * 500_000}}))),
        float("nan"),
        object(),
        {1: 2},
    ],
    ids=range(14),
)
def test_hostile_documents_are_errors(text):
    read = read_policy(text)
    assert read.errors and not read.statements


@pytest.mark.parametrize("element", ["Sid", "Action", "Resource"])
@pytest.mark.parametrize("character", ["\\u0000", "\\ud800"])
def test_nulls_and_lone_surrogates_are_errors(element, character):
    text = json.dumps(policy(statement(**{element: "arn:XX"}))).replace("XX", character)
    assert only_error(text)[0] == f"Statement[0].{element}"


def test_errors_print_on_one_line_whatever_the_text():
    text = json.dumps(policy(statement(**{"Action": "a\nb\u202e<script>" + "x" * 500})))
    (error,) = read_policy(text, "p\n1").errors
    assert str(error).isprintable() and len(str(error)) < 250


def test_documents_up_to_the_limit_are_read():
    text = json.dumps(policy(statement()))
    assert not read_policy(text + " " * (MAX_CHARACTERS - len(text))).errors


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["*", "Allow", ARN]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "Action", "Resource", "Condition", "AWS", "Null"])
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(anything)
def test_no_object_makes_the_reader_raise(document):
    read = read_policy(document)
    assert read.errors or read.statements


@examples(100)
@given(st.data())
def test_no_damaged_text_makes_the_reader_raise(data):
    text = json.dumps(policy(statement(Condition={"StringLike": {"ses:FromAddress": ["a*", "b"]}}), statement()))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    read = read_policy(text[:start] + data.draw(st.text(max_size=6)) + text[end:])
    assert read.errors or read.statements
