"""What one change newly allows, by what is known of before."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.governance.monitor.attached import Attached
from sesreport.governance.monitor.earlier import UNKNOWN, EarlierText
from sesreport.governance.monitor.event import Change, read_event
from sesreport.governance.monitor.judge import judge
from sesreport.governance.monitor.judgement import Judgement, Outcome
from sesreport.governance.monitor.known import Known
from sesreport.governance.monitor.message import body
from sesreport.policy import Organization, decide, narrower_or_equal, read_policies
from tests.governance.monitor.cloudtrail import (
    ARN,
    IDENTITY,
    MEMBER,
    OUTSIDER,
    OWN,
    REGION,
    allow,
    deny,
    event,
    policy,
    put,
)
from tests.policy.universe import Setting, TooManyError, requests
from tests.policy.vocabulary import documents
from tests.policy.vocabulary import settings as whos

TODAY = date(2026, 11, 24)
KNOWN = Known(Organization("o-a1b2c3d4e5", {OWN, MEMBER}), (), TODAY)
NOBODY = Attached(None, "GetEmailIdentity: NotFoundException", gone=True)
DENIED = Attached(None, "GetEmailIdentity: AccessDeniedException")
DELETE = event("DeleteIdentityPolicy", {"identity": IDENTITY, "policyName": "agency"})
ADDRESS = f"news@{IDENTITY}"


def judged(
    record: dict[str, Any], now: Attached | dict[str, str], earlier: EarlierText = UNKNOWN, **others: Attached
) -> Judgement:
    change = read_event(record)
    attached = now if isinstance(now, Attached) else Attached(now)
    read = {name.replace("_", "."): found for name, found in others.items()}
    return judge(change, attached, earlier, KNOWN, change.arn("aws"), lambda name: read.get(name, NOBODY))


def was(text: str | None, **more: Any) -> EarlierText:
    return EarlierText(True, "the policy's text in the snapshot 20261101T060000Z", text, **more)


def test_a_weakened_deny_newly_allows_what_it_kept_out() -> None:
    strict, weak = policy(deny()), policy(deny(Condition={"Bool": {"aws:SecureTransport": "false"}}))
    others = {"open": policy(allow(OUTSIDER))}
    found = judged(put(weak), {**others, "agency": weak}, was(strict))
    assert found.outcome is Outcome.NEW and OUTSIDER in found.words and found.reach == "external"
    assert "open, statement 1 allows it" in found.words


def test_a_deleted_deny_newly_allows_what_it_kept_out() -> None:
    found = judged(DELETE, {"open": policy(allow(OUTSIDER))}, was(policy(deny())))
    assert found.outcome is Outcome.NEW and OUTSIDER in found.words


@pytest.mark.parametrize("record", [DELETE, put(policy(deny(MEMBER)))])
def test_without_the_earlier_text_a_lost_deny_cannot_be_ruled_out(record: dict[str, Any]) -> None:
    found = judged(record, {"open": policy(allow(OUTSIDER)), "agency": policy(deny(MEMBER))})
    assert found.outcome is Outcome.UNKNOWN and found.severity == "HIGH"
    assert "if it held a Deny" in found.words and OUTSIDER in found.words


def test_a_newcomer_does_not_hide_what_a_lost_deny_may_have_kept_out() -> None:
    text = policy(allow(OWN, Action="ses:GetEmailIdentity"))
    now = {"open": policy(allow()), "agency": text}
    found = judged(put(text), now)
    assert (found.outcome, found.reach, found.severity) == (Outcome.NEW, "public", "CRITICAL")
    assert OWN in found.words and "if it held a Deny" in found.notes[0]
    assert judged(put(text), now, was(None)).severity == "LOW"


def test_a_newcomer_does_not_hide_a_service_that_acts_for_anybody() -> None:
    text = policy(allow(OWN), {**allow(), "Principal": {"Service": "cognito-idp.amazonaws.com"}})
    found = judged(put(text), {"agency": text}, was(None))
    assert (found.reach, found.severity) == ("own", "HIGH")
    assert "cognito-idp.amazonaws.com" in found.notes[0]


def test_beside_a_policy_nobody_can_read_no_newcomer_is_harmless() -> None:
    text = policy(allow(OWN))
    assert judged(put(text), {"agency": text, "broken": "{"}, was(None)).severity == "HIGH"


def test_where_nobody_is_allowed_anything_no_earlier_text_is_needed() -> None:
    only_deny = policy(deny())
    assert judged(put(only_deny), {"agency": only_deny}).outcome is Outcome.NOTHING
    assert judged(DELETE, {}).outcome is Outcome.NOTHING
    assert judged(DELETE, {"other": only_deny}).outcome is Outcome.NOTHING


def test_the_same_text_again_allows_nothing_new() -> None:
    text = policy(allow(OUTSIDER))
    found = judged(put(text), {"agency": text}, was(text))
    assert found.outcome is Outcome.NOTHING and "the snapshot 20261101T060000Z" in found.since


def test_a_policy_that_was_changed_since_is_judged_as_the_call_left_it() -> None:
    found = judged(put(policy(allow(OUTSIDER))), {"agency": policy(deny())})
    assert found.outcome is Outcome.NEW
    assert found.notes == ("the policy was changed again since: this is what this call left behind",)


def test_a_policy_that_is_gone_again_is_told_for_while_it_was_there() -> None:
    found = judged(put(policy(allow(OUTSIDER))), {})
    assert found.outcome is Outcome.NEW and "no longer attached" in found.notes[0]


def test_the_text_alone_is_judged_when_the_others_cannot_be_read() -> None:
    found = judged(put(policy(allow(OUTSIDER))), DENIED)
    assert found.outcome is Outcome.NEW and "judged by this policy alone" in found.notes[0]


def test_a_deny_alone_is_safe_only_where_there_was_no_policy() -> None:
    assert judged(put(policy(deny())), DENIED).outcome is Outcome.UNKNOWN
    assert judged(put(policy(deny())), DENIED, was(policy(deny()))).outcome is Outcome.UNKNOWN
    assert judged(put(policy(deny())), DENIED, was(None)).outcome is Outcome.NOTHING


def test_a_deletion_whose_rest_cannot_be_read_is_not_judged() -> None:
    assert judged(DELETE, DENIED).outcome is Outcome.UNKNOWN


def test_an_unreadable_policy_is_not_judged_and_says_where() -> None:
    found = judged(put("{"), {"agency": "{"})
    assert found.outcome is Outcome.UNKNOWN and "cannot be read" in found.words
    assert found.exposure is not None and found.exposure.needs_review


def test_what_is_newly_allowed_is_said_beside_what_cannot_be_read() -> None:
    text = policy(allow(OUTSIDER))
    found = judged(put(text), {"agency": text, "broken": "{"})
    assert found.outcome is Outcome.NEW and "broken" in found.notes[0]


@pytest.mark.parametrize("name", ["Statement", "Version"])
def test_a_policy_named_like_an_element_is_a_policy(name: str) -> None:
    text = policy(allow(OUTSIDER))
    assert judged(put(text, name=name), {name: text}).outcome is Outcome.NEW


@pytest.mark.parametrize("record", [DELETE, event("DeleteEmailIdentity", {"emailIdentity": IDENTITY})])
def test_a_domain_without_policies_lets_nobody_in(record: dict[str, Any]) -> None:
    assert judged(record, {}).outcome is Outcome.NOTHING


ADDRESS_BARE = [
    event("DeleteIdentityPolicy", {"identity": ADDRESS, "policyName": "agency"}),
    event("DeleteIdentity", {"identity": ADDRESS}),
]


@pytest.mark.parametrize("record", ADDRESS_BARE)
def test_an_address_that_loses_its_policies_falls_under_its_domain(record: dict[str, Any]) -> None:
    found = judged(record, {}, example_com=Attached({"open": policy(allow(OUTSIDER))}))
    assert found.outcome is Outcome.UNKNOWN
    assert f"can send as {ADDRESS}" in found.words and OUTSIDER in found.words


@pytest.mark.parametrize("record", ADDRESS_BARE)
@pytest.mark.parametrize(
    "domain",
    [
        NOBODY,
        Attached({}),
        Attached({"other": policy(allow(OUTSIDER, Condition={"StringEquals": {"ses:FromAddress": "a@example.com"}}))}),
    ],
)
def test_a_domain_that_does_not_let_the_address_in_changes_nothing(record: dict[str, Any], domain: Attached) -> None:
    assert judged(record, {}, example_com=domain).outcome is Outcome.NOTHING


def test_an_address_that_had_no_policies_was_under_its_domain_before() -> None:
    domain = Attached({"open": policy(allow(OUTSIDER))})
    assert judged(ADDRESS_BARE[1], {}, was(None, bare=True), example_com=domain).outcome is Outcome.NOTHING


def test_a_domain_that_cannot_be_read_is_not_judged() -> None:
    found = judged(ADDRESS_BARE[1], {}, example_com=DENIED)
    assert found.outcome is Outcome.UNKNOWN and "falls under the policies of example.com" in found.words


@pytest.mark.parametrize(
    ("principal", "reach", "severity"),
    [
        ({"AWS": "*"}, "public", "CRITICAL"),
        ({"AWS": OUTSIDER}, "external", "HIGH"),
        ({"AWS": MEMBER}, "organization", "LOW"),
        ({"AWS": OWN}, "own", "LOW"),
        ({"Service": "cognito-idp.amazonaws.com"}, "service", "HIGH"),
    ],
)
def test_severity_is_that_of_the_farthest_newcomer(principal: Any, reach: str, severity: str) -> None:
    text = policy({**allow(), "Principal": principal})
    found = judged(put(text), {"agency": text})
    assert (found.reach, found.severity) == (reach, severity)


def test_accounts_of_an_unknown_organization_are_external() -> None:
    change = read_event(put(policy(allow(MEMBER))))
    nobody = Known(Organization(None), (), TODAY)
    assert judge(change, Attached({}), UNKNOWN, nobody, ARN, lambda _: NOBODY).reach == "external"


def changed(setting: Setting, text: str) -> Change:
    return Change(
        "e", "PutIdentityPolicy", read_event(put(text)).kind, datetime(2026, 11, 20, tzinfo=UTC), OWN, REGION,
        setting.name, OWN, "p", text, None, None, None,
    )  # fmt: skip


@examples(30)
@given(whos, documents(2), documents(2), st.one_of(st.none(), documents(1)))
def test_the_message_says_newly_exactly_when_the_change_is_not_narrower(
    setting: Setting, new: Any, old: Any, beside: Any
) -> None:
    """By the engine's comparison, and no request that is new by the referee goes unsaid."""
    new, old = json.dumps(new), json.dumps(old)
    others = {} if beside is None else {"q": json.dumps(beside)}
    known = Known(Organization(setting.org, setting.members), (), TODAY)
    change = changed(setting, new)
    arn = setting.identity
    found = judge(change, Attached({**others, "p": new}), was(old), known, arn, lambda _: NOBODY)
    after, before = {**others, "p": new}, {**others, "p": old}
    compared = narrower_or_equal(after, before, identity_arn=arn, organization=known.organization, today=TODAY)
    message = body(change, found, arn)
    assert message.startswith("This change newly allows: ") == (not compared)
    assert message.startswith("This change allows nothing new: ") == bool(compared)
    without_text = judge(change, Attached({**others, "p": new}), UNKNOWN, known, arn, lambda _: NOBODY)
    try:
        news, olds = read_policies(after), read_policies(before)
        asked = requests(setting, (*news, *olds), TODAY.isoformat())
        fresh = any(decide(news, one).allowed and not decide(olds, one).allowed for one, _, _ in asked)
    except TooManyError:
        reject()
    if fresh:
        assert found.outcome is Outcome.NEW
        assert without_text.outcome is not Outcome.NOTHING
