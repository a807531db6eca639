"""What an answer may be beside those that were imported before it, and by when what it asks for is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sesreport.core.quarter import Quarter
from sesreport.governance.review.checks import Answer, contradictions, due_of, midnight, said_of
from sesreport.governance.review.reading import AnsweredWorkbook
from sesreport.governance.review.rows import About
from sesreport.settings.attestations import FRAME, added, facts_sha256

DAY = date(2026, 11, 4)
REVIEW = {
    "account_id": "210000000001", "region": "eu-west-1", "identity": "example.com", "policy_name": "p", "statement": 1,
    "grantee": "310000000001", "facts": "{}", "facts_sha256": facts_sha256("{}"), "due": None,
}  # fmt: skip


def answer(said: str, quarter: str = "2026-Q4", reviewer: str = "Ada", last: date | None = None, **how: Any) -> Answer:
    about = About(Quarter.parse(quarter), "o-exampleorg1", "20261103T060000Z")
    book = AnsweredWorkbook(Path(f"{said}.xlsx"), f"{said}, {quarter}, {reviewer}", about)
    return Answer(book, 6, {**REVIEW, **how}, said, last, None, None, reviewer)


def after(*answers: Answer) -> pd.DataFrame:
    """The attestations after answers that were given one day after the other."""
    frame = FRAME.empty()
    for number, each in enumerate(answers):
        today = DAY + timedelta(days=number)
        row = {**said_of(each), "answered_at": midnight(today), "due": due_of(each, frame, today, 30), "snapshot": "s"}
        frame = added(frame, [row])
    return frame


def told(new: Answer, *given: Answer) -> list[str]:
    return [what for _, what in contradictions([new], after(*given))]


def test_an_answer_for_a_quarter_before_that_of_another_is_told() -> None:
    (line,) = told(answer("keep"), answer("revoke", "2027-Q1", "Grace"))
    assert line == (
        "revoke was answered by Grace on 2026-11-04 for 2027-Q1 already, so none for 2026-Q4 counts; leave it out"
    )


def test_a_file_that_was_imported_before_later_answers_is_known_and_no_problem() -> None:
    assert told(answer("keep"), answer("keep"), answer("revoke", "2027-Q1")) == []


def test_an_answer_that_differs_from_that_of_another_reviewer_names_who_what_and_when() -> None:
    (line,) = told(answer("keep", reviewer="Grace"), answer("revoke"))
    assert line == ("revoke was answered by Ada on 2026-11-04: the answers differ; settle it, and let Ada answer anew")
    (line,) = told(answer("keep", reviewer="Grace", last=date(2027, 3, 1)), answer("keep", last=date(2027, 6, 1)))
    assert line.startswith("keep until 2027-06-01 was answered by Ada")


@pytest.mark.parametrize(
    ("new", "given"),
    [
        (answer("keep"), [answer("revoke")]),
        (answer("keep", reviewer="Grace"), [answer("keep")]),
        (answer("keep", "2027-Q1", "Grace"), [answer("revoke")]),
        (answer("keep", reviewer="Grace", facts="[]", facts_sha256=facts_sha256("[]")), [answer("revoke")]),
        (answer("revoke", reviewer="Grace"), [answer("keep"), answer("revoke")]),
    ],
    ids=["corrected", "the same", "another quarter", "other facts", "after a correction"],
)
def test_other_answers_go_with_earlier_ones(new: Answer, given: list[Answer]) -> None:
    assert told(new, *given) == []


def test_reviewers_who_answered_the_same_change_it_together() -> None:
    given = after(answer("keep"), answer("keep", reviewer="Grace"))
    alone, together = [answer("revoke")], [answer("revoke"), answer("revoke", reviewer="Grace")]
    assert len(list(contradictions(alone, given))) == 1
    assert list(contradictions(together, given)) == []


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ([], 0),
        ([answer("revoke"), answer("keep")], 30),
        ([answer("narrow")], 30),
        ([answer("revoke"), answer("narrow"), answer("keep")], 30),
        ([answer("revoke"), answer("revoke", "2027-Q1"), answer("keep", "2027-Q1")], 30),
        ([answer("revoke"), answer("keep", "2027-Q1")], 0),
        ([answer("revoke", facts="[]", facts_sha256=facts_sha256("[]"))], 0),
    ],
    ids=["first", "kept between", "in turn", "both", "asked for again", "kept later", "other facts"],
)
def test_the_first_due_stays_unless_a_later_quarter_kept_the_grant(given: list[Answer], days: int) -> None:
    today = DAY + timedelta(days=30)
    expected = midnight(today + timedelta(days=30 - days))
    assert due_of(answer("revoke", "2027-Q1"), after(*given), today, 30) == expected


def test_what_stands_for_other_facts_keeps_its_due() -> None:
    due = datetime(2026, 11, 30, tzinfo=UTC)
    assert due_of(answer("narrow", due=due), FRAME.empty(), DAY, 30) == due
