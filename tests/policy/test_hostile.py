"""Hostile cases and every public way to a verdict; ``make prove`` asks about many more.

``wrong_once.jsonl`` holds cases of which a release told the wrong verdict, with the right one.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests_shared import TIMES

from sesreport.policy import Exposure, Organization, analyze, decide, read_policies
from sesreport.policy.cache import ExposureCache
from tests.policy import prove
from tests.policy.hostile import cases_of

TODAY = date(2026, 11, 24)
WRONG_ONCE = [json.loads(line) for line in Path(__file__).with_name("wrong_once.jsonl").read_text().splitlines()]
SETS = ("external_accounts", "external_orgs", "services", "service_accounts", "limited_by")


def agrees(tally: prove.Tally, *ways: str) -> None:
    """Fail with the differences of these ways."""
    if any(way in ways for way, _ in tally.bad):
        pytest.fail("\n".join(tally.lines()), pytrace=False)


@pytest.fixture(scope="module", params=(0, 1200))
def tally(request: pytest.FixtureRequest) -> prove.Tally:
    return prove.run(count=150 * TIMES, referee=0, seed=11, first=request.param, pack=50)


def test_every_way_gives_the_verdict_of_the_engine(tally: prove.Tally) -> None:
    assert {"analyze", "analyze without cache", "watch", "explain", "config rule", "pack"} <= set(tally.compared)
    agrees(tally, *(tally.compared.keys() - {"proofs", "unreadable texts", "resources"}))


def test_every_verdict_is_proved_by_a_request_that_is_possible_and_allowed(tally: prove.Tally) -> None:
    agrees(tally, "proofs")


def test_resources_fit_as_a_second_reading_of_them_says(tally: prove.Tally) -> None:
    agrees(tally, "resources")


def test_what_is_no_policy_needs_review(tally: prove.Tally) -> None:
    assert tally.compared["unreadable texts"]
    agrees(tally, "unreadable texts")


def test_the_referee_agrees() -> None:
    found = prove.run(count=120, referee=100, seed=11, first=5000, pack=10_000)
    assert found.compared["referee"] > 75
    agrees(found, "referee")


def test_a_seed_makes_the_same_cases_again() -> None:
    assert [cases_of(3, number) for number in range(30)] == [cases_of(3, number) for number in range(30)]


def facts(exposure: Exposure) -> dict[str, Any]:
    found = prove.facts_of(exposure)
    return {**found, **{name: sorted(found[name]) for name in SETS}, "from_patterns": set(exposure.from_patterns)}


@pytest.mark.parametrize("case", WRONG_ONCE, ids=lambda case: case["id"])
def test_what_was_wrong_once_is_right(case: dict[str, Any]) -> None:
    asked: dict[str, Any] = {
        "organization": Organization(case["org"]["id"], case["org"]["accounts"]),
        "register": case["vendors"],
        "today": TODAY,
    }
    truth = {**case["truth"], "from_patterns": set(case["truth"]["from_patterns"])}
    truth["needs_review"] = truth.pop("error")
    texts = {name: json.dumps(policy) for name, policy in case["policies"].items()}
    for exposure in (analyze(case["identity"], texts, **asked), analyze(case["identity"], case["policies"], **asked)):
        assert facts(exposure) == truth
    assert facts(analyze(case["identity"], texts, **asked, cache=ExposureCache())) == truth


@pytest.mark.parametrize("case", WRONG_ONCE, ids=lambda case: case["id"])
def test_what_was_wrong_once_is_proved(case: dict[str, Any]) -> None:
    organization = Organization(case["org"]["id"], case["org"]["accounts"])
    exposure = analyze(
        case["identity"], case["policies"], organization=organization, register=case["vendors"], today=TODAY
    )
    policies = read_policies(case["policies"])
    assert bool(exposure.witnesses) == (exposure.exposure != "none")
    assert all(decide(policies, witness.request).allowed for witness in exposure.witnesses)


RIGHT = {
    **dict.fromkeys(("external_accounts", "external_orgs", "services", "service_accounts"), frozenset()),
    **{"exposure": "external", "public": False, "any_from_address": False, "guarded": None, "needs_review": False},
    **{"from_patterns": (), "limited_by": ()},
}


@pytest.mark.parametrize(
    "name, value, kind",
    [
        ("exposure", "none", prove.FALSE_SAFE),
        ("exposure", "public", prove.FALSE_ALARM),
        ("any_from_address", True, prove.FALSE_ALARM),
        ("external_accounts", frozenset({"111122223333"}), prove.FALSE_ALARM),
        ("guarded", False, prove.FALSE_ALARM),
        ("from_patterns", ("a@example.com",), prove.OTHER),
        ("exposure", "external", None),
    ],
)
def test_a_verdict_that_hides_something_is_a_false_safe(name: str, value: Any, kind: str | None) -> None:
    assert prove.difference(RIGHT, {**RIGHT, name: value}) == kind


def test_a_way_that_says_none_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(identity_arn: str, policies: Any, **_: Any) -> Exposure:
        return Exposure(identity_arn, "none", False)

    monkeypatch.setattr(prove, "analyze", nobody)
    found = prove.run(count=20, referee=0, seed=11, pack=10_000)
    assert found.bad["analyze", prove.FALSE_SAFE]


def test_a_way_that_raises_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "explain_policies", None)
    found = prove.run(count=10, referee=0, seed=11, pack=10_000)
    assert found.bad["explain", prove.CRASH]
