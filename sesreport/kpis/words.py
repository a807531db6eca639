"""How numbers, changes and statuses are written, the same in every output."""

from __future__ import annotations

from decimal import Decimal

from sesreport.analysis.basis import Basis
from sesreport.core.vocabulary import SEVERITIES
from sesreport.kpis.registry import Definition
from sesreport.kpis.results import (
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    WATCH,
    Coverage,
    Decision,
    Findings,
    Kpi,
    LastAsks,
    Results,
)

SHAPES = {ON_TARGET: "●", WATCH: "▲", OFF_TARGET: "■", NOT_MEASURABLE: "○"}
"""A shape beside the word, so that color is never the only sign."""
NEWS = {ON_TARGET: "good", WATCH: "to watch", OFF_TARGET: "bad", NOT_MEASURABLE: "not known"}
"""The same of what happened, for who hears it."""
COLORS = {ON_TARGET: "#0072B2", WATCH: "#E69F00", OFF_TARGET: "#A4262C", NOT_MEASURABLE: "#595959"}
"""Distinguishable under protanopia and deuteranopia; the amber takes black text."""
SEVERITY_COLORS = {"critical": "#7A0C18", "high": "#A4262C", "medium": "#E69F00", "low": "#595959"}
MONEY = "money"
"""The unit of amounts; the currency stands beside it."""
UNKNOWN = "not known"
NO_TARGET = "no target"
NO_EARLIER = "no earlier value"
NOT_COMPARABLE = "not comparable"
"""Instead of a change, where too little was read to compare."""


def number(value: float | None, unit: str, currency: str = "") -> str:
    """A value in words: ``12``, ``1,234,567``, ``87.5 %``, ``0.07 %``, ``6.0 days``, ``USD 2,132``."""
    if value is None:
        return UNKNOWN
    if value < 0:
        return f"−{number(-value, unit, currency)}"
    if unit == MONEY:
        return money(value, currency)
    if unit == "share":
        return f"{value:.1%}".replace("%", " %")
    if unit == "rate":
        return f"{value:.2%}".replace("%", " %")
    if unit == "days":
        return f"{value:,.1f} days"
    return f"{value:,.0f}"


def money(value: float | Decimal, currency: str) -> str:
    """An amount with its currency: ``USD 2,132``, ``USD 49.90``, ``USD 0.143``."""
    size = abs(float(value))
    if 0 < size < 0.0005:
        return f"{'−' if value < 0 else ''}{currency} <0.001".strip()
    digits = 0 if round(size, 2) >= 1000 or not size else 2 if round(size, 3) >= 1 else 3
    sign = "−" if value < 0 else ""
    return f"{sign}{currency} {size:,.{digits}f}".strip()


def rounded(value: float | Decimal, currency: str) -> str:
    """An amount for a sentence: whole units from 10 on (``USD 119``), else as :func:`money` writes it."""
    size = abs(float(value))
    return f"{currency} {size:,.0f}".strip() if size >= 10 and value > 0 else money(value, currency)


def value_of(kpi: Kpi) -> str:
    """A KPI's value in words, with its currency where it is money, and ``at least`` where it may be higher."""
    told = number(kpi.value, kpi.unit, kpi.currency)
    return f"at least {told}" if kpi.at_least else told


def change(kpi: Kpi) -> str:
    """The change since the prior period with its sign: ``+3``, ``-1.2 points``, ``no change``, ``no earlier value``.

    ``not comparable`` where the value is not known, or rests on too little to set it against the earlier one.
    """
    if kpi.change is None:
        return NO_EARLIER if kpi.prior is None else NOT_COMPARABLE
    return signed(kpi.change, kpi.unit, kpi.currency)


def signed(difference: float | None, unit: str, currency: str = "") -> str:
    """A difference with its sign: ``+3``, ``-1.2 points``, ``no change``."""
    if difference is None:
        return UNKNOWN
    if abs(difference) < (0.0005 if unit == MONEY else 1e-12):
        return "no change"
    sign = "+" if difference > 0 else "−"
    if unit in ("share", "rate"):
        points = f"{abs(difference) * 100:.{1 if unit == 'share' else 2}f}"
        return f"{sign}{points} points" if float(points) else "no change"
    return f"{sign}{number(abs(difference), unit, currency)}"


def status(value: str) -> str:
    """``■ off target``."""
    return f"{SHAPES[value]} {value}"


def judgement(kpi: Kpi) -> str:
    """The status with its shape; ``no target`` for a figure that is only shown."""
    return NO_TARGET if _only_shown(kpi) else status(kpi.status)


def judged(kpi: Kpi) -> str:
    """:func:`judgement` without its shape, for text that is read aloud."""
    return NO_TARGET if _only_shown(kpi) else kpi.status


def judgement_color(kpi: Kpi) -> str:
    """The color of :func:`judgement`."""
    return COLORS[NOT_MEASURABLE] if _only_shown(kpi) else COLORS[kpi.status]


def _only_shown(kpi: Kpi) -> bool:
    return kpi.target is None and kpi.value is not None


