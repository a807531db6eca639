"""What incidents begin with: identities that are begun, and changes of the account."""

from __future__ import annotations

from typing import Any

import pytest

from sesreport.governance.monitor.watch import handler
from tests.governance.monitor.cloudtrail import ARN, CONTEXT, IDENTITY, OWN, REGION, Account, event

SWITCHES = [("UpdateAccountSendingEnabled", "enabled"), ("PutAccountSendingAttributes", "sendingEnabled")]
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def told(account: Account, name: str, parameters: Any) -> dict[str, Any] | None:
    """The message about an event; None where there is none."""
    handler(event(name, parameters), CONTEXT)
    return next(iter(account.heard()), None)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("CreateEmailIdentity", "emailIdentity"),
        ("VerifyDomainIdentity", "domain"),
        ("VerifyDomainDkim", "Domain"),
        ("VerifyEmailIdentity", "emailAddress"),
        ("VerifyEmailAddress", "EmailAddress"),
    ],
)
def test_an_identity_that_was_begun_needs_confirmation(account: Account, name: str, member: str) -> None:
    heard = told(account, name, {member: IDENTITY})
    assert heard is not None
    assert heard["Subject"] == f"SES identity change needs confirmation: {IDENTITY}"
    assert heard["Message"].startswith("This change needs confirmation: an identity was begun")
    assert f"Identity   {ARN}" in heard["Message"] and "role/deploy" in heard["Message"]
    assert heard["MessageAttributes"]["severity"]["Value"] == "LOW"


@pytest.mark.parametrize(("name", "member"), SWITCHES)
def test_sending_that_was_switched_on_needs_confirmation(account: Account, name: str, member: str) -> None:
    heard = told(account, name, {member: True})
    assert heard is not None
    assert heard["Subject"] == f"SES account change needs confirmation: account {OWN} in {REGION}"
    assert f"Account    {OWN} in {REGION}" in heard["Message"] and "Identity" not in heard["Message"]
    assert heard["MessageAttributes"]["severity"]["Value"] == "HIGH"


@pytest.mark.parametrize(("name", "member"), SWITCHES)
def test_sending_that_was_switched_off_is_told_only_where_all_is(
    account: Account, monkeypatch: pytest.MonkeyPatch, name: str, member: str
) -> None:
    assert told(account, name, {member: False}) is None
    monkeypatch.setenv("SESREPORT_WATCH_NOTIFY", "all")
    heard = told(account, name, {member: False})
    assert heard is not None and "was switched off" in heard["Message"].splitlines()[0]


def test_production_access_that_was_asked_for_needs_confirmation(account: Account) -> None:
    heard = told(account, "PutAccountDetails", {"productionAccessEnabled": True, "useCaseDescription": "news"})
    assert heard is not None
    assert heard["Message"].startswith("This change needs confirmation: production access was asked for")
    assert heard["MessageAttributes"]["severity"]["Value"] == "MEDIUM"


def test_details_without_production_access_are_not_told(account: Account) -> None:
    assert told(account, "PutAccountDetails", {"productionAccessEnabled": False}) is None


@pytest.mark.parametrize("name", ["UpdateAccountSendingEnabled", "PutAccountSendingAttributes", "PutAccountDetails"])
@pytest.mark.parametrize("parameters", [HIDDEN, None, {}, [], {"enabled": HIDDEN}])
def test_a_change_of_the_account_that_is_hidden_is_told(account: Account, name: str, parameters: Any) -> None:
    heard = told(account, name, parameters)
    assert heard is not None
    assert heard["Message"].startswith("This change cannot be judged: ") and "does not say" in heard["Message"]


def test_a_change_of_the_account_is_a_finding_of_the_account(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_SECURITY_HUB", "true")
    handler(event("UpdateAccountSendingEnabled", {"enabled": True}), CONTEXT)
    (finding,) = account.findings()
    assert (finding["Resources"][0]["Type"], finding["Resources"][0]["Id"]) == ("AwsAccount", f"AWS::::Account:{OWN}")
    assert finding["Title"] == f"An account change of account {OWN} in {REGION} needs confirmation"
    assert finding["FindingProviderFields"]["Severity"]["Label"] == "HIGH"
