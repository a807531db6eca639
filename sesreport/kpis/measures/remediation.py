"""How long a finding stays open, and how many come and go."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.basis import basis_of
from sesreport.analysis.joins import among
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import SEVERITIES
from sesreport.findings.episodes import EXCEPTED, NOT_OBSERVED, OPEN, durations
from sesreport.findings.findings import found
from sesreport.findings.survival import AGES, half_gone, times_known
from sesreport.kpis.contributions import COUNT, RATIO, SURVIVAL, Contributions, contributions
from sesreport.kpis.registry import Measure, kpi

DATASETS = ("identities", "policies")
FEWEST = 10
"""Resolved findings of a month below which its mean is set against no other."""
SOURCE = "Snapshots, and CloudTrail's event history of policy changes between them"


@kpi(
    order=28,
    label="Median time to remediate",
    question="How long does it take us to close what should not be open?",
    definition=(
        "The days within which half of all findings ever seen are gone, those still open counted with their age "
        "(Kaplan and Meier 1958). Where more than half outlast all that was resolved, it is at least the longest "
        "time known. Accepted findings are left out."
    ),
    formula="first day on which the Kaplan-Meier share of findings still open is at most one half",
    source=SOURCE,
    unit="days",
    direction="lower",
    target=14,
    watch=30,
    owner="Platform security",
    headline=True,
    datasets=DATASETS,
    by_lives=True,
)
def median_time_to_remediate(analysis: Analysis) -> Measure:
    """Not measurable where no finding was ever seen."""
    lives = _not_accepted(analysis.lives)
    history = {str(each.period): _median_by(lives, each) if _seen(each) else None for each in analysis.chain[:-1]}
    if lives.empty:
        return Measure(None, lives, reason="No finding was ever seen.", history=history)
    times, ended = times_known(lives)
    given = _contributions(lives, SURVIVAL, analysis, pd.Series(times), pd.Series(ended))
    total = given.months()[given.period]
    standing = len(lives) - int(ended.sum())
    reason = f"{int(ended.sum())} of {len(lives)} findings are known to have ended, {standing} last on."
    if total.value is None:
        reason = f"{reason} Since when is not known, as all were there at the first look."
    elif total.unknown:
        reason = f"At least: more than half outlast all that was resolved. {reason}"
    return Measure(
        total.value, lives.assign(known_days=times, ended=ended), None, len(lives), reason, history, given,
        total.unknown, comparable=not total.unknown,
    )  # fmt: skip


def _not_accepted(lives: pd.DataFrame) -> pd.DataFrame:
    return lives[lives["status"].ne(EXCEPTED)].reset_index(drop=True)


def _median_by(lives: pd.DataFrame, earlier: Analysis) -> float | None:
    """What the median was at an earlier snapshot, by what is known now of that time."""
    cut = pd.Timestamp(earlier.snapshot.finished_at)
    begun = lives[lives["opened_by"].le(cut)]
    over = begun["resolved_by"].le(cut).fillna(value=False)
    then = durations(begun.assign(**{n: begun[n].where(over) for n in ("resolved_by", "resolved_after")}), now=cut)
    return half_gone(*times_known(then.assign(status=begun["status"].where(over, OPEN))))[0] if len(then) else None


@kpi(
    order=30,
    label="Mean time to remediate",
    question="How long does it take us to close what should not be open?",
    definition=(
        "Mean time a finding was open, over those resolved in the month: from the change that opened it to the one "
        "that ended it where CloudTrail has them, else the longest it can have been between two snapshots; one that "
        "was there at the first snapshot counts with the time since. Open findings are not in it; the "
        "median counts them. No change is told where fewer than 10 were resolved in either month."
    ),
    formula="sum of days open / findings resolved in the month",
    source=SOURCE,
    unit="days",
    direction="lower",
    target=14,
    watch=30,
    owner="Platform security",
    datasets=DATASETS,
    by_lives=True,
)
def mean_time_to_remediate(analysis: Analysis) -> Measure:
    """Not measurable in a month in which nothing is known to have been resolved."""
    lives = analysis.lives
    means = lives[lives["resolved_in"].notna()].groupby("resolved_in")["days"].mean()
    history = {str(each.period): None for each in analysis.chain} | {str(m): float(mean) for m, mean in means.items()}
    history |= {str(each.period): None for each in analysis.chain[:-1] if not _seen(each)}
    month = lives[_in(lives["resolved_in"], analysis)].reset_index(drop=True)
    standing = lives[lives["status"].isin([OPEN, NOT_OBSERVED])]
    still = f"{len(standing)} still open{_oldest(standing)}."
    if month.empty:
        return Measure(
            None, month, reason=f"No finding was resolved in {analysis.period.name}; {still}", history=history
        )
    total, least = float(month["days"].sum()), int(month["days_high"].isna().sum())
    severe = month.groupby("severity")["days"].mean()
    told = ", ".join(f"{severity} {severe[severity]:,.1f}" for severity in SEVERITIES if severity in severe.index)
    known = "" if analysis.previous is not None else "At least "  # what one snapshot does not show may be resolved
    reason = f"{known}{len(month)} resolved in {analysis.period.name} (days by severity: {told}); {still}"
    if least:
        reason += f" {least} of the resolved were open at the first snapshot, so the mean is at least that."
    given = _contributions(month, RATIO, analysis, numerator=month["days"])
    few = min(len(month), int(lives["resolved_in"].eq(str(analysis.period.shift(-1))).sum())) < FEWEST
    return Measure(total / len(month), month, total, len(month), reason, history, given, comparable=not few)


@kpi(
    order=112,
    label="Findings opened",
    question="How much new risk came up in the month?",
    definition="Findings that were opened, or came back, in the month, also those resolved since.",
    formula="count of lives opened in the month",
    source=SOURCE,
    unit="count",
    direction="none",
    owner="Platform security",
    datasets=DATASETS,
    by_lives=True,
)
def findings_opened(analysis: Analysis) -> Measure:
    """Takes two snapshots: of what the first one shows nobody knows when it was opened."""
    return _counted(analysis, "opened")


@kpi(
    order=114,
    label="Findings resolved",
    question="How much did we put right in the month?",
    definition="Findings that were open, and gone by the next time their place was really read.",
    formula="count of lives resolved in the month",
    source=SOURCE,
    unit="count",
    direction="none",
    owner="Platform security",
    datasets=DATASETS,
    by_lives=True,
)
def findings_resolved(analysis: Analysis) -> Measure:
    """Takes two snapshots: what the first one does not show may have been resolved before it."""
    return _counted(analysis, "resolved")


@kpi(
    order=116,
    label="Open findings",
    question="How much is open, and for how long?",
    definition=(
        "Findings open at the snapshot, and those that were when their place was last read. Exceptions are left out. "
        "The age of one that was there at the first snapshot is the time since."
    ),
    formula="count of lives that are open or not observed",
    source=SOURCE,
    unit="count",
    direction="none",
    owner="Platform security",
    datasets=DATASETS,
    by_lives=True,
)
def findings_open(analysis: Analysis) -> Measure:
    """By age, oldest first."""
    lives = analysis.lives
    standing = lives[lives["status"].isin([OPEN, NOT_OBSERVED])].sort_values("days", ascending=False, kind="stable")
    counts = standing["age"].value_counts()
    told = ", ".join(f"{name}: {counts.get(name, 0)}" for name in AGES)
    unseen = int(standing["status"].eq(NOT_OBSERVED).sum())
    reason = f"Open {told}."
    if unseen:
        reason += f" {unseen} could not be looked at this time."
    history = {str(each.period): float(_open_at(lives, each)) if _seen(each) else None for each in analysis.chain[:-1]}
    frame = standing.reset_index(drop=True)
    given = _contributions(frame, COUNT, analysis)
    return Measure(len(standing), frame, len(standing), reason=reason, history=history, contributions=given)


def _open_at(lives: pd.DataFrame, earlier: Analysis) -> int:
    """Findings that were open at an earlier snapshot, and those begun before that it could not look at."""
    there = found(earlier)
    ended = lives["resolved_at"].fillna(lives["resolved_by"]) <= pd.Timestamp(earlier.snapshot.finished_at)
    begun = lives["first_seen"] < pd.Timestamp(earlier.snapshot.started_at)
    unseen = begun & ~ended & ~among(lives["fingerprint"], there["fingerprint"])
    earlier.release()  # or the findings of all months would be held at once
    return int(there["status"].eq("open").sum()) + int(unseen.sum())


def _counted(analysis: Analysis, what: str) -> Measure:
    lives = analysis.lives
    rows = lives[_in(lives[f"{what}_in"], analysis)].reset_index(drop=True)
    counts = lives[f"{what}_in"].value_counts()
    history = {
        str(each.period): float(counts.get(str(each.period), 0)) if _seen(each) else None
        for each in analysis.chain[1:-1]
    }
    if analysis.previous is None:
        reason = f"It takes an earlier snapshot to know; {len(rows)} are known from change events and the register."
        return Measure(None, rows, reason=reason)
    by_severity = rows["severity"].value_counts()
    told = ", ".join(f"{by_severity.get(name, 0)} {name}" for name in SEVERITIES)
    reason = f"By severity: {told}. Compared with {analysis.previous.period.name}."
    given = _contributions(rows, COUNT, analysis)
    return Measure(len(rows), rows, len(rows), reason=reason, history=history, contributions=given)


def _contributions(
    lives: pd.DataFrame, reduction: str, analysis: Analysis, numerator: pd.Series | float = 1.0,
    denominator: pd.Series | float = 1.0,
) -> Contributions:  # fmt: skip
    """Lives by place; one of a whole account belongs to the account's owner."""
    of_identity = lives["identity"].mask(lives["identity"] == "(whole account)")
    return contributions(
        lives.assign(identity=of_identity), reduction, str(analysis.period), numerator=numerator,
        denominator=denominator,
    )  # fmt: skip


def _seen(earlier: Analysis) -> bool:
    """Whether enough was read at an earlier snapshot to say what was open, opened or resolved in its month."""
    share = earlier.once(basis_of, DATASETS).share or 0.0
    return share >= earlier.config.report.minimum_coverage


def _oldest(standing: pd.DataFrame) -> str:
    if standing.empty:
        return ""
    oldest = standing.sort_values("days", ascending=False, kind="stable").iloc[0]
    least = "at least " if pd.isna(oldest["days_high"]) else ""
    return f", the oldest for {least}{oldest['days']:,.0f} days"


def _in(months: pd.Series, analysis: Analysis) -> pd.Series:
    return months.eq(str(analysis.period)).fillna(False).astype(bool)
