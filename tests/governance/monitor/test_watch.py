"""The function end to end: an event in, a message at the topic's subscriber, a finding in Security Hub."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sesreport.core.errors import ConfigError
from sesreport.governance.monitor.event import EventError
from sesreport.governance.monitor.watch import handler
from tests.governance.monitor.cloudtrail import (
    ARN,
    CONTEXT,
    IDENTITY,
    MEMBER,
    OUTSIDER,
    VENDOR,
    Account,
    allow,
    deny,
    event,
    policy,
    put,
)

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def test_a_policy_that_opens_the_identity_is_told_with_its_witness(account: Account) -> None:
    text = policy(allow())
    account.identity(agency=text)
    assert handler(put(text), CONTEXT)["outcome"] == "newly allows"
    (heard,) = account.heard()
    assert heard["Subject"] == f"SES policy change newly allows (public): {IDENTITY}"
    first = heard["Message"].splitlines()[0]
    assert first.startswith("This change newly allows: Anybody ")
    assert (
        "can send as" in first and "Anybody with an AWS account" in first and "agency, statement 1 allows it" in first
    )
    assert "Event      c9a1f2d0-0001" in heard["Message"]
    assert f"arn:aws:iam::{CONTEXT.invoked_function_arn.split(':')[4]}:role/deploy" in heard["Message"]
    assert heard["MessageAttributes"]["severity"]["Value"] == "CRITICAL"


def test_what_another_policy_allowed_before_is_not_new(account: Account) -> None:
    text = policy(allow(OUTSIDER))
    account.identity(open=policy(allow()), agency=text)
    created = event("CreateEmailIdentityPolicy", {"emailIdentity": IDENTITY, "policyName": "agency", "policy": text})
    assert handler(created, CONTEXT)["outcome"] == "allows nothing new"
    assert account.heard() == []


def test_every_change_is_told_where_that_is_wished(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_NOTIFY", "all")
    handler(event("DeleteEmailIdentity", {"emailIdentity": IDENTITY}), CONTEXT)
    (heard,) = account.heard()
    assert heard["Message"].startswith("This change allows nothing new: nobody can send through an identity that is")


@pytest.mark.parametrize("text", [HIDDEN, None, ""])
def test_a_hidden_text_is_read_from_ses(account: Account, text: str | None) -> None:
    account.identity(agency=policy(allow(OUTSIDER)))
    assert handler(put(text), CONTEXT)["outcome"] == "newly allows"
    assert OUTSIDER in account.heard()[0]["Message"]


def test_a_policy_given_as_an_object_is_taken(account: Account) -> None:
    account.identity()
    assert handler(put({"Version": "2012-10-17", "Statement": [allow(OUTSIDER)]}), CONTEXT)["outcome"] == "newly allows"
    assert "the policy is no longer attached" in account.heard()[0]["Message"]


def test_what_cannot_be_read_anywhere_is_never_called_safe(account: Account) -> None:
    assert handler(put(HIDDEN), CONTEXT)["outcome"] == "cannot be judged"
    (heard,) = account.heard()
    assert heard["Message"].startswith("This change cannot be judged: the event hides the policy's text")
    assert "NotFoundException" in heard["Message"]


@pytest.mark.parametrize("parameters", [HIDDEN, None, {"policyName": "agency"}, {"identity": HIDDEN}])
def test_an_event_that_names_no_identity_is_told(account: Account, parameters: Any) -> None:
    assert handler(event("PutIdentityPolicy", parameters), CONTEXT)["outcome"] == "cannot be judged"
    assert "does not say on which identity" in account.heard()[0]["Message"]


@pytest.mark.parametrize(
    "ignored",
    [
        event("PutIdentityPolicy", {"identity": IDENTITY}, errorCode="AccessDenied"),
        event("GetEmailIdentity", {"emailIdentity": IDENTITY}),
    ],
)
def test_failed_calls_and_other_operations_are_ignored(account: Account, ignored: dict[str, Any]) -> None:
    handler(ignored, CONTEXT)
    assert account.heard() == []


def test_an_identity_of_another_account_is_not_read_here(account: Account) -> None:
    text = policy(allow(OUTSIDER, Resource="*"))
    account.identity(agency=policy(deny()))  # one of the same name, which is not meant
    elsewhere = put(text)
    elsewhere["account"] = elsewhere["detail"]["recipientAccountId"] = MEMBER
    assert handler(elsewhere, CONTEXT)["outcome"] == "newly allows"
    assert f"it belongs to account {MEMBER}" in account.heard()[0]["Message"]


def test_a_second_delivery_makes_one_finding_and_names_the_event(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_SECURITY_HUB", "true")
    text = policy(allow(OUTSIDER))
    account.identity(agency=text)
    handler(put(text), CONTEXT)
    handler(put(text), CONTEXT)
    (finding,) = account.findings()
    assert finding["Id"] == "sesreport/policy-watch/c9a1f2d0-0001"
    assert finding["Resources"][0]["Id"] == ARN
    assert finding["FindingProviderFields"]["Severity"]["Label"] == "HIGH"
    assert OUTSIDER in finding["Description"]
    assert len({message["MessageAttributes"]["event_id"]["Value"] for message in account.heard()}) == 1


def test_a_security_hub_that_refuses_is_told_in_the_message(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_SECURITY_HUB", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", f"{os.environ['AWS_ENDPOINT_URL']}/nowhere")
    text = policy(allow(OUTSIDER))
    account.identity(agency=text)
    handler(put(text), CONTEXT)
    assert "Security Hub did not take the finding" in account.heard()[0]["Message"]


def test_a_topic_that_refuses_fails_the_invocation(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_TOPIC_ARN", f"{account.topic_arn}-gone")
    with pytest.raises(ClientError):
        handler(put(policy(allow())), CONTEXT)


def test_registered_and_member_accounts_are_told_apart(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_ACCOUNTS", f"{MEMBER}")
    rows = f"account_id,name,identities\n{VENDOR},Mailwise,\n{OUTSIDER},Other,shop.example.org\n"
    Path("register.csv").write_text(rows)
    monkeypatch.setenv("SESREPORT_WATCH_REGISTER", "register.csv")
    account.identity()
    reach = {who: handler(put(policy(allow(who))), CONTEXT)["reach"] for who in (MEMBER, VENDOR, OUTSIDER)}
    assert reach == {MEMBER: "organization", VENDOR: "vendor", OUTSIDER: "external"}
    assert any("(Mailwise)" in heard["Message"] for heard in account.heard())


def test_hostile_text_ends_no_line_of_the_message(account: Account) -> None:
    sid = "x\r\nSeverity   LOW\x1b[2J"
    account.identity()
    handler(put(policy(allow(OUTSIDER, Sid=sid)), name="a\nb"), CONTEXT)
    (heard,) = account.heard()
    assert "\x1b" not in heard["Message"] and "\r" not in heard["Message"]
    assert [line for line in heard["Message"].splitlines() if line.startswith("Severity")] == ["Severity   HIGH"]


@pytest.mark.parametrize("wrong", [{}, {"detail": "x"}, {"detail": {"eventName": "PutIdentityPolicy"}}, []])
def test_what_is_no_event_fails_for_the_dead_letter_queue(account: Account, wrong: Any) -> None:
    with pytest.raises(EventError):
        handler(wrong, CONTEXT)


def test_a_function_without_a_topic_says_so(sdk: str) -> None:
    with pytest.raises(ConfigError, match="SESREPORT_WATCH_TOPIC_ARN is not set"):
        handler(put(policy(allow())), CONTEXT)


def test_a_context_that_is_not_lambdas_is_said(account: Account) -> None:
    with pytest.raises(ConfigError, match="invoked_function_arn"):
        handler(put(policy(allow())), SimpleNamespace())


def test_a_message_is_never_too_long_for_sns(account: Account) -> None:
    bomb = "\U0001f4a3" * 3500
    full = {f"p{number}": policy(allow(f"{number:012}", Sid=bomb)) for number in range(1, 20)}
    account.identity(**full)
    assert handler(put(policy(allow(OUTSIDER, Sid=bomb))), CONTEXT)["outcome"] == "newly allows"
    (heard,) = account.heard()
    assert (
        len(heard["Message"].encode()) < 256 * 1024 and "the organization's accounts are not known" in heard["Message"]
    )
