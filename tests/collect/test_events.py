"""The table of events: every operation of v1 beside its twin, and what a request says, in whatever shape."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from sesreport.snapshot.events import (
    EVENTS,
    OF_ACCOUNT,
    OPERATIONS,
    EventKind,
    enabled_of,
    identity_of,
    member,
    operations_of,
    text_of,
)

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
WITH_IDENTITY = [name for name, one in OPERATIONS.items() if one.identity and one.identity != "resourceArn"]
SWITCHES = [name for name, one in OPERATIONS.items() if one.enabled]


def model(version: str) -> Any:
    return boto3.client({"v1": "ses", "v2": "sesv2"}[version], region_name="us-east-1").meta.service_model


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_an_operation_is_one_of_its_api_with_these_members(name: str) -> None:
    one = OPERATIONS[name]
    for version in one.api.split(" and "):
        members = {known[:1].lower() + known[1:] for known in model(version).operation_model(name).input_shape.members}
        assert {wanted for wanted in (one.identity, one.enabled) if wanted} <= members


def test_what_incidents_begin_with_is_collected() -> None:
    assert set(EVENTS) >= {
        "CreateEmailIdentity", "VerifyEmailIdentity", "VerifyDomainIdentity", "PutAccountSendingAttributes",
        "UpdateAccountSendingEnabled", "PutAccountDetails",
    }  # fmt: skip


def test_every_operation_is_kept_unless_it_sets_an_attribute() -> None:
    assert set(OPERATIONS) - set(EVENTS) == set(operations_of(EventKind.SETS_ATTRIBUTE))


@pytest.mark.parametrize("name", WITH_IDENTITY)
def test_an_identity_is_read_from_its_member_in_either_case(name: str) -> None:
    wanted = OPERATIONS[name].identity
    assert wanted is not None
    assert identity_of(name, {wanted: "a.example"}) == "a.example"
    assert identity_of(name, {wanted[:1].upper() + wanted[1:]: "a.example"}) == "a.example"


def test_an_identity_in_a_member_of_another_operation_is_read() -> None:
    assert identity_of("VerifyDomainIdentity", {"identity": "a.example"}) == "a.example"
    assert identity_of("SomethingElse", {"emailAddress": "a@example.com"}) == "a@example.com"


@pytest.mark.parametrize("value", [None, "", HIDDEN, 7, ["a.example"], {"name": "a.example"}])
@pytest.mark.parametrize("name", WITH_IDENTITY)
def test_an_identity_that_is_hidden_or_odd_is_not_known(name: str, value: Any) -> None:
    assert identity_of(name, {str(OPERATIONS[name].identity): value}) is None


@pytest.mark.parametrize("name", operations_of(*OF_ACCOUNT))
def test_a_change_of_the_account_has_no_identity(name: str) -> None:
    assert identity_of(name, {"identity": "a.example"}) is None


def test_a_tag_names_an_identity_by_its_arn_and_nothing_where_it_is_on_something_else() -> None:
    arn = "arn:aws:ses:eu-west-1:210000000001:"
    assert identity_of("TagResource", {"resourceArn": f"{arn}identity/a.example"}) == "a.example"
    assert identity_of("TagResource", {"resourceArn": f"{arn}configuration-set/news"}) == ""
    assert identity_of("TagResource", {}) is None


@pytest.mark.parametrize(("value", "says"), [(True, True), (False, False), ("true", True), ("FALSE", False)])
@pytest.mark.parametrize("name", SWITCHES)
def test_what_was_switched_is_read(name: str, value: Any, says: bool) -> None:
    assert enabled_of(name, {str(OPERATIONS[name].enabled): value}) is says


@pytest.mark.parametrize("value", [None, "", HIDDEN, 1, [], {"enabled": True}])
@pytest.mark.parametrize("name", SWITCHES)
def test_what_is_hidden_or_odd_was_not_said(name: str, value: Any) -> None:
    assert enabled_of(name, {str(OPERATIONS[name].enabled): value}) is None


def test_false_is_not_a_missing_member() -> None:
    assert member({"enabled": False, "Enabled": True}, "enabled") is False
    assert text_of({"Policy": "{}"}, "policy") == "{}"
