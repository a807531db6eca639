"""Whatever is done to a policy, and whatever of it could be read: lives never contradict what really happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from estate import EU, SHOP, STRANGER, VENDOR, Estate, policy, statement
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.analysis import Analysis

pytestmark = pytest.mark.usefixtures("few_rules")
START = datetime(2026, 7, 1, 6, tzinfo=UTC)
STEP = timedelta(days=7)
STEPS = ("add", "fix", "rename", "reorder", "replace", "look", "look unread", "look without events", "hide")


def risky(variant: int) -> str:
    """The same right, written in different ways."""
    statements = [statement({"AWS": [VENDOR, STRANGER]}), statement({"AWS": VENDOR}, "ses:SendBulkEmail")]
    if variant % 2:
        statements = [statement({"AWS": [STRANGER, VENDOR]}), statements[1]][::-1]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=variant % 3 or None)


class Story:
    """What really happens, and what each snapshot gets to see of it."""

    def __init__(self) -> None:
        self.now, self.policies = START, {}
        self.events: list[tuple[datetime, str, str, str | None]] = []
        self.stretches: list[list[datetime | None]] = []
        self.hidden = self.blind = False
        self.variant = 0

    def put(self, name: str, document: str, at: datetime) -> None:
        self.events.append((at, "PutIdentityPolicy", name, None if self.hidden else document))
        self.policies = {**self.policies, name: document}
        self.judge(at)

    def delete(self, name: str, at: datetime) -> None:
        self.events.append((at, "DeleteIdentityPolicy", name, None))
        self.policies = {key: text for key, text in self.policies.items() if key != name}
        self.judge(at)

    def judge(self, at: datetime) -> None:
        risk = any(STRANGER in text for text in self.policies.values())
        open_now = bool(self.stretches) and self.stretches[-1][1] is None
        if risk and not open_now:
            self.stretches.append([at, None])
        elif open_now and not risk:
            self.stretches[-1][1] = at

    def estate(self, step: str) -> Estate:
        estate = Estate(self.now).place()
        if step == "look unread":
            return estate.gap(SHOP, EU, "everything")
        documents: dict[str, Any] = dict(self.policies)
        estate.identity(policies=documents, tags={"owner": "shop", "ticket": "T-1"})
        for at, name, policy_name, text in self.events:
            if self.now - timedelta(days=90) <= at <= self.now:
                estate.change(at.strftime("%Y-%m-%dT%H:%M"), name, policy_name, json.loads(text) if text else None)
        for number, row in enumerate(estate.rows["changes"]):
            row["event_id"] = f"{self.now}-{number}"
        return estate.gap(SHOP, EU, "changes") if step == "look without events" else estate

    def do(self, step: str) -> None:
        at, name = self.now + timedelta(days=1), next(iter(self.policies), "p")
        self.variant += 1
        if step == "add":
            self.put("p", risky(self.variant), at)
        elif step == "fix" and self.policies:
            self.delete(name, at)
        elif step == "replace" and self.policies:
            self.put(name, json.dumps(policy(VENDOR)), at)
        elif step == "reorder" and self.policies:
            self.put(name, risky(self.variant), at)
        elif step == "rename" and self.policies:
            self.put(f"p{self.variant}", self.policies[name], at)
            self.delete(name, at + timedelta(minutes=1))
        elif step == "hide":
            self.hidden = not self.hidden


@pytest.mark.parametrize("only_whole", [False, True])
@examples(3)
@given(data=st.data())
def test_lives_never_contradict_the_truth(
    only_whole: bool, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = STEPS[:6] if only_whole else STEPS
    chosen = ["look", *data.draw(st.lists(st.sampled_from(steps), min_size=3, max_size=9)), "look"]
    folder, story, made = tmp_path_factory.mktemp("story"), Story(), None
    looks: list[datetime] = []
    for step in chosen:
        story.now += STEP
        if step.startswith("look"):
            made = story.estate(step).analysis(folder / str(story.now.timestamp()), previous=made)
            looks.append(story.now)
        else:
            story.do(step)
    assert isinstance(made, Analysis)
    found = made.lives[made.lives["rule"] == "unknown_account"].sort_values("episode").to_dict("records")
    truth = [stretch for stretch in story.stretches if stretch[0] is not None]
    if only_whole:
        assert len(found) == len(truth)
    for life in found:
        overlapping = [
            (opened, resolved)
            for opened, resolved in truth
            if opened <= life["last_seen"] and (resolved is None or resolved > life["first_seen"])
        ]
        assert overlapping, "a life of what never was"
        first, last = overlapping[0][0], overlapping[-1][1]
        assert pd.isna(life["opened_after"]) or life["opened_after"] <= first
        assert life["opened_by"] >= first
        if not pd.isna(life["opened_at"]):
            assert life["opened_at"] == first
        if life["status"] == "resolved":
            assert last is not None and life["resolved_after"] <= last <= life["resolved_by"]
            assert pd.isna(life["resolved_at"]) or life["resolved_at"] == last
        elif life["status"] == "open":
            assert last is None
        else:
            assert chosen[-1] == "look unread"
        if only_whole:
            assert life["opened_basis"] == "event" and (life["status"] == "open" or life["resolved_basis"] == "event")
    standing = bool(truth) and truth[-1][1] is None
    assert standing == bool(found and found[-1]["status"] == "open"), "the last look sees what is there"
