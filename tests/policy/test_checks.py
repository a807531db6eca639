"""An engine that errs is noticed, and errs for one identity alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sesreport.policy import engine, evidence, explain
from sesreport.policy.callers import may_meet
from tests.policy.build import COGNITO, OUTSIDER, VENDOR, allow, deny, exposure


def lying(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    """Let the engine say something else than it found."""
    right = engine._decide

    def wrong(question: engine.Question) -> engine.DecidedExposure:
        outcome = right(question)
        return replace(outcome, exposure=replace(outcome.exposure, **facts))

    monkeypatch.setattr(engine, "_decide", wrong)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"exposure": "none"}, "says none, and the widest request that proves a class proves vendor"),
        ({"exposure": "own"}, "says own"),
        ({"exposure": "public", "public": True}, "says public"),
        ({"external_accounts": frozenset({OUTSIDER})}, f"names the account {OUTSIDER}, which stands in no policy"),
        ({"external_orgs": frozenset({"o-zzzzzzzzzz"})}, "names the organization o-zzzzzzzzzz"),
        ({"services": frozenset({"lambda.amazonaws.com"})}, "names the service lambda.amazonaws.com"),
        ({"from_patterns": ("*@elsewhere.example",)}, "names the address *@elsewhere.example"),
        ({"services": frozenset({"*"})}, "a service can send, and no request proves it"),
    ],
)
def test_an_answer_that_fails_its_checks_needs_review(
    facts: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying(monkeypatch, **facts)
    found = exposure(allow({"AWS": VENDOR}))
    assert found.needs_review
    assert any(said in text for text in found.undecided)


def test_a_stranger_who_can_send_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, exposure="external", public=False)
    assert "proves public" in exposure(allow()).undecided[0]


def test_a_request_that_the_referee_refuses_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    right = evidence.decide
    monkeypatch.setattr(evidence, "decide", lambda *asked: replace(right(*asked), allowed=False))
    assert "proves none" in exposure(allow({"AWS": VENDOR})).undecided[0]


def test_a_right_answer_passes_its_checks() -> None:
    assert not exposure(allow({"AWS": VENDOR}), allow(COGNITO), deny({"AWS": OUTSIDER})).needs_review


def test_an_engine_that_fails_calls_nothing_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise KeyError("888888888888")

    monkeypatch.setattr(engine, "_scene", fail)
    found = exposure(allow({"AWS": VENDOR}))
    assert found.needs_review and not found.judged and found.public
    assert found.undecided == ("could not be judged (KeyError: '888888888888'): taken for public",)
    assert found.grants == ()
    assert "nobody" not in str(explain(found)).partition("What this does not show")[0]


@pytest.mark.parametrize(
    "condition",
    [
        {"BinaryEquals": {"aws:UserAgent": "QUJD"}},
        {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team}"}},
    ],
)
def test_every_exposure_but_none_has_a_witness(condition: dict[str, Any]) -> None:
    found = exposure(allow({"AWS": OUTSIDER}, condition))
    assert found.needs_review and found.exposure == "external"
    assert found.witnesses[0].exposure == "external"
    assert found.witnesses[0].assumed or not found.undecided


def test_what_is_too_much_to_decide_has_a_witness_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_ATTEMPTS", 0)
    found = exposure(allow({"AWS": VENDOR}))
    assert found.exposure == "public" and not found.judged
    assert found.witnesses[0].exposure == "public" and found.witnesses[0].assumed == found.undecided


def test_a_question_that_breaks_the_engine_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    right = exposure(allow({"AWS": VENDOR}))
    monkeypatch.setattr(engine, "_decide", lambda question: [][0])
    assert right.evidence is not None
    found = right.evidence.decided().exposure
    assert not found.judged and found.public and "IndexError" in found.undecided[0]


def test_a_condition_on_a_key_that_was_given_up_rules_no_account_out() -> None:
    condition = {"StringEquals": {"aws:PrincipalAccount": VENDOR}}
    question = exposure(allow("*", condition)).evidence
    assert question is not None
    scene = question.decided().scene
    asked = (OUTSIDER, "aws:principalaccount", "aws:principalarn")
    assert not may_meet(scene, *asked)
    assert may_meet(replace(scene, given_up=frozenset({"aws:principalaccount"})), *asked)
