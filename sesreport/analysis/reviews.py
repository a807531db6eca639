"""Which grants somebody has to answer for, what was answered last, and by when an answer or a fix is due."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import pandas as pd

from sesreport.analysis.grant_facts import OUTSIDE, allowed_words, changes_words, exposure_words, facts_of, is_narrower
from sesreport.analysis.joins import joined, records
from sesreport.analysis.joins import rows as rows_of
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.remembered import remembered_frame
from sesreport.core.quarter import Quarter
from sesreport.core.schema import Frame, account_id, at, flag, integer, text
from sesreport.core.vocabulary import IDENTITY
from sesreport.settings.attestations import ABOUT, GRANT, KEEP, NARROW, REVOKE, facts_sha256

ATTESTED, DUE, OVERDUE = "attested", "due", "overdue"
TO_REVOKE, TO_NARROW, REVOKE_OVERDUE, NARROW_OVERDUE = "to revoke", "to narrow", "revoke overdue", "narrow overdue"
STANDINGS = (REVOKE_OVERDUE, NARROW_OVERDUE, OVERDUE, TO_REVOKE, TO_NARROW, DUE, ATTESTED)
"""The worst first."""
SCOPES = ("public", "needs review", "external", "service", "vendor")
"""The worst first."""
MONTHS = 3
"""Months after which a grant is reviewed again where its approval does not say."""
_ANSWERED = datetime.fromisoformat("2026-10-12T00:00+00:00")

ANSWERABLE = Frame(
    "answerable",
    "Grants of one snapshot that somebody has to answer for; those of one grantee with the same facts are one.",
    keys={
        "account_id": account_id("Account of the identity."),
        "region": text("Its Region."),
        "identity": text("The identity."),
        "policy_name": text("The policy."),
        "statement": integer("Place of the first such statement in the document.", required=True),
        "grantee": text("The principal as written (untrusted)."),
    },
    columns={
        "facts_sha256": text("Hash of the facts that an answer is about.", required=True),
        "facts": text("These facts (JSON).", required=True),
        "grantee_account_id": account_id("Account of the principal; NA for services and wildcards."),
        "grantee_name": text("Its name by the register or the organization."),
        "scope": text("How far it lets in, as in the frame 'grants'.", required=True),
        "approval": text("How the register stands to it; NA where no approval can be."),
        "approval_id": text("The approval that fits best."),
    },
)
SHOWN = Frame(
    "shown",
    "Grants that somebody had to answer for in this snapshot or an earlier one, with their facts.",
    keys={
        **{name: column for name, column in ANSWERABLE.keys.items() if name in ABOUT},
        "facts_sha256": ANSWERABLE.columns["facts_sha256"],
    },
    columns={"since": at("First snapshot that shows it with these facts.", required=True)},
)
_STEP = 24
REVIEWS = Frame(
    "reviews",
    "One row per grant that somebody has to answer for: it lets somebody beyond the organization send, or cannot be "
    "judged. Statements of one policy with the same grantee and facts are one row.",
    keys=ANSWERABLE.keys,
    columns={
        **ANSWERABLE.columns,
        "allowed": text("What it lets the grantee do, in words.", required=True),
        "exposure": text("Who is let in, and as which address, in words.", required=True),
        "owner": text("Who answers for it: the owner of its approval, else of the identity or its account."),
        "review_every": text("How often, as the approval says; NA is every 3 months."),
        "answer": text("The last answer that stands: keep stands for the same facts alone; revoke until the grant is "
                       "gone, and narrow until it is surely narrower, or it is answered for anew."),
        "answered_at": at("When that was answered."),
        "answered_quarter": text("The quarter it answers for."),
        "reviewer": text("Who answered."),
        "due": at("The last day for narrowing or revoking it; NA for keep."),
        "changed": text("What is different since the last answer about other facts of it, in words."),
        "due_quarter": text("The first quarter that is not answered for.", required=True),
        "standing": text("attested; due (the quarter runs) or overdue (it has ended); to revoke, to narrow, revoke "
                         "overdue or narrow overdue.", required=True),
        "never_reviewed": flag("Whether nobody ever answered about these facts.", required=True),
        "since": at("First snapshot that shows it with these facts; it may be older than the first there is.",
                    required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "mailwise", "statement": 1, "grantee": "310000000001", "facts_sha256": "3c1e", "facts": "{}",
         "grantee_account_id": "310000000001", "grantee_name": "Mailwise", "scope": "vendor",
         "allowed": "Send (ses:SendEmail)", "exposure": "An outside account can send as us", "owner": "crm",
         "answer": "keep", "answered_at": _ANSWERED, "answered_quarter": "2026-Q4", "reviewer": "Ada",
         "due_quarter": "2027-Q1", "standing": "attested", "never_reviewed": False, "since": _ANSWERED},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "agency", "statement": 1, "grantee": "310000000002", "facts_sha256": "77b0", "facts": "{}",
         "grantee_account_id": "310000000002", "grantee_name": "Brightside", "scope": "external",
         "allowed": "Send (ses:SendEmail)", "exposure": "An outside account can send as us", "owner": "marketing",
         "answer": "revoke", "answered_at": _ANSWERED, "answered_quarter": "2026-Q4", "reviewer": "Ada",
         "due": datetime.fromisoformat("2026-11-11T00:00+00:00"), "due_quarter": "2027-Q1",
         "standing": "revoke overdue", "never_reviewed": False, "since": _ANSWERED},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "policy_name": "broken",
         "statement": 0, "grantee": "unreadable", "facts_sha256": "c20f", "facts": "{}", "scope": "needs review",
         "allowed": "Not known: the policy cannot be read", "exposure": "It cannot be judged whom this lets in",
         "due_quarter": "2026-Q4", "standing": "due", "never_reviewed": True, "since": _ANSWERED},
    ),
)  # fmt: skip


def answerable(analysis: Analysis) -> pd.DataFrame:
    """The grants of a snapshot that somebody has to answer for (:data:`ANSWERABLE`)."""
    return analysis.once(_remembered_answerable)


def _remembered_answerable(analysis: Analysis) -> pd.DataFrame:
    return remembered_frame(analysis, ANSWERABLE, lambda: _answerable(analysis))


def grant_facts(analysis: Analysis) -> pd.Series:
    """The facts of each row of the frame ``grants``, as :func:`~sesreport.analysis.grant_facts.facts_of` has them."""
    return analysis.once(_grant_facts)


def _grant_facts(analysis: Analysis) -> pd.Series:
    return facts_of(analysis.grants, analysis.snapshot.policies, analysis.cache.read)


def review_begun(analysis: Analysis) -> bool:
    """Whether any quarter is to be answered for: the first that the settings name has come, or there is an answer."""
    first = analysis.config.review.first
    come = bool(first) and Quarter.parse(first) <= Quarter.of(analysis.today)
    return come or len(analysis.attestations) > 0


def _answerable(analysis: Analysis) -> pd.DataFrame:
    grants, facts = analysis.grants, grant_facts(analysis)
    unread = grants["effect"].isna()
    able = grants["effect"].eq("Allow") & grants["scope"].isin(OUTSIDE) & grants["can_send"].fillna(value=True)
    chosen = (unread | able).fillna(value=True)
    frame = grants.assign(facts=facts, facts_sha256=facts_hashes(facts))[chosen]
    return frame.sort_values("statement", kind="stable").drop_duplicates(ABOUT).sort_index()


def facts_hashes(facts: pd.Series) -> pd.Series:
    """The hash of each of many facts, of which few differ."""
    return facts.map({each: facts_sha256(each) for each in facts.dropna().unique()}).astype("string")


def first_seen(analysis: Analysis) -> pd.DataFrame:
    """When each grant with its facts was first shown by a snapshot, this one and all earlier ones (:data:`SHOWN`)."""
    return remembered_frame(analysis, SHOWN, lambda: _first_seen(analysis))


def _first_seen(analysis: Analysis) -> pd.DataFrame:
    own = answerable(analysis)[ABOUT].assign(since=pd.Timestamp(analysis.snapshot.started_at))
    if analysis.previous is None:
        return own
    for each in analysis.chain[:-1:_STEP]:  # oldest first, or a long history would be asked for in one deep recursion
        first_seen(each)
    both = pd.concat([first_seen(analysis.previous), SHOWN.conform(own)], ignore_index=True)
    return both.drop_duplicates(ABOUT, ignore_index=True)


@derived(REVIEWS)
def reviews(analysis: Analysis) -> pd.DataFrame:
    """Each grant with the answer that stands, and what is due."""
    frame = answerable(analysis)
    answers = _Answers(analysis.attestations)
    first = analysis.config.review.first or answers.first
    clock = _Clock(analysis.today, Quarter.parse(first) if first else Quarter.of(analysis.today))
    seen = joined(frame[ABOUT], first_seen(analysis), on=ABOUT)["since"]
    approvals = _approvals(analysis)
    owners = _owners(analysis, frame)
    here: dict[tuple[str, ...], set[str]] = defaultdict(set)
    rows = records(frame)
    words: dict[tuple[str, bool], dict[str, str]] = {}
    for row in rows:
        here[_grant(row)].add(row["facts_sha256"])
    made = []
    for row, owner, since in zip(rows, owners, seen, strict=True):
        account = row["grantee_account_id"]
        told = row["facts"], account is not None
        if told not in words:
            facts = json.loads(row["facts"])
            words[told] = {"allowed": allowed_words(facts), "exposure": exposure_words(facts, account)}
        approval = approvals.get(row["approval_id"], {})
        found = answers.about(row, here[_grant(row)])
        every = approval.get("review_every")
        made.append(
            {
                **row,
                **words[told],
                "owner": approval.get("owner") or owner,
                "review_every": every,
                "changed": found.changed,
                "never_reviewed": found.own is None,
                "since": since,
                **found.standing_answer,
                **clock.standing(found, since, quarters_of(every)),
            }
        )
    return REVIEWS.from_rows({name: row.get(name) for name in REVIEWS.all_columns} for row in made)


@dataclass(frozen=True)
class _Found:
    """The answers about a grant: the last about its facts, and the last about facts that are no longer there."""

    facts_now: str
    own: Mapping[str, Any] | None
    other: Mapping[str, Any] | None

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = json.loads(self.facts_now)
        return facts

    @cached_property
    def stands(self) -> Mapping[str, Any] | None:
        """The answer that stands; one about other facts only if it asked for something that was not done."""
        if self.other is None or (self.own is not None and self.own["quarter"] >= self.other["quarter"]):
            return self.own
        asked = self.other["answer"]
        open_still = asked == REVOKE or (asked == NARROW and not is_narrower(self._others, self.facts))
        return self.other if open_still else self.own

    @cached_property
    def _others(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = json.loads((self.other or {})["facts"])
        return facts

    @property
    def changed(self) -> str | None:
        newer = self.other is not None and (self.own is None or self.own["quarter"] < self.other["quarter"])
        return changes_words(self._others, self.facts) or None if newer else None

    @property
    def standing_answer(self) -> dict[str, Any]:
        answer = self.stands or {}
        names = {"answered_quarter": "quarter"}
        wanted = ("answer", "answered_at", "answered_quarter", "reviewer", "due")
        return {name: answer.get(names.get(name, name)) for name in wanted}


class _Answers:
    """All answers by grant: those for the newest quarter last, and of one quarter the last that was imported."""

    def __init__(self, attestations: pd.DataFrame) -> None:
        self.by_grant: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in records(attestations.sort_values("quarter", kind="stable")):
            self.by_grant[_grant(row)].append(row)
        quarters = attestations["quarter"]
        self.first = str(quarters.min()) if len(quarters) else ""

    def about(self, row: Mapping[str, Any], here: set[str]) -> _Found:
        """``here`` are the hashes of all facts that the grant has now."""
        given = self.by_grant.get(_grant(row), [])
        own = [each for each in given if each["facts_sha256"] == row["facts_sha256"]]
        others = [each for each in given if each["facts_sha256"] not in here]
        return _Found(row["facts"], own[-1] if own else None, others[-1] if others else None)


@dataclass(frozen=True)
class _Clock:
    """The day of the snapshot, and the first quarter that is to be answered for."""

    today: date
    first: Quarter

    def standing(self, found: _Found, since: datetime, every: int) -> dict[str, str]:
        """``due_quarter`` and ``standing``."""
        answer, now = found.stands, Quarter.of(self.today)
        if answer is None:
            due = max(self.first, Quarter.of(since))
        else:
            due = Quarter.parse(answer["quarter"]).shift(every if answer["answer"] == KEEP else 1)
        return {"due_quarter": str(due), "standing": self._word(answer, due, now)}

    def _word(self, answer: Mapping[str, Any] | None, due: Quarter, now: Quarter) -> str:
        if answer is not None and answer["answer"] != KEEP:
            late = self.today > answer["due"].date()
            if answer["answer"] == REVOKE:
                return REVOKE_OVERDUE if late else TO_REVOKE
            return NARROW_OVERDUE if late else TO_NARROW
        if due < now:
            return OVERDUE
        return ATTESTED if answer is not None and due > now else DUE


def worst_first(reviews: pd.DataFrame) -> pd.DataFrame:
    """The frame ``reviews`` by standing, then by scope, the longest due first; what changed stands before its like."""
    order = reviews.assign(
        _standing=_rank(reviews["standing"], STANDINGS),
        _scope=_rank(reviews["scope"], SCOPES),
        _unchanged=reviews["changed"].isna(),
    )
    by = ["_standing", "_scope", "due_quarter", "_unchanged", *GRANT, "statement"]
    return order.sort_values(by, kind="stable", ignore_index=True)[list(reviews)]


def _rank(values: pd.Series, worst: Sequence[str]) -> pd.Series:
    return values.map({value: rank for rank, value in enumerate(worst)}).fillna(-1)


def quarters_of(review_every: str | None) -> int:
    """Quarters between two reviews, of ``6 months``; None is one."""
    return max(1, int(str(review_every).split()[0]) // MONTHS) if review_every else 1


def _grant(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in GRANT)


def _approvals(analysis: Analysis) -> dict[str, dict[str, Any]]:
    return {row["approval_id"]: row for row in records(analysis.register)}


def _owners(analysis: Analysis, frame: pd.DataFrame) -> list[Any]:
    identities = analysis.identities[[*IDENTITY, "owner", "account_owner"]]
    found = joined(frame[IDENTITY], identities, on=IDENTITY)
    return [own or account for own, account in rows_of(found, ["owner", "account_owner"])]
