"""The quarterly review of grants: what is overdue, how it was answered, and what nobody ever looked at."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.analysis.reviews import OVERDUE, review_begun
from sesreport.core.vocabulary import IDENTITY
from sesreport.kpis.contributions import COUNT, HIGHEST, RATIO, contributions
from sesreport.kpis.measures.exposure import SES_POLICIES, every_identity
from sesreport.kpis.measures.grants import QUARTER
from sesreport.kpis.registry import Measure, kpi, measured
from sesreport.settings.attestations import ABOUT, KEEP

SOURCE = f"{SES_POLICIES}; attestations"
DATASETS = ("identities", "policies")
COLUMNS = [*ABOUT, "statement", "grantee_name", "owner", "standing", "due_quarter", "since"]


@kpi(
    order=65,
    label="Reviews overdue",
    question="Which outside permissions did nobody answer for in time?",
    definition=(
        "Grants that reach beyond the organization, or cannot be judged, and that no answer of a reviewer about their "
        "facts covers though the quarter to be answered for has ended. Not measurable before the first review."
    ),
    formula="count of reviews with standing 'overdue'",
    source=SOURCE,
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="Vendor management",
    datasets=DATASETS,
)
def reviews_overdue(analysis: Analysis) -> Measure:
    """One row per grant; the longest overdue first."""
    reviews = analysis.reviews
    late = reviews[reviews["standing"] == OVERDUE].sort_values(["due_quarter", *ABOUT], ignore_index=True)
    if not review_begun(analysis):
        return Measure(
            None,
            late[COLUMNS],
            reason="No review has begun: there is no answer, and no quarter of review.first has come.",
        )
    counted = reviews[IDENTITY].assign(numerator=(reviews["standing"] == OVERDUE).astype("Float64"), denominator=1.0)
    rows = pd.concat([counted, every_identity(analysis)], ignore_index=True)
    given = contributions(
        rows, COUNT, str(analysis.period), numerator=rows["numerator"], denominator=rows["denominator"]
    )
    return measured(given, late[COLUMNS], f"{len(late)} of {len(reviews)} grants to be answered for.")


@kpi(
    order=66,
    label="Reviews answered with keep",
    question="Do reviewers look, or do they wave everything through?",
    definition=(
        "Share of the answers given within the 92 days before the month's end that were 'keep'; of several about the "
        "same facts the last counts. It has no target: a share near 100 % suggests that answers are not thought about."
    ),
    formula="answers 'keep' / answers in the last 92 days",
    source="Attestations",
    unit="share",
    direction="none",
    owner="Vendor management",
    datasets=(),
)
def share_answered_keep(analysis: Analysis) -> Measure:
    """One row per answer."""
    answers, end = analysis.attestations, pd.Timestamp(analysis.period.end)
    recent = answers[(answers["answered_at"] >= end - QUARTER) & (answers["answered_at"] < end)]
    last = recent.drop_duplicates(ABOUT, keep="last").reset_index(drop=True)
    frame = last[[*ABOUT, "statement", "answer", "reviewer", "answered_at", "quarter", "comment"]]
    kept = (last["answer"] == KEEP).astype("Float64")
    given = contributions(last[IDENTITY], RATIO, str(analysis.period), numerator=kept)
    reason = f"{int(kept.sum())} of {len(last)} answers since {(end - QUARTER).date()} say keep."
    return measured(given, frame, reason if len(last) else f"Nobody answered since {(end - QUARTER).date()}.")


@kpi(
    order=67,
    label="Oldest grant never reviewed",
    question="How long has an outside permission stood that nobody ever looked at?",
    definition=(
        "Days from the first snapshot that shows a grant with its present facts to the month's end, for the oldest of "
        "those that no reviewer ever answered for as they are; 0 where all were. It is at least so old: the history "
        "begins with the first snapshot."
    ),
    formula="highest days since first seen of grants never reviewed",
    source=SOURCE,
    unit="days",
    direction="lower",
    target=92,
    watch=183,
    owner="Vendor management",
    datasets=DATASETS,
)
def oldest_unreviewed_grant(analysis: Analysis) -> Measure:
    """One row per grant never reviewed, the oldest first."""
    reviews = analysis.reviews
    age = (pd.Timestamp(analysis.period.end) - reviews["since"]).dt.total_seconds() / 86400
    days = age.clip(lower=0).where(reviews["never_reviewed"], 0).astype("Float64")
    never = reviews.assign(days=days)[reviews["never_reviewed"]].sort_values(["since", *ABOUT], ignore_index=True)
    given = contributions(reviews[IDENTITY], HIGHEST, str(analysis.period), numerator=days, denominator=None)
    reason = f"{len(never)} of {len(reviews)} grants to be answered for were never reviewed as they are."
    return measured(given, never[[*COLUMNS, "days"]], reason if len(reviews) else "No grant reaches beyond us.")
