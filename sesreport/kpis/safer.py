"""Whether we are safer than a quarter ago: the board's own numbers then and now, and how long putting right takes."""

from __future__ import annotations

from collections.abc import Sequence

from sesreport.core.period import Period
from sesreport.core.vocabulary import SEVERITIES
from sesreport.kpis import words
from sesreport.kpis.results import Coverage, Findings, Kpi

MONTHS = 3
"""Months back that are compared with."""
COMPARED = ("public_identities", "wildcard_policies", "unknown_accounts", "expired_grants")
"""KPIs that say how safe we are, the worst harm first."""
MEDIAN = "median_time_to_remediate"


def safer(period: Period, kpis: Sequence[Kpi], findings: Findings, coverage: Coverage) -> tuple[str, ...]:
    """At most three sentences: what moved in a quarter, how long half of the findings stay open, how many are open."""
    by_id = {kpi.id: kpi for kpi in kpis}
    moved = _moved(period.shift(-MONTHS), [by_id[name] for name in COMPARED if name in by_id], coverage)
    return tuple(filter(None, (moved, _speed(by_id.get(MEDIAN)), _open(findings, coverage))))


def _moved(then: Period, kpis: Sequence[Kpi], coverage: Coverage) -> str:
    if coverage.too_little:
        return f"Whether we are safer than in {then.name} is not known: {words.gap(coverage) or 'too little was read'}."
    pairs = [(kpi, before) for kpi in kpis if _comparable(kpi) and (before := _value_in(kpi, then)) is not None]
    if not pairs:
        return f"Whether we are safer than in {then.name} is not known: no number of that month can be compared."
    signs = [_sign(kpi, before) for kpi, before in pairs]
    better, worse = sum(sign > 0 for sign in signs), sum(sign < 0 for sign in signs)
    lead = (
        f"Safer than in {then.name}" if better and not worse
        else f"Not safer than in {then.name}" if worse and not better
        else f"Partly safer than in {then.name}" if better
        else f"As in {then.name}"
    )  # fmt: skip
    told = [_pair(kpi, before) for (kpi, before), sign in zip(pairs, signs, strict=True) if sign]
    same = len(pairs) - len(told)
    rest = f"{same} of {len(pairs)} numbers unchanged" if same else ""
    return f"{lead}: {', '.join(filter(None, [*told, rest]))}."


def _comparable(kpi: Kpi) -> bool:
    """Whether it is known now, and rests on the places of earlier months."""
    return kpi.value is not None and not (kpi.prior is not None and kpi.change is None)


def _value_in(kpi: Kpi, month: Period) -> float | None:
    return next((point.value for point in kpi.series if point.period == str(month)), None)


def _sign(kpi: Kpi, before: float) -> int:
    """1 for better, -1 for worse, 0 for what reads the same."""
    if kpi.value is None or _shown(kpi, before) == _shown(kpi, kpi.value):
        return 0
    return 1 if (kpi.value < before) == (kpi.direction == "lower") else -1


def _pair(kpi: Kpi, before: float) -> str:
    return f"{kpi.label[:1].lower()}{kpi.label[1:]} {_shown(kpi, before)} → {words.number(kpi.value, kpi.unit)}"


def _shown(kpi: Kpi, value: float) -> str:
    return words.number(value, kpi.unit, kpi.currency)


def _speed(kpi: Kpi | None) -> str:
    if kpi is None or kpi.value is None:
        return "How fast findings are closed is not known."
    aim = "" if kpi.target is None else f" (target {kpi.target:g})"
    days = f"{kpi.value:,.0f} days"
    if kpi.at_least:
        return f"More than half of all findings outlast what is known so far, {days}{aim}."
    return f"Half of all findings are closed within {days}{aim}."


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
