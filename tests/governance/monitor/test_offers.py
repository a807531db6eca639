"""The fix in a message: the narrowest approved policy where all it follows from is known, else what is missing."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from typing import Any

import pytest

from sesreport.governance.monitor import judge as judging
from sesreport.governance.monitor.attached import Attached
from sesreport.governance.monitor.earlier import UNKNOWN, EarlierText
from sesreport.governance.monitor.event import read_event
from sesreport.governance.monitor.judge import judge
from sesreport.governance.monitor.judgement import Judgement
from sesreport.governance.monitor.known import Known
from sesreport.governance.monitor.message import BODY_CHARACTERS, body, finding
from sesreport.governance.monitor.watch import FunctionPlace
from sesreport.policy import Organization, decide, narrower_or_equal, read_policies
from sesreport.policy.fixes import DELETE, NONE, REPLACE, Members
from sesreport.settings.plain_approvals import PlainApproval
from tests.governance.monitor.cloudtrail import (
    ARN,
    IDENTITY,
    MEMBER,
    OUTSIDER,
    OWN,
    REGION,
    VENDOR,
    allow,
    deny,
    event,
    policy,
    put,
)

TODAY = date(2026, 11, 24)
OURS = Organization("o-a1b2c3d4e5", {OWN, MEMBER})
MAILWISE = PlainApproval(VENDOR, "Mailwise", (IDENTITY,), ("news@example.com",), None, date(2027, 3, 1))
KNOWN = Known(OURS, (MAILWISE,), TODAY)
GONE = Attached(None, "GetEmailIdentity: NotFoundException", gone=True)
DELETED = event("DeleteIdentityPolicy", {"identity": IDENTITY, "policyName": "guard"})


def judged(
    record: dict[str, Any], known: Known = KNOWN, *, earlier: EarlierText = UNKNOWN, **attached: str
) -> Judgement:
    change = read_event(record)
    return judge(change, Attached(attached), earlier, known, change.arn("aws"), lambda name: GONE)


def told(record: dict[str, Any], found: Judgement) -> str:
    change = read_event(record)
    return body(change, found, change.arn("aws"))


def test_the_policy_offered_is_narrower_and_keeps_the_approved_account_alone() -> None:
    text = policy(allow(), allow(OUTSIDER))
    (offer,) = judged(put(text), agency=text).offers
    assert (offer.policy_name, offer.fix) == ("agency", REPLACE)
    assert narrower_or_equal({"agency": offer.policy}, {"agency": text}, identity_arn=ARN, organization=OURS)
    named = [statement["Principal"]["AWS"] for statement in json.loads(offer.policy)["Statement"]]
    assert named == ["*", VENDOR]
    assert OUTSIDER not in offer.policy


def test_the_message_has_the_request_that_is_let_in_and_that_request_is_allowed() -> None:
    text = policy(allow(OUTSIDER))
    found = judged(put(text), agency=text)
    assert found.request is not None and decide(read_policies({"agency": text}), found.request).allowed
    lines = told(put(text), found).splitlines()
    at = lines.index("The request that is let in:")
    assert OUTSIDER in lines[at + 1] and lines[at + 1].startswith("  Signed by  ")
    assert lines[at + 3] == f"  Resource   {ARN}"


def test_a_command_of_the_message_is_what_a_shell_takes_for_the_policy_offered() -> None:
    text = policy(allow(), allow(VENDOR, Sid="it's \u202e `x` $(x)"))
    record = put(text)
    found = judged(record, agency=text)
    command = next(
        line.removeprefix("  $ ")
        for line in told(record, found).splitlines()
        if line.startswith("  $ aws sesv2 update")
    )
    shell = subprocess.run(
        ["sh", "-c", 'aws() { for each in "$@"; do printf "%s\\0" "$each"; done; }\n' + command],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = shell.stdout.split("\0")[:-1]
    assert words[:4] == ["sesv2", "update-email-identity-policy", "--region", REGION]
    assert json.loads(words[words.index("--policy") + 1]) == json.loads(found.offers[0].policy)
    assert "\u202e" not in command


def test_a_policy_of_which_nothing_is_approved_is_to_be_deleted() -> None:
    text = policy(allow(OUTSIDER))
    (offer,) = judged(put(text), agency=text).offers
    assert (offer.fix, offer.policy) == (DELETE, "")
    assert offer.commands[1].endswith(f"--email-identity={IDENTITY} --policy-name=agency")


def test_where_a_deny_is_gone_the_policies_that_it_held_are_narrowed() -> None:
    earlier = EarlierText(True, "a snapshot", policy(deny()))
    found = judged(DELETED, earlier=earlier, open=policy(allow()), ours=policy(allow(MEMBER)))
    assert [(offer.policy_name, offer.fix) for offer in found.offers] == [("open", REPLACE)]


def test_accounts_of_the_organization_that_may_not_send_are_left_out() -> None:
    members = Members(trying=frozenset({MEMBER}), production=frozenset({OWN}))
    text = policy(allow(MEMBER))
    known = Known(OURS, (), TODAY, members=members)
    assert judged(put(text), known, agency=text).offers[0].fix == DELETE
    assert judged(put(text), agency=text).offers[0].fix == NONE


@pytest.mark.parametrize(
    ("known", "statement", "says"),
    [
        (Known(OURS, (), TODAY, register_unusable=True), allow(), "the register cannot be used"),
        (Known(Organization(None, {OWN}), (), TODAY), allow(), "SESREPORT_WATCH_ORGANIZATION_ID"),
        (Known(Organization("o-a1b2c3d4e5"), (), TODAY), allow(OUTSIDER), f"{OUTSIDER} may be one of them"),
        (KNOWN, {**allow(), "Effect": "Perhaps"}, "cannot be read in full"),
    ],
)
def test_what_is_not_known_is_said_in_place_of_a_fix(known: Known, statement: dict[str, Any], says: str) -> None:
    record = put(policy(statement))
    found = judged(record, known, agency=policy(statement))
    (offer,) = found.offers
    assert offer.fix == NONE and says in offer.reason
    message = told(record, found)
    assert "Fix: none is offered." in message and says in message


def test_without_a_register_nobody_outside_is_approved_and_a_fix_is_offered() -> None:
    text = policy(allow(), allow(VENDOR))
    (offer,) = judged(put(text), Known(OURS, (), TODAY), agency=text).offers
    assert offer.fix == REPLACE and VENDOR not in offer.policy


def test_policies_that_cannot_be_read_have_no_fix() -> None:
    change = read_event(put(policy(allow())))
    denied = Attached(None, "GetEmailIdentity: AccessDeniedException")
    found = judge(change, denied, UNKNOWN, KNOWN, ARN, lambda name: GONE)
    assert "AccessDeniedException" in found.offers[0].reason


def test_a_policy_that_is_gone_again_needs_no_fix() -> None:
    assert "no longer attached" in judged(put(policy(allow()))).offers[0].reason


def test_an_address_is_not_left_to_its_domain() -> None:
    address = f"news@{IDENTITY}"
    text = policy(allow(OUTSIDER, Resource="*"))
    change = read_event(put(text, identity=address))
    domain = {IDENTITY: Attached({"open": policy(allow(OUTSIDER))})}
    found = judge(
        change, Attached({"agency": text}), UNKNOWN, KNOWN, change.arn("aws"), lambda name: domain.get(name, GONE)
    )
    assert "policies of its domain" in found.offers[0].reason


def test_a_fix_that_fails_costs_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(judging, "offers", broken)
    text = policy(allow(OUTSIDER))
    found = judged(put(text), agency=text)
    assert found.outcome.value == "newly allows" and "RuntimeError: broken" in found.offers[0].reason


def test_a_name_that_ses_does_not_take_is_not_put_into_a_command() -> None:
    text = policy(allow(OUTSIDER))
    record = put(text, name="a\nb; rm -rf x")
    found = judged(record, **{"a\nb; rm -rf x": text})
    assert found.offers[0].commands == () and "rm -rf x\n" not in told(record, found)


def test_many_fixes_leave_room_for_the_verdict() -> None:
    full = {f"p{number}": policy(allow(), allow(OUTSIDER, Sid="x" * 3000)) for number in range(19)}
    earlier = EarlierText(True, "a snapshot", policy(deny()))
    found = judged(DELETED, earlier=earlier, **full)
    message = told(DELETED, found)
    assert len(found.offers) == 19 and "16 more policies can be narrowed" in message
    assert len(message) <= BODY_CHARACTERS and "The identity as the change left it" in message


def test_security_hub_is_told_what_to_do() -> None:
    text = policy(allow(OUTSIDER))
    record = put(text)
    change = read_event(record)
    made = finding(change, judged(record, agency=text), ARN, FunctionPlace("aws", REGION, OWN), change.at)
    said = made["Remediation"]["Recommendation"]["Text"]
    assert said.startswith("Fix: delete policy agency") and len(said) <= 512
