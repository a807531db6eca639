"""Sentences of page one: what the numbers say. Rules, not free text."""

from __future__ import annotations

from collections.abc import Sequence

from sesreport.core.period import Period
from sesreport.core.vocabulary import SEVERITIES
from sesreport.kpis import words
from sesreport.kpis.results import (
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    WATCH,
    Coverage,
    Findings,
    Kpi,
    standing,
)

COVERAGE = "coverage"
"""The KPI that says how much was read."""
LONGEST = 90
"""Characters of a headline."""


def headline(period: Period, kpis: Sequence[Kpi], coverage: Coverage) -> str:
    """``October 2026: 5 of 9 controls on target, 2 off target``, at most 90 characters.

    Where too little was read it says so first; where nothing was, it says nothing else.
    """
    gap = words.gap(coverage)
    if gap and not coverage.places.read:
        return f"{period.name}: {gap}, so who can send as us is not known"
    counts = standing(kpis)
    on, judged = counts[ON_TARGET], sum(counts.values())
    text = f"{period.name}: {gap}{'; ' if gap else ''}{on} of {judged} controls on target"
    for status in (OFF_TARGET, WATCH, NOT_MEASURABLE):
        more = f", {counts[status]} {'to watch' if status == WATCH else status}"
        if counts[status] and len(text + more) <= LONGEST:
            text += more
    return text


def sentences(kpis: Sequence[Kpi], findings: Findings, coverage: Coverage, cost: str = "") -> tuple[str, ...]:
    """At most four: what is off target, what is open, what it cost, and what that rests on, first where it is too
    little. ``cost`` is empty where that is not known.
    """
    told = tuple(filter(None, (_targets(kpis, coverage), _open(findings, coverage), cost)))
    return (_gap(coverage), *told) if coverage.too_little else (*told, coverage.statement)


def _gap(coverage: Coverage) -> str:
    """That too little was read, and what is therefore not known."""
    read, expected = f"{coverage.places.read:,}", f"{coverage.places.expected:,}"
    gap = words.gap(coverage)
    if not coverage.places.read:
        told = f"{gap[0].upper()}{gap[1:]} ({read} of {expected} places, account × Region)"
        return f"{told}, so who can send as us is not known."
    told = f"{gap[0].upper()}{gap[1:]}, {read} of {expected} places (account × Region)"
    return f"{told}, so who can send from the others is not known."


def _targets(kpis: Sequence[Kpi], coverage: Coverage) -> str:
    """The controls off target; without the coverage where the sentence before has told it."""
    told = [kpi for kpi in kpis if kpi.id != COVERAGE or not coverage.too_little]
    off = [kpi for kpi in told if kpi.status == OFF_TARGET]
    if off:
        named = "; ".join(f"{kpi.label.lower()}: {words.value_of(kpi)}" for kpi in off[:3])
        return f"Off target: {named}."
    judged = [kpi for kpi in told if kpi.target is not None]
    unknown = sum(kpi.status == NOT_MEASURABLE for kpi in judged)
    if judged and unknown == len(judged):
        return (
            "No control besides the coverage could be measured."
            if coverage.too_little
            else "No control could be measured."
        )
    other = "other " if coverage.too_little else ""
    return f"No {other}control is off target{words.within(coverage.places)}."


def _open(findings: Findings, coverage: Coverage) -> str:
    """How many findings are open, the severe ones by name."""
    clause = words.open_findings(findings, coverage)
    if findings.open is None:
        return f"{clause[0].upper()}{clause[1:]}."
    severe = {name: count for name in SEVERITIES[:2] if (count := findings.by_severity[name])}
    parts = [" and ".join(f"{count} {name}" for name, count in severe.items()) or "no critical or high"]
    if findings.excepted:
        parts.append(f"{findings.excepted} more {'is' if findings.excepted == 1 else 'are'} accepted for a time")
    return f"{clause}; {'; '.join(parts)}."
