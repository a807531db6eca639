"""Any sequence of grants, renewals, revocations, reviews and snapshots: what an answer attests, and when it is due."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from estate import STRANGER, VENDOR, Estate, policy
from hypothesis import example, given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.analysis import Analysis
from sesreport.analysis.joins import records
from sesreport.analysis.judged_identities import JudgedIdentityCache
from sesreport.core.quarter import Quarter
from sesreport.governance.review.checks import Answer, Checker
from sesreport.governance.review.imports import attestation_row
from sesreport.governance.review.reading import AnsweredWorkbook
from sesreport.governance.review.rows import about_of
from sesreport.settings.attestations import FRAME, added

FROM = {"Condition": {"StringLike": {"ses:FromAddress": "news@a.example.com"}}}
VARIANTS: dict[str, Any] = {
    "plain": policy(VENDOR), "wider": policy(VENDOR, "ses:*"), "narrower": policy(VENDOR, **FROM),
    "other": policy(STRANGER), "broken": "{",
}  # fmt: skip

ROUNDS = st.lists(
    st.tuples(
        st.sampled_from(["p", "q"]),
        st.sampled_from([*sorted(VARIANTS), "plain", "as it was", "as it was", "revoked"]),
        st.sampled_from([1, 20, 40]),
        st.sampled_from(["keep", "keep", "narrow", "revoke", "revoke", None]),
        st.booleans(),
    ),
    min_size=5,
    max_size=7,
)
"""Policy, what it is changed to, days to the next snapshot, the answer to what that shows, and whether to renew."""


@dataclass
class World:
    """What is granted now, what was answered, and what the last snapshot shows."""

    folder: Path
    now: datetime = datetime(2026, 10, 5, 6, tzinfo=UTC)
    granted: dict[str, str] = field(default_factory=dict)
    """Variant by policy."""
    answers: pd.DataFrame = field(default_factory=FRAME.empty)
    shown: Analysis | None = None
    about: dict[str, str] = field(default_factory=dict)
    """The variant that each answer was about, by its id."""
    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    """The due day of what is asked for, by policy and answer, while it stands."""
    approvals: int = 0
    cache: JudgedIdentityCache = field(default_factory=JudgedIdentityCache)

    def snapshot(self, days: int) -> None:
        self.now += timedelta(days=days)
        made = Estate(self.now)
        made.register[0]["approved_at"] = self.now - timedelta(days=40 * (self.approvals + 1))
        made.register[0]["status"] = ("valid", "expired")[self.approvals % 2]
        made.identity("a.example.com", {name: VARIANTS[variant] for name, variant in self.granted.items()})
        shown = made.analysis(self.folder / self.now.isoformat())
        self.shown = replace(shown, attestations=self.answers, cache=self.cache)
        self.check()

    def review(self, name: str, answer: str) -> None:
        """Answers for what the last snapshot shows, as an import does."""
        if self.shown is None:
            return
        today = self.now.date()
        shown = replace(self.shown, attestations=self.answers)
        for number, row in enumerate(records(shown.reviews)):
            if row["policy_name"] == name:
                book = AnsweredWorkbook(Path(), f"{len(self.answers)}", about_of(shown, Quarter.of(today)))
                made = Answer(book, number, row, answer, None, None, str(len(self.answers)), "Ada")
                new = attestation_row(made, Checker(shown, {}, today, None), 30)
                self.answers = added(self.answers, [new])
                self.about.setdefault(new["attestation_id"], json.dumps(VARIANTS[self.seen[name]]))

    @property
    def seen(self) -> dict[str, str]:
        """Variant by policy in the last snapshot."""
        assert self.shown is not None
        texts = self.shown.snapshot.policies
        by_text = {text if isinstance(text, str) else json.dumps(text): name for name, text in VARIANTS.items()}
        return {name: by_text[text] for name, text in zip(texts["policy_name"], texts["document"], strict=True)}

    def check(self) -> None:
        assert self.shown is not None
        standing = set()
        for row in records(self.shown.reviews):
            name = row["policy_name"]
            here = json.dumps(VARIANTS[self.seen[name]])
            if row["standing"] == "attested":
                keeps = self.answers[(self.answers["policy_name"] == name) & (self.answers["answer"] == "keep")]
                assert here in {self.about.get(each) for each in keeps["attestation_id"]}
            if row["answer"] in ("narrow", "revoke"):
                key = name, row["answer"]
                standing.add(key)
                assert self.kept.setdefault(key, row["due"]) == row["due"]
        self.kept = {key: due for key, due in self.kept.items() if key in standing}


CACHE = JudgedIdentityCache()
Round = tuple[str, str, int, str | None, bool]


@pytest.mark.random
@examples(3)
@example([("p", "as it was", 1, "revoke", False)] * 3)
@example([("p", "plain", 1, "keep", True), ("p", "wider", 1, None, True), ("p", "plain", 1, None, False)])
@given(ROUNDS)
def test_no_answer_attests_other_facts_and_no_due_day_moves(
    rounds: list[Round],
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder), granted={"p": "plain"}, cache=CACHE)
        for name, variant, days, answer, renewed in rounds:
            if variant == "revoked":
                world.granted.pop(name, None)
            elif variant != "as it was":
                world.granted[name] = variant
            world.approvals += renewed
            world.snapshot(days)
            if answer is not None:
                world.review(name, answer)
        world.snapshot(1)
