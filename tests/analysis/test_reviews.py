"""Which grants have to be answered for, which answer stands, and what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sesreport.analysis import Analysis
from sesreport.analysis.joins import records
from sesreport.analysis.reviews import answerable
from sesreport.findings.examples import OWN, UNKNOWN, VENDOR, Example, allow, answered, deny
from sesreport.settings.attestations import FRAME
from sesreport.settings.config import Review

ONE = {"p": allow(VENDOR)}
FROM = {"Condition": {"StringLike": {"ses:FromAddress": "news@example.com"}}}


def review(example: Example, folder: Path, **how: Any) -> dict[str, Any]:
    """The only row."""
    (row,) = example.analysis(folder, **how).reviews.to_dict("records")
    return row


def with_answers_of(now: Analysis, before: Analysis, answer: str, **fields: Any) -> Analysis:
    """The later analysis with an answer about all that the earlier one shows."""
    made = Example(answers=[answered(answer, 40, **fields)]).attestations_about(before, before.snapshot.started_at)
    return replace(now, attestations=made)


def test_what_reaches_beyond_the_organization_or_cannot_be_judged_has_to_be_answered_for(tmp_path: Path) -> None:
    policies = {
        "vendor": allow(VENDOR), "unknown": allow(UNKNOWN), "anyone": allow("*"), "broken": "{",
        "service": allow({"Service": "cognito-idp.amazonaws.com"}), "own": allow(OWN),
        "manage": allow(UNKNOWN, "ses:GetEmailIdentity"),
    }  # fmt: skip
    found = Example(policies).analysis(tmp_path).reviews
    assert set(found["policy_name"]) == {"vendor", "unknown", "anyone", "broken", "service"}


def test_statements_with_the_same_facts_are_one_row(tmp_path: Path) -> None:
    twice = allow(VENDOR)
    twice["Statement"] = [*twice["Statement"], *twice["Statement"], *allow(VENDOR, **FROM)["Statement"]]
    assert Example({"p": twice}).analysis(tmp_path).reviews["statement"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("days", "quarter", "standing"),
    [(20, "2027-Q1", "attested"), (60, "2026-Q4", "due"), (150, "2026-Q3", "overdue")],
)
def test_a_kept_grant_is_asked_for_again_in_the_next_quarter(
    tmp_path: Path, days: int, quarter: str, standing: str
) -> None:
    row = review(Example(ONE, answers=[answered("keep", days)]), tmp_path)
    assert (row["answer"], row["due_quarter"], row["standing"]) == ("keep", quarter, standing)
    assert not row["never_reviewed"]


@pytest.mark.parametrize(
    ("answer", "due", "standing"),
    [("revoke", 40, "to revoke"), ("revoke", 39, "revoke overdue"), ("narrow", 40, "to narrow"),
     ("narrow", 39, "narrow overdue")],
)  # fmt: skip
def test_what_was_asked_for_is_overdue_from_the_day_after(tmp_path: Path, answer: str, due: int, standing: str) -> None:
    assert review(Example(ONE, answers=[answered(answer, 40, due=due)]), tmp_path)["standing"] == standing


@pytest.mark.parametrize(("first", "standing"), [("", "due"), ("2026-Q4", "due"), ("2026-Q3", "overdue")])
def test_the_first_quarter_to_be_answered_for_is_a_setting(tmp_path: Path, first: str, standing: str) -> None:
    made = Example(ONE, earlier=Example(ONE)).analysis(tmp_path, now=datetime(2026, 10, 3, 6, tzinfo=UTC))
    made.config = made.config.model_copy(update={"review": Review(first=first)})
    row = made.reviews.iloc[0]
    assert (row["standing"], row["never_reviewed"]) == (standing, True)
    assert row["since"] == pd.Timestamp("2026-09-02T06:00Z")


@pytest.mark.parametrize(
    "now",
    [
        {"p": allow(VENDOR, "ses:*")},
        {"p": allow(VENDOR, **FROM)},
        {"q": allow(VENDOR)},
        {"p": allow(VENDOR), "q": deny(UNKNOWN)},
        {"p": allow({"AWS": f"arn:aws:iam::{VENDOR}:root"})},
    ],
)
def test_a_keep_about_other_facts_attests_nothing(tmp_path: Path, now: dict[str, Any]) -> None:
    before = Example(ONE).analysis(tmp_path / "before")
    (row,) = with_answers_of(Example(now).analysis(tmp_path / "now"), before, "keep").reviews.to_dict("records")
    assert row["standing"] != "attested"
    assert pd.isna(row["answer"])


def test_neither_sid_nor_place_nor_the_register_are_facts(tmp_path: Path) -> None:
    later = allow(VENDOR, Sid="new")
    later["Statement"] = [*allow(OWN)["Statement"], *later["Statement"]]
    example = Example({"p": later}).analysis(tmp_path / "b")
    unregistered = replace(example, register=example.register.iloc[:0])
    facts = [
        answerable(each)["facts_sha256"].tolist()
        for each in (example, unregistered, Example(ONE).analysis(tmp_path / "a"))
    ]
    assert facts[0] == facts[1] == facts[2]


def test_a_broken_policy_is_another_when_its_text_is(tmp_path: Path) -> None:
    before = Example({"p": "{"}).analysis(tmp_path / "a")
    (row,) = with_answers_of(Example({"p": "{{"}).analysis(tmp_path / "b"), before, "keep").reviews.to_dict("records")
    assert row["standing"] == "due"


def test_a_revoked_grant_that_was_changed_is_still_to_be_revoked(tmp_path: Path) -> None:
    before, now = Example(ONE).analysis(tmp_path / "a"), Example({"p": allow(VENDOR, "ses:*")}).analysis(tmp_path / "b")
    (row,) = with_answers_of(now, before, "revoke", due=30).reviews.to_dict("records")
    assert (row["standing"], row["answer"]) == ("revoke overdue", "revoke")
    assert row["changed"] == (
        "may read or change the identity: no → yes; actions: + ses:*, − ses:SendEmail, − ses:SendRawEmail"
    )


@pytest.mark.parametrize(
    ("now", "standing"), [(allow(VENDOR, **FROM), "due"), (allow(VENDOR, "ses:*"), "narrow overdue")]
)
def test_narrowing_is_done_when_the_grant_is_surely_narrower(tmp_path: Path, now: Any, standing: str) -> None:
    before = Example(ONE).analysis(tmp_path / "a")
    (row,) = with_answers_of(Example({"p": now}).analysis(tmp_path / "b"), before, "narrow", due=30).reviews.to_dict(
        "records"
    )
    assert row["standing"] == standing


@pytest.mark.parametrize("now", [ONE, {"p": allow(VENDOR, "ses:*")}])
def test_the_answer_for_the_newest_quarter_stands_whichever_was_imported_last(tmp_path: Path, now: Any) -> None:
    before = Example(ONE).analysis(tmp_path / "a")
    made = with_answers_of(Example(now).analysis(tmp_path / "b"), before, "revoke", due=30)
    (newer,) = records(made.attestations)
    older = {**newer, "attestation_id": "late", "quarter": "2026-Q1", "answer": "keep", "due": None}
    answers = pd.concat([made.attestations, FRAME.from_rows([older])], ignore_index=True)
    assert replace(made, attestations=answers).reviews["answer"].tolist() == ["revoke"]


def test_a_statement_beside_a_revoked_one_keeps_its_own_answer(tmp_path: Path) -> None:
    both = allow(VENDOR)
    both["Statement"] = [*both["Statement"], *allow(VENDOR, **FROM)["Statement"]]
    before = Example({"p": both}).analysis(tmp_path / "a")
    made = with_answers_of(Example({"p": allow(VENDOR, **FROM)}).analysis(tmp_path / "b"), before, "revoke", due=30)
    kept = made.attestations["facts"].str.contains("news@")
    answers = made.attestations.assign(
        answer=made.attestations["answer"].mask(kept, "keep"), due=made.attestations["due"].mask(kept)
    )
    assert replace(made, attestations=answers).reviews["answer"].tolist() == ["keep"]
