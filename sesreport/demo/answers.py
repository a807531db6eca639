"""What reviewers of the demonstration answered, relative to its day.

Everything of the quarter before last was kept in one afternoon. Of the last quarter most is unanswered, and not all
that was asked for was done. The running quarter has begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis import analyze
from sesreport.analysis.joins import records
from sesreport.core.quarter import Quarter
from sesreport.settings.attestations import ABOUT, FRAME, KEEP, NARROW, REVOKE, added, write_attestations
from sesreport.settings.config import Config
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import Snapshot, load, snapshots


@dataclass(frozen=True)
class Said:
    """One answer to a question of a review."""

    answer: str
    reviewer: str
    comment: str | None = None
    ticket: str | None = None


@dataclass(frozen=True)
class DemoReview:
    """The answers of one day for one quarter."""

    quarters: int
    """From the running quarter to the one answered for."""
    days: int
    """From the first day of that quarter to the day of the answers."""
    said: Mapping[tuple[str, str], Said]
    """By policy and identity."""
    others: Said | None = None
    """What was said of everything else; None where nothing was."""

    def quarter(self, today: date) -> Quarter:
        return Quarter.of(today).shift(self.quarters)

    def day(self, today: date) -> date:
        return self.quarter(today).start.date() + timedelta(days=self.days)


_MAILWISE = Said(KEEP, "j.nakamura", "The weekly newsletter", "SEC-1041")
_LEFT = "Their contract has ended"
REVIEWS = (
    DemoReview(-2, 76, {}, Said(KEEP, "r.osei", "As before")),
    DemoReview(
        -1,
        69,
        {
            ("mailwise", "news.example.com"): _MAILWISE,
            ("deskflow", "support.example.com"): Said(KEEP, "r.osei", "Ticket replies", "SEC-1102"),
            ("payloop", "billing.example.com"): Said(KEEP, "r.osei", "Invoices", "SEC-1077"),
            ("brightside", "promo.example.com"): Said(REVOKE, "t.lindqvist", _LEFT, "MKT-112"),
            ("events", "events.example.com"): Said(REVOKE, "t.lindqvist", _LEFT, "MKT-113"),
            ("press-list", "press@example.com"): Said(REVOKE, "t.lindqvist", "Nobody knows these accounts", "MKT-114"),
            ("our-tool", "offers.example.com"): Said(NARROW, "t.lindqvist", "The role of the tool is enough"),
        },
    ),
    DemoReview(0, 19, {("mailwise", "news.example.com"): _MAILWISE}),
)
"""The oldest first."""


def write_answers(config: Config, today: date) -> None:
    """Writes the answers that were given up to the day, unless there is a file of answers: it may hold one's own.

    Each review answers for the grants of the newest snapshot that was there on its day; one before the first snapshot
    is left out.
    """
    path, folder = Path(config.paths.attestations), snapshots_folder(config)
    if path.exists():
        return
    kept = [load(each) for each in snapshots(folder)]
    frame = FRAME.empty()
    for review in REVIEWS:
        day = review.day(today)
        known = [each for each in kept if each.started_at.date() <= day]
        if known and day <= today:
            reviews = analyze(known[-1], config, attestations=frame).reviews
            frame = added(frame, answers(reviews, review, today, known[-1], config.review.revoke_days))
    if len(frame):
        write_attestations(path, frame)


def answers(
    reviews: pd.DataFrame, review: DemoReview, today: date, snapshot: Snapshot, revoke_days: int
) -> Iterator[dict[str, Any]]:
    """The rows of the attestations that a review gives about the frame ``reviews``."""
    quarter, day = str(review.quarter(today)), review.day(today)
    for row in records(reviews):
        said = review.said.get((row["policy_name"], row["identity"]), review.others)
        if said is not None:
            yield {
                **{name: row[name] for name in (*ABOUT, "statement", "facts")},
                "quarter": quarter,
                "answer": said.answer,
                "reviewer": said.reviewer,
                "comment": said.comment,
                "ticket": said.ticket,
                "answered_at": _midnight(day),
                "due": None if said.answer == KEEP else _midnight(day + timedelta(days=revoke_days)),
                "file_sha256": hashlib.sha256(f"review-{quarter}.xlsx".encode()).hexdigest(),  # there is no such file
                "snapshot": snapshot.id,
            }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
