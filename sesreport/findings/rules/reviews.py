"""What the quarterly review of grants left open: no answer, and answers that were not acted upon."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.joins import rows
from sesreport.analysis.registry import Analysis
from sesreport.analysis.reviews import NARROW_OVERDUE, OVERDUE, REVIEWS, REVOKE_OVERDUE, review_begun
from sesreport.findings.examples import answered
from sesreport.findings.registry import EVIDENCE, Example, allow, rule

_GRANTED = {"mailwise": allow("310000000001")}


@rule(
    id="SES081",
    title="Nobody answered for a grant when its quarter ended",
    severity="medium",
    why="A permission that nobody looks at stays when its reason is gone.",
    recommendation="Have its owner answer in the review: keep, narrow or revoke.",
    ask="Answer for the outside permissions on {identities} whose review is overdue",
    fires=Example(_GRANTED, answers=[answered("keep", 150)]),
    clean=Example(_GRANTED, answers=[answered("keep", 20)]),
)
def review_overdue(analysis: Analysis) -> pd.DataFrame:
    """Grants that no answer about their facts covers, since the end of a quarter."""
    late = _standing(analysis, OVERDUE)
    return _places(late, "not answered for in " + late["due_quarter"])


@rule(
    id="SES082",
    title="A grant that was to be revoked is still there",
    severity="high",
    why="Its reviewer said that nobody needs it; who has it can send all the same.",
    recommendation="Remove the statement from the policy.",
    ask="Revoke the permissions on {identities} that reviewers ended",
    fires=Example(_GRANTED, answers=[answered("revoke", 60, due=30)]),
    clean=Example(_GRANTED, answers=[answered("revoke", 20, due=30)]),
)
def revoke_overdue(analysis: Analysis) -> pd.DataFrame:
    """Grants answered with revoke that the snapshot shows after the day it was due."""
    late = _standing(analysis, REVOKE_OVERDUE)
    return _places(late, "to be revoked by " + _asked(late))


@rule(
    id="SES083",
    title="A grant that was to be narrowed is as wide as it was",
    severity="medium",
    why="Its reviewer said that it lets in more than is needed.",
    recommendation="Limit the statement as the reviewer asked, then have it answered for anew.",
    ask="Narrow the permissions on {identities} that reviewers found too wide",
    fires=Example(_GRANTED, answers=[answered("narrow", 60, due=30)]),
    clean=Example(_GRANTED, answers=[answered("narrow", 20, due=30)]),
)
def narrow_overdue(analysis: Analysis) -> pd.DataFrame:
    """Grants answered with narrow that are not surely narrower after the day it was due."""
    late = _standing(analysis, NARROW_OVERDUE)
    return _places(late, "to be narrowed by " + _asked(late))


def _standing(analysis: Analysis, standing: str) -> pd.DataFrame:
    if not review_begun(analysis):  # nothing can be overdue, and the frame takes long
        return REVIEWS.empty()
    reviews = analysis.reviews
    return reviews[reviews["standing"] == standing]


def _asked(reviews: pd.DataFrame) -> pd.Series:
    words = [
        f"{due:%Y-%m-%d}, as {reviewer} answered for {quarter}"
        for due, reviewer, quarter in rows(reviews, ["due", "reviewer", "answered_quarter"])
    ]
    return pd.Series(words, index=reviews.index, dtype="string")


def _places(reviews: pd.DataFrame, evidence: pd.Series) -> pd.DataFrame:
    where = reviews["policy_name"] + ", statement " + reviews["statement"].astype("string")
    where = where.where(reviews["statement"] > 0, reviews["policy_name"])
    return reviews.assign(evidence=where + ": " + evidence)[EVIDENCE]
