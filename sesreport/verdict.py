"""Sentences of page one: what the numbers say, and what is asked of the board. Rules, not free text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sesreport import words
from sesreport.analysis.registry import Analysis
from sesreport.findings import rules
from sesreport.period import Period
from sesreport.results import (
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    SEVERITIES,
    WATCH,
    Coverage,
    Decision,
    Findings,
    Kpi,
)

DUE_DAYS = {"critical": 7, "high": 30, "medium": 60, "low": 90}
"""Days from the snapshot within which a decision's finding should be closed."""
MOST_DECISIONS = 5


def headline(period: Period, kpis: Sequence[Kpi]) -> str:
    """``October 2026: 5 of 9 controls on target, 2 off target``, at most 90 characters."""
    judged = [kpi for kpi in kpis if kpi.target is not None]
    counts = {
        status: sum(kpi.status == status for kpi in judged) for status in (ON_TARGET, WATCH, OFF_TARGET, NOT_MEASURABLE)
    }
    text = f"{period.name}: {counts[ON_TARGET]} of {len(judged)} controls on target"
    for status in (OFF_TARGET, WATCH, NOT_MEASURABLE):
        if counts[status]:
            text += f", {counts[status]} {'to watch' if status == WATCH else status}"
    return text


def sentences(period: Period, kpis: Sequence[Kpi], findings: Findings, coverage: Coverage) -> tuple[str, ...]:
    """At most three: what is worst, what changed, and what it rests on."""
    off = [kpi for kpi in kpis if kpi.status == OFF_TARGET]
    if off:
        named = "; ".join(f"{kpi.label.lower()}: {words.number(kpi.value, kpi.unit)}" for kpi in off[:3])
        first = f"Off target: {named}."
    else:
        first = "No control is off target."
    severe = {name: findings.by_severity[name] for name in SEVERITIES[:2] if findings.by_severity[name]}
    counted = " and ".join(f"{count} {name}" for name, count in severe.items()) or "no critical or high"
    second = f"{findings.open} findings are open, {counted}"
    second += f"; {findings.excepted} more are accepted for a time." if findings.excepted else "."
    return first, second, coverage.statement


def decisions(analysis: Analysis) -> tuple[Decision, ...]:
    """One per rule with open critical or high findings that asks for one: most severe first, then most identities."""
    frame = analysis.findings
    active = frame[(frame["status"] == "open") & frame["severity"].isin(SEVERITIES[:2])]
    known = rules()
    asked = []
    for rule_id, rows in active.groupby("rule"):
        rule = known[str(rule_id)]
        if not rule.ask:
            continue
        severity = SEVERITIES.index(str(rows["severity"].iloc[0]))
        places = len(rows.drop_duplicates(["account_id", "region", "identity"]))
        owners = sorted(set(rows["owner"].dropna()))
        decision = Decision(
            decision=rule.ask.format(identities=f"{places} {'identity' if places == 1 else 'identities'}"),
            owner=", ".join(owners[:3]) + (" …" if len(owners) > 3 else "") or "not known",
            due=(analysis.today + timedelta(days=DUE_DAYS[SEVERITIES[severity]])).isoformat(),
            effect=rule.why,
            rule=rule.slug,
        )
        asked.append(((severity, -places, rule.slug), decision))
    return tuple(decision for _, decision in sorted(asked, key=lambda pair: pair[0]))[:MOST_DECISIONS]
