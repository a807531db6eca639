"""A sample of the matrix of operations and faults, on a narrow part of the demonstration organization."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import sesreport.aws.clients
from sesreport.collect.datasets.accounts import UNSERVED
from sesreport.demo import Endpoint
from tests.collect.matrix import ALWAYS, ONCE, PLACE, Lab, Part, cells, lab

NARROW = Part(
    ["210000000006"],
    ["eu-west-1"],
    skip=["changes", "costs", "dedicated_ips", "metrics", "recommendations", "sending"],
)
WHOLE, GAP, ENDED = "the same", "a gap in coverage", "ended without a snapshot"


@pytest.fixture(scope="module")
def narrow(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(NARROW, endpoint, tmp_path_factory.mktemp("lab")) as built:
        yield built


@pytest.mark.parametrize(
    ("operation", "fault", "occasion", "expected"),
    [
        ("sesv2:GetEmailIdentity", "cut-and-counted", ONCE, WHOLE),
        ("sesv2:GetEmailIdentity", "object-of-aws", ALWAYS, GAP),
        ("sesv2:GetEmailIdentity", "null-in-map", ONCE, GAP),
        ("sesv2:ListEmailIdentities", "object", ONCE, WHOLE),
        ("sesv2:ListEmailIdentities", "html-chunked", PLACE, GAP),
        ("sesv2:ListEmailIdentities", "null-item", ONCE, GAP),
        ("ses:GetIdentityNotificationAttributes", "null-members", ALWAYS, GAP),
        ("organizations:ListTagsForResource", "reset", ONCE, WHOLE),
        ("organizations:ListAccountsForParent", "404-html", ALWAYS, ENDED),
        ("sts:AssumeRole", "cut", ONCE, WHOLE),
        ("sts:GetCallerIdentity", "html", ONCE, WHOLE),
        ("sts:GetCallerIdentity", "null-members", ALWAYS, ENDED),
        ("sts:GetCallerIdentity", "slow", ONCE, WHOLE),
    ],
)
def test_a_fault_leaves_no_trace_or_a_gap(
    narrow: Lab, operation: str, fault: str, occasion: str, expected: str
) -> None:
    (cell,) = cells([operation], [fault], [occasion])
    assert narrow.judge(cell) == (expected, [])


def test_the_comparison_sees_what_is_lost(narrow: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look at the form of answers, a page that is not AWS's is a list with nothing on it."""
    monkeypatch.setattr(sesreport.aws.clients, "check_form", lambda **_: None)
    (cell,) = cells(["sesv2:ListEmailIdentities"], ["object"], [PLACE])
    outcome, wrong = narrow.judge(cell)
    assert outcome == WHOLE  # as far as coverage tells
    assert any(one.startswith("identities of 210000000006/eu-west-1: 5 of 5 rows are missing") for one in wrong)


def test_tags_are_not_asked_for_without_end_where_none_come(narrow: Lab) -> None:
    (cell,) = cells(["organizations:ListTagsForResource"], ["reset"], [ALWAYS])
    profile, proxy = narrow.proxies.get()
    narrow.proxies.put((profile, proxy))
    proxy.questions.clear()
    assert narrow.judge(cell) == (GAP, [])
    assert len(narrow.good.accounts) > UNSERVED
    assert len({one.body for one in proxy.questions if one.operation == "ListTagsForResource"}) == UNSERVED