def fraction(kpi: Kpi) -> str:
    """``61 of 71``; ``1 case`` under a mean of days; empty where there is no such thing."""
    if kpi.denominator is None:
        return ""
    if kpi.unit == "days":
        return f"over {kpi.denominator:,.0f} {'case' if kpi.denominator == 1 else 'cases'}"
    if kpi.numerator is None:
        return ""
    if kpi.unit == MONEY:
        return f"{money(kpi.numerator, kpi.currency)} over {kpi.denominator:,.0f}"
    return f"{kpi.numerator:,.0f} of {kpi.denominator:,.0f}"


def target(kpi: Kpi | Definition) -> str:
    """``≤ 0``, ``< 5.00 %``, ``> 3.00 %``, ``≥ 95.0 %`` or ``no target``."""
    if kpi.target is None:
        return NO_TARGET
    below, above = ("<", ">") if kpi.unit == "rate" else ("≤", "≥")  # AWS acts when its line is reached
    currency = kpi.currency if isinstance(kpi, Kpi) else ""
    return f"{below if kpi.direction == 'lower' else above} {number(kpi.target, kpi.unit, currency)}"


def aim(kpi: Kpi) -> str:
    """:func:`target` in a sentence: ``target ≤ 0`` or ``no target``."""
    return target(kpi) if kpi.target is None else f"target {target(kpi)}"


def within(basis: Basis) -> str:
    """`` in what could be read: 3 of 25 places``; empty where all was read."""
    return "" if basis.whole else f" in what could be read: {basis.read:,} of {basis.expected:,} places"


def within_kpi(results: Results | None, kpi_id: str) -> str:
    """:func:`within` the places a KPI rests on; empty without results, or where they do not have it."""
    found = results.find_kpi(kpi_id) if results is not None else None
    return "" if found is None else within(found.coverage)


def gap(coverage: Coverage) -> str:
    """What could not be read, in a few words: ``nothing could be read``; empty where enough was."""
    if coverage.nothing:
        return "nothing could be read"
    if not coverage.places.read:
        return "no place could be read whole"
    if coverage.too_little:
        return f"only {number(coverage.places.share, 'share')} could be read"
    return ""


def open_findings(findings: Findings, coverage: Coverage) -> str:
    """How many findings are open, and in how much of the organization anybody could look: a clause."""
    places = coverage.places
    if findings.open is None:
        return f"how many findings are open is not known: {gap(coverage)}"
    counted = f"{findings.open:,} {'finding is' if findings.open == 1 else 'findings are'}"
    if not places.read:
        return f"{counted} known to be open, and there may be more"
    return f"{counted} open{within(places)}{unseen(findings)}"


def unseen(findings: Findings) -> str:
    """``, and 4 more were when last looked at``, which the KPI of open findings counts as well; empty without any."""
    many = findings.not_observed
    return f", and {many:,} more {'was' if many == 1 else 'were'} when last looked at" if many else ""


def findings_told(findings: Findings, coverage: Coverage) -> str:
    """:func:`open_findings` with a capital letter, and by severity where they are known."""
    clause = open_findings(findings, coverage)
    told = f"{clause[0].upper()}{clause[1:]}"
    return told if findings.open is None else f"{told} ({severities(findings)})"


def severities(findings: Findings) -> str:
    """``3 critical, 26 high, 31 medium, 17 low``."""
    return ", ".join(f"{findings.by_severity.get(name) or 0:,} {name}" for name in SEVERITIES)


def due(asked: Decision) -> str:
    """By when, or what became of it: ``due 2025-10-13, overdue by 386 days, asked 13 times``, ``due now``."""
    if asked.outcome == "done":
        return f"done on {asked.outcome_at}"
    if asked.outcome == "accepted":
        return f"accepted until {asked.accepted_until}"
    if asked.outcome == "withdrawn":
        return f"withdrawn on {asked.outcome_at}"
    late = f", overdue by {_counted(asked.days_overdue, 'day')}" if asked.days_overdue else ""
    often = f", asked {_counted(asked.times_asked, 'time')}" if asked.times_asked > 1 else ""
    return f"due {'now' if asked.now else asked.due}{late}{often}"


def ask(asked: Decision) -> str:
    """An ask in one line: what, of whom, and by when."""
    return f"{asked.decision} · {asked.owner} · {due(asked)}"


def more(many: int) -> str:
    """``+ 3 more``; empty where nothing is left out."""
    return f"+ {many:,} more" if many else ""


def more_asks(many: int) -> str:
    """``+ 3 more asks``; empty where none is left out."""
    return f"+ {_counted(many, 'more ask')}" if many else ""


def last_asks(asked: LastAsks) -> str:
    """What became of the asks of the report before: ``Asked in September 2026: 2 of 5 done, 3 overdue``."""
    if not asked.period:
        return "Asked before: not known, there is no earlier report"
    if not asked.total:
        return f"Asked in {asked.period}: nothing"
    counts = dict(asked.by_outcome)
    told = [f"{counts.pop('done', 0):,} of {asked.total:,} done"]
    told += [f"{many:,} {name}" for name, many in sorted(counts.items(), key=lambda pair: pair[0] != "overdue") if many]
    return f"Asked in {asked.period}: {', '.join(told)}"


def _counted(many: int, one: str) -> str:
    return f"{many:,} {one if many == 1 else one + 's'}"


def no_decision(coverage: Coverage) -> str:
    """What is said where no decision is asked: that none is, in what could be read, or that nobody can tell."""
    if not coverage.places.read:
        return f"Not known: {gap(coverage)}."
    return f"None this period{within(coverage.places)}."
