"""What is wrong with the answers of reviewers, each told with its file, row and column."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS
from sesreport.analysis.joins import records, rows
from sesreport.analysis.judged import judged
from sesreport.analysis.read_identities import read_lanes
from sesreport.analysis.registry import Analysis
from sesreport.core.days import read_day
from sesreport.core.errors import suggestion
from sesreport.core.quarter import Quarter
from sesreport.core.text import FORMULA_STARTS, visible
from sesreport.core.vocabulary import IDENTITY
from sesreport.governance.review.reading import AnsweredWorkbook, AnswerRow, Problem
from sesreport.governance.review.rows import (
    ANSWERS,
    FACTS,
    KEY,
    SHEET,
    About,
    Key,
    changed_cells,
    facts_hash,
    grant_hash,
    last_day,
    make_key,
    read_key,
)
from sesreport.settings import attestations
from sesreport.settings.approvals import LONGEST
from sesreport.settings.attestations import KEEP


@dataclass(frozen=True)
class Answer:
    """A row that can be imported: what was answered about which review."""

    book: AnsweredWorkbook
    row: int
    review: Mapping[str, Any]
    """The row of the frame ``reviews`` that it answers."""
    answer: str
    last_day: date | None
    """The last day of the approval that is asked for."""
    ticket: str | None
    comment: str | None
    reviewer: str

    @property
    def about(self) -> tuple[str, ...]:
        """The grant and its facts."""
        return tuple(self.review[name] for name in attestations.ABOUT)

    @property
    def asks(self) -> tuple[Any, ...]:
        """What reviewers have to agree on."""
        return self.answer, self.expires_at, self.ticket

    @property
    def expires_at(self) -> datetime | None:
        """The first instant at which the approval that is asked for ends."""
        return None if self.last_day is None else midnight(self.last_day + timedelta(days=1))

    @property
    def quarter(self) -> Quarter:
        """The quarter it answers for."""
        assert self.book.about is not None
        return self.book.about.quarter

    @property
    def where(self) -> str:
        return f"{self.book.path}, row {self.row}"


@dataclass(frozen=True)
class Checker:
    """Rows are checked against the newest snapshot, and on the day of the import."""

    newest: Analysis
    named: Mapping[str, Analysis]
    """Analyses of the snapshots that workbooks were exported from, by id."""
    today: date
    reviewer: str | None
    """Who answered where a row does not say."""

    def check_about(self, books: Sequence[AnsweredWorkbook]) -> None:
        """What workbooks are of: this organization, its snapshots, and one quarter that can be answered for."""
        organization, running = self.newest.snapshot.organization, Quarter.of(self.today)
        quarters = sorted({book.about.quarter for book in books if book.about})
        for book in books:
            about = book.about
            if about is None:
                continue
            if about.organization != organization:
                book.file_problem(f"is of the organization {about.organization:.40}, not of {organization}")
            elif not running.shift(-1) <= about.quarter <= running:
                book.file_problem(
                    f"is of {about.quarter}; on {self.today} only {running.shift(-1)} and {running} can be answered for"
                )
            elif about.snapshot not in self.named:
                book.file_problem(
                    f"was exported from the snapshot {about.snapshot:.40}, which is not there; export anew"
                )
            elif about.quarter != quarters[0]:
                book.file_problem(f"is of {about.quarter}, others are of {quarters[0]}; import each quarter by itself")

    def answers(self, book: AnsweredWorkbook) -> list[Answer]:
        """The rows of a workbook that can be imported; what is wrong with the others stands among its problems."""
        assert book.about is not None
        now = {(grant_hash(row), facts_hash(row)): row for row in records(self.newest.reviews)}
        found = [self._answer(book, book.about, row, now) for row in book.rows]
        keys = {row.cells[KEY] for row in book.rows if row.cells[KEY]}
        if len(keys) < book.expected:
            book.problem(f"has {len(keys)} of the {book.expected} rows that were exported; put the others back")
        first: dict[tuple[Any, ...], int] = {}
        for each in filter(None, found):
            said = (*each.about, *each.asks, each.reviewer)
            if first.setdefault(said, each.row) != each.row:
                book.problem(f"is that of row {first[said]} once more; take one of the two out", each.row, KEY)
        return [each for each in found if each is not None and each.row not in book.bad_rows]

    def _answer(
        self, book: AnsweredWorkbook, about: About, row: AnswerRow, now: Mapping[tuple[str, str], Mapping[str, Any]]
    ) -> Answer | None:
        key = read_key(row.cells[KEY] or "")
        if key is None:
            book.problem("names no row of the export; restore it", row.number, KEY)
            return None
        texts = [row.cells[title] or "" for title in FACTS.values()]
        made = make_key(about, key.grant, key.facts, texts)
        if made != key:
            titles = changed_cells(key, made) or [KEY]
            for title in titles if row.number not in book.bad_rows else ():
                book.problem("is not what was exported; restore it, as an answer is about the facts", row.number, title)
            return None
        review = now.get((key.grant, key.facts))
        if review is None:
            book.problem(self._why_not(key, about), row.number, KEY)
            return None
        return self._parsed(book, row, review)

    def _why_not(self, key: Key, about: About) -> str:
        """Why no grant of the newest snapshot has this key."""
        exported = records(self.named[about.snapshot].reviews)
        known = next((row for row in exported if (grant_hash(row), facts_hash(row)) == key[:2]), None)
        if known is None:
            return "names a grant that is not in the snapshot it was exported from; restore it"
        here = f"snapshot {self.newest.snapshot.id}"
        if not self._was_read(known):
            return (
                f"{here} could not read the policies of {known['identity']}, so nothing is known of it; collect again"
            )
        if any(grant_hash(row) == key.grant for row in records(self.newest.reviews)):
            return (
                f"the grant was changed since the export, as {here} shows; export anew, and answer for what it is now"
            )
        return f"the grant is gone, as {here} shows; nothing is left to answer for: import the others with --partial"

    def _was_read(self, row: Mapping[str, Any]) -> bool:
        """Whether the newest snapshot shows what policies the identity has, or that it is gone."""
        place, identity = (row["account_id"], row["region"]), row["identity"]
        if place not in self.newest.once(read_lanes, POLICY_DATASETS):
            return False
        there = set(rows(self.newest.identities, IDENTITY))
        return (*place, identity) not in there or (*place, identity) in judged(self.newest).by_identity

    def _parsed(self, book: AnsweredWorkbook, row: AnswerRow, review: Mapping[str, Any]) -> Answer | None:
        problems = len(book.problems)
        cells = {name: row.cells[title] for name, title in ANSWERS.items()}
        for name in ("ticket", "reviewer"):
            cells[name] = visible(cells[name] or "") or None
        answer = " ".join(str(cells["answer"] or "").split()).casefold()
        if answer not in attestations.ANSWERS:
            hint = suggestion(answer, attestations.ANSWERS)
            what = (
                f"{cells['answer']!r:.40} is no answer{hint}" if answer else "no answer; write keep, narrow or revoke"
            )
            book.problem(what, row.number, ANSWERS["answer"])
        reviewer = cells["reviewer"] or self.reviewer
        if not reviewer:
            book.problem("nobody is named; write who answered, or say --reviewer", row.number, ANSWERS["reviewer"])
        for name in ("ticket", "reviewer"):  # they are written into a register, which is often a CSV file
            if len(cells[name] or "") > LONGEST:
                book.problem(
                    f"has {len(cells[name]):,} characters, more than {LONGEST:,}; shorten it", row.number, ANSWERS[name]
                )
            if str(cells[name] or "").startswith(FORMULA_STARTS):
                book.problem(
                    f"begins with {cells[name][0]!r}, like a formula; begin otherwise", row.number, ANSWERS[name]
                )
        last = self._expiry(book, row.number, cells["expires_at"], answer, review)
        listed = [review["identity"], *(json.loads(review["facts"])["from_patterns"] or ())]
        if last is not None and (bad := next((one for one in listed if one.startswith(FORMULA_STARTS)), None)):
            book.problem(
                f"{visible(bad)!r:.80} begins like a formula; enter this approval into the register by hand, and leave "
                "the cell empty",
                row.number,
                ANSWERS["expires_at"],
            )
        if len(book.problems) > problems:
            return None
        return Answer(book, row.number, review, answer, last, cells["ticket"], cells["comment"], str(reviewer))

    def _expiry(
        self, book: AnsweredWorkbook, number: int, written: Any, answer: str, review: Mapping[str, Any]
    ) -> date | None:
        """The last day of the approval that is asked for."""
        if answer not in attestations.ANSWERS:
            return None
        try:
            last = None if written is None else read_day(written)
        except ValueError as error:
            book.problem(f"{_as_typed(written)!r:.40}: {error}", number, ANSWERS["expires_at"])
            return None
        if what := self._wrong_expiry(last, answer, review, book.about):
            book.problem(what, number, ANSWERS["expires_at"])
        return last

    def _wrong_expiry(self, last: date | None, answer: str, review: Mapping[str, Any], about: About | None) -> str:
        if last is not None:
            if answer != KEEP:
                return f"goes with keep, not with {answer}; empty one of the two"
            if review["approval"] is None:
                return "there is no approval to renew for such a grantee; leave it empty"
            return f"{last} is not after today, {self.today}; write a later day" if last <= self.today else ""
        if answer != KEEP or review["approval"] is None or about is None:
            return ""
        end = self._approved_until(review)
        needed = max(self.today, (about.quarter.end - timedelta(days=1)).date())
        if end is None:
            return f"there is no approval to keep it by ({review['approval']}); write the last day of one, or revoke"
        return f"its approval ends on {end}, before {needed}; write a later day, or revoke" if end < needed else ""

    def _approved_until(self, review: Mapping[str, Any]) -> date | None:
        """The last day of the approval that covers the grant; None where none does."""
        if review["approval"] not in ("approved", "no ticket"):
            return None
        register = records(self.newest.register)
        end = next((row["expires_at"] for row in register if row["approval_id"] == review["approval_id"]), None)
        return date.max if end is None else last_day(end).date()


def _as_typed(written: Any) -> str:
    """A cell under the title of days; without the midnight that Excel stores with a day."""
    return str(written).removesuffix(" 00:00:00")


def disagreements(answers: Sequence[Answer]) -> Iterator[tuple[Answer, str]]:
    """Answers about one grant that differ, each with what is to be told of it."""
    by_grant: dict[tuple[str, ...], list[Answer]] = defaultdict(list)
    for answer in answers:
        by_grant[answer.about].append(answer)
    for alike in by_grant.values():
        for other in alike[1:]:
            if other.asks != alike[0].asks:
                told = f"{other.answer} by {other.reviewer}; {alike[0].answer} by {alike[0].reviewer} in"
                yield other, f"{told} {alike[0].where}: the answers differ; settle it, and import one"


def contradictions(answers: Sequence[Answer], given: pd.DataFrame) -> Iterator[tuple[Answer, str]]:
    """Answers that do not go with those imported before, each with what is to be told of it.

    A reviewer may change an answer for the same quarter, and others may answer the same: they can change it together.
    """
    before = _by_about(given)
    known = set(given["attestation_id"])
    together: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for answer in answers:
        together[answer.about].add(answer.reviewer)
    for answer in answers:
        quarter = str(answer.quarter)
        alike = before.get(answer.about, [])
        if not alike or attestations.attestation_id(said_of(answer)) in known:
            continue
        if (last := alike[-1])["quarter"] > quarter:
            yield answer, f"{_told(last)} for {last['quarter']} already, so none for {quarter} counts; leave it out"
            continue
        latest = {row["reviewer"]: row for row in alike if row["quarter"] == quarter}
        for row in latest.values():
            asks = row["answer"], row["expires_at"], row["ticket"]
            if row["reviewer"] not in together[answer.about] and asks != answer.asks:
                yield answer, f"{_told(row)}: the answers differ; settle it, and let {row['reviewer']} answer anew"
                break


def _told(row: Mapping[str, Any]) -> str:
    """Who answered what, and when it was imported."""
    until = "" if row["expires_at"] is None else f" until {last_day(row['expires_at']):%Y-%m-%d}"
    ticket = f" ({row['ticket']})" if row["ticket"] else ""
    return f"{row['answer']}{until}{ticket} was answered by {row['reviewer']} on {row['answered_at']:%Y-%m-%d}"


def _by_about(given: pd.DataFrame) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The answers imported before, by grant and facts; those for the newest quarter last."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in records(given.sort_values("quarter", kind="stable")):
        found[tuple(row[name] for name in attestations.ABOUT)].append(row)
    return found


def disagreement(answer: Answer, what: str) -> Problem:
    return Problem(str(answer.book.path), what, SHEET, answer.row, ANSWERS["answer"])


def said_of(answer: Answer) -> dict[str, Any]:
    """What the answer says, as columns of the attestations."""
    names = ("account_id", "region", "identity", "policy_name", "statement", "grantee", "facts_sha256", "facts")
    return {
        **{name: answer.review[name] for name in names},
        "quarter": str(answer.quarter),
        "answer": answer.answer,
        "expires_at": answer.expires_at,
        "ticket": answer.ticket,
        "comment": answer.comment,
        "reviewer": answer.reviewer,
        "file_sha256": answer.book.sha256,
    }


def due_of(answer: Answer, given: pd.DataFrame, today: date, days: int) -> datetime | None:
    """The last day for what is asked for: the first that was set for it, else so many days from today.

    It was set by the answer that stands, or by an earlier one about the same facts; only a keep for a later quarter
    sets it free.
    """
    if answer.answer == KEEP:
        return None
    due: datetime | None = answer.review["due"]
    asked_for = ""
    alike = given[given["facts_sha256"] == answer.review["facts_sha256"]]
    for row in _by_about(alike).get(answer.about, []) if due is None else ():
        if row["answer"] != KEEP:
            due, asked_for = due or row["due"], row["quarter"]
        elif row["quarter"] > asked_for:
            due = None
    return due or midnight(today + timedelta(days=days))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
