"""A cache belongs to its owner and answers only equal questions."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from sesreport.policy import ExposureCache, Organization, analyze
from tests.policy.build import (
    ADDRESS,
    DOMAIN,
    MEMBER,
    ORG,
    ORGANIZATION,
    OUTSIDER,
    OWN,
    REGISTER,
    TODAY,
    VENDOR,
    allow,
    deny,
    policy,
)
from tests.policy.hostile import cases_of

LATER = date(2031, 1, 1)


def text(*statements: Any) -> dict[str, str]:
    return {"p": json.dumps(policy(*statements))}


def asked(cache: ExposureCache, policies: dict[str, Any], **more: Any) -> Any:
    about = {"organization": ORGANIZATION, "register": REGISTER, "today": TODAY, **more}
    return analyze(DOMAIN, policies, **about, cache=cache)


def test_an_equal_question_gets_the_same_answer() -> None:
    cache = ExposureCache()
    assert asked(cache, text(allow({"AWS": VENDOR}))) is asked(cache, text(allow({"AWS": VENDOR})))


@pytest.mark.parametrize(
    "more",
    [
        {"register": {}},
        {"register": {VENDOR: "Another name"}},
        {"organization": Organization(ORG, {OWN, MEMBER, VENDOR})},
        {"organization": Organization(None)},
        {"identities": {ADDRESS: text(deny())}},
    ],
)
def test_a_question_that_differs_in_anything_is_another(more: dict[str, Any]) -> None:
    cache = ExposureCache()
    only = allow({"AWS": VENDOR}, {"StringEquals": {"ses:FromAddress": "news@example.com"}})
    first = asked(cache, text(only))
    assert asked(cache, text(only), **more) is not first
    assert asked(cache, text(only), **more) == asked(ExposureCache(), text(only), **more)


@pytest.mark.parametrize(
    "condition",
    [
        '{"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}',
        '{"DateLessThan": {"aws:\\u0043urrentTime": "2030-01-01T00:00:00Z"}}',
        '{"NumericLessThan": {"aws:epochTIME": "1893456000"}}',
    ],
)
def test_the_day_counts_where_a_policy_looks_at_the_time(condition: str) -> None:
    cache = ExposureCache()
    source = json.dumps(policy(allow({"AWS": VENDOR}, {"Bool": "here"}))).replace('{"Bool": "here"}', condition)
    assert asked(cache, {"p": source}).exposure == "vendor"
    assert asked(cache, {"p": source}, today=LATER).exposure == "none"


def test_the_day_does_not_count_where_no_policy_looks_at_the_time() -> None:
    cache = ExposureCache()
    assert asked(cache, text(allow())) is asked(cache, text(allow()), today=LATER)


def test_an_object_that_changes_is_judged_as_it_is_now() -> None:
    cache = ExposureCache()
    changing = policy(allow({"AWS": VENDOR}))
    assert asked(cache, {"p": changing}).exposure == "vendor"
    changing["Statement"].append(allow())
    assert asked(cache, {"p": changing}).exposure == "public"


def test_a_full_cache_starts_again() -> None:
    cache = ExposureCache(most=3)
    for number in range(20):
        account = f"{300_000_000_000 + number}"
        assert asked(cache, text(allow({"AWS": account}))).external_accounts == {account}


def test_four_threads_get_their_own_answers() -> None:
    """Each asks the same policies with an organization and a register of its own."""
    cache = ExposureCache()
    cases = [case for number in range(30) for case in cases_of(5, number)]
    surroundings = [
        (ORGANIZATION, REGISTER),
        (ORGANIZATION, {OUTSIDER: "Agency"}),
        (Organization(ORG), {}),
        (Organization(None), {VENDOR: "V", OUTSIDER: "O"}),
    ]

    def judge(whose: int) -> list[Any]:
        organization, register = surroundings[whose]
        about = {"organization": organization, "register": register, "today": TODAY}
        return [
            analyze(c.identity, c.policies, **about, identities=c.near, cache=cache) for c in cases for _ in range(2)
        ]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(judge, range(4)))
    for whose, found in enumerate(together):
        organization, register = surroundings[whose]
        about = {"organization": organization, "register": register, "today": TODAY}
        alone = [analyze(c.identity, c.policies, **about, identities=c.near) for c in cases]
        assert found == [exposure for exposure in alone for _ in range(2)]


def test_an_unreadable_address_does_not_come_first_by_way_of_a_cache() -> None:
    only = text(allow({"AWS": VENDOR}, {"StringEquals": {"ses:FromAddress": "news@example.com"}}))
    assert asked(ExposureCache(), only, identities={ADDRESS: {"own": "{"}}).exposure == "vendor"
    assert asked(ExposureCache(), only, identities={ADDRESS: text(deny())}).exposure == "none"
