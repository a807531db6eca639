"""Action titles: what the numbers say, in one line of at most 90 characters, by rule.

Each rule has a neutral sentence for when the number is not known and one for when nothing moved. They claim only what
results say: no cause, no praise.
"""

from __future__ import annotations

from collections.abc import Sequence

from sesreport.analysis.basis import Basis
from sesreport.core.period import Period
from sesreport.core.text import visible
from sesreport.kpis import words
from sesreport.kpis.headline import COVERAGE
from sesreport.kpis.results import (
    MINIMUM_COVERAGE,
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    WATCH,
    Findings,
    Kpi,
    standing,
)
from sesreport.report.deck.description import TITLE_LIMIT

_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
FLAT = 0.005
"""A relative change below this is flat."""


def limited(*candidates: str) -> str:
    """The first candidate that fits a title; the last one shortened when none does."""
    for candidate in candidates:
        candidate = visible(candidate)
        if candidate and len(candidate) <= TITLE_LIMIT:
            return candidate
    return visible(candidates[-1])[: TITLE_LIMIT - 1].rstrip() + "…"


def spelled(value: float, *, first: bool = False) -> str:
    """A count in words up to twelve, in figures beyond."""
    word = _NUMBERS[int(value)] if 0 <= value <= 12 and float(value).is_integer() else f"{value:,.0f}"
    return word.capitalize() if first else word


def counted(value: float, singular: str, plural: str, *, first: bool = False) -> str:
    """``Nine accounts``, ``one account``."""
    return f"{spelled(value, first=first)} {singular if value == 1 else plural}"


def movement(kpi: Kpi) -> str:
    """``, two more than in September``; empty when there is no earlier value."""
    if kpi.change is None:
        return ""
    before = f"in {Period.of(kpi.series[-2].period).name.split()[0]}" if len(kpi.series) > 1 else "before"
    if abs(kpi.change) < 0.5:
        return f", as many as {before}"
    return f", {spelled(abs(kpi.change))} {'more' if kpi.change > 0 else 'fewer'} than {before}"


def coverage_alone(kpis: Sequence[Kpi]) -> bool:
    """Whether the only KPI with a target and a value is the one that says how much was read."""
    return [kpi.id for kpi in kpis if kpi.target is not None and kpi.value is not None] == [COVERAGE]


def scorecard(every: tuple[Kpi, ...]) -> str:
    """Of the KPIs that have a target."""
    counts = standing(every)
    judged = sum(counts.values())
    if counts[NOT_MEASURABLE] == judged:
        return "No control could be measured this month"
    if counts[NOT_MEASURABLE] + counts[OFF_TARGET] == judged and coverage_alone(every):
        return "No control could be measured this month: nothing it rests on could be read"
    if counts[ON_TARGET] == judged:
        return f"All {spelled(judged)} controls are on target"
    parts = []
    if counts[OFF_TARGET]:
        parts.append(f"{spelled(counts[OFF_TARGET])} off target")
    if counts[WATCH]:
        parts.append(f"{spelled(counts[WATCH])} to watch")
    if counts[NOT_MEASURABLE]:
        parts.append(f"{spelled(counts[NOT_MEASURABLE])} not measurable")
    number = spelled(counts[ON_TARGET], first=True) if counts[ON_TARGET] else "None"
    on_target = f"{number} of {spelled(judged)} controls on target"
    return limited(f"{on_target}: {', '.join(parts)}", on_target)


def _read(told: str, kpi: Kpi) -> str:
    """Good news with what it rests on, unless all was read."""
    return told if kpi.coverage.whole else limited(f"{told} ({_places(kpi)})", told)


def _rests(told: str, kpi: Kpi, more: str = "") -> str:
    """Other news with what it rests on, where that is too little; that is told before ``more``."""
    if (kpi.coverage.share or 0.0) >= MINIMUM_COVERAGE:
        return limited(f"{told}{more}", told)
    return limited(f"{told}{more} ({_places(kpi)})", f"{told} ({_places(kpi)})", told)


def _places(kpi: Kpi) -> str:
    return f"read: {kpi.coverage.read:,} of {kpi.coverage.expected:,} places"


def public_identities(kpi: Kpi) -> str:
    if kpi.value is None:
        return "Whether anyone can send as us is not known this month"
    if kpi.value == 0:
        return _read("No identity that was read lets anyone send", kpi)
    return _rests(f"Anyone can send from {counted(kpi.value, 'identity', 'identities')}", kpi, movement(kpi))


def unknown_accounts(kpi: Kpi) -> str:
    if kpi.value is None:
        return "Which outside accounts can send as us is not known this month"
    if kpi.value == 0:
        return _read("Every outside account that can send as us has a valid approval", kpi)
    unknown = counted(kpi.value, "unknown account", "unknown accounts", first=True)
    return _rests(f"{unknown} can send as us", kpi, movement(kpi))


def expired_grants(kpi: Kpi) -> str:
    if kpi.value is None:
        return "Whether approvals are in date is not known this month"
    if kpi.value == 0:
        return _read("Every registered grant is within its approval", kpi)
    verb = "is past its approval" if kpi.value == 1 else "are past their approval"
    return _rests(f"{counted(kpi.value, 'grant', 'grants', first=True)} {verb}", kpi, movement(kpi))


def against_target(kpi: Kpi, subject: str) -> str:
    """A share against its target: ``72.9 % of identities have an owner, 22.1 points short of target``."""
    if kpi.value is None:
        return limited(f"{kpi.label}: not known this month", "Not known this month")
    value = words.value_of(kpi)
    if kpi.target is None:
        return limited(f"{value} {subject}")
    gap = (kpi.target - kpi.value) * (1 if kpi.direction == "higher" else -1)
    if gap <= 0:
        if not kpi.coverage.whole:
            return _read(f"{value} {subject}", kpi)
        return limited(f"{value} {subject}: target met", f"{value} {subject}")
    return _rests(f"{value} {subject}", kpi, f", {gap * 100:.1f} points short of target")


def reputation(over: int | None, bounce: Kpi | None, complaint: Kpi | None) -> str:
    """``over``: accounts at or over a line at which AWS reviews; None when AWS's figures are not known."""
    if over:
        return f"{counted(over, 'account is', 'accounts are', first=True)} over a line at which AWS reviews sending"
    rates = [kpi for kpi in (bounce, complaint) if kpi is not None and kpi.value is not None]
    if over is None and not rates:
        return "Bounce and complaint rates are not known this month"
    told = " and ".join(f"{kpi.label.lower()} {words.value_of(kpi)}" for kpi in rates)
    if over is None:
        return limited(f"{told[:1].upper()}{told[1:]} in the organization", "Bounces and complaints this month")
    fine = "No account is over AWS's review lines"
    if rates and not rates[0].coverage.whole:
        return _read(fine, rates[0])
    return limited(f"{fine}; {told}" if told else "", fine)


def volume(kpi: Kpi, driver: str = "") -> str:
    if kpi.value is None:
        return "How much was sent is not known this month"
    total = millions(kpi.value)
    if not kpi.prior:
        return f"{total[:1].upper()}{total[1:]} messages were sent"
    share = (kpi.value - kpi.prior) / kpi.prior
    if abs(share) < FLAT:
        return f"Sending was flat at {total} messages"
    moved = f"Sending {'grew' if share > 0 else 'fell'} {abs(share):.1%} to {total} messages".replace("%", " %")
    return limited(f"{moved}, most of it in {driver}", moved) if driver else moved


def cost(kpi: Kpi, roughly: str, budget: float | None, avoidable: Kpi | None) -> str:
    """``roughly`` is ``about `` where the cost is estimated, ``budget`` the month's in the currency of the cost; None
    where the settings name none.
    """
    if kpi.value is None:
        return "What sending cost is not known this month"
    told = f"Sending cost {roughly}{words.value_of(kpi)}"
    over = kpi.value - budget if budget else 0.0
    against = f", {words.rounded(abs(over), kpi.currency)} {'over' if over > 0 else 'under'} budget" if over else ""
    if avoidable is None or avoidable.value is None:
        return f"{told}{against}"
    if not avoidable.value:
        return _read(f"{told}{against}; nothing avoidable was found", avoidable)
    wasted = f"{words.rounded(avoidable.value, avoidable.currency)} avoidable"
    return limited(f"{told}{against}; {wasted}", f"{told}; {wasted}")


def currencies(names: Sequence[str]) -> str:
    return limited(f"Sending cost is charged in {' and '.join(names)}, which are not added")


def showback(owner: str, cost: str, whole: str, avoidable: str) -> str:
    """``owner`` is the one with the highest cost; ``avoidable`` is empty where none is known."""
    told = f"{owner} spends {cost} of {whole}"
    return limited(f"{told}, of which {avoidable} is avoidable", told) if avoidable else limited(told)


def millions(value: float) -> str:
    """``2.5 million``, ``340 thousand``, ``812``."""
    for size, name in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if value >= size:
            scaled = value / size
            return f"{scaled:.1f} {name}" if scaled < 100 else f"{scaled:,.0f} {name}"
    return f"{value:,.0f}"


def findings(counts: Findings, older: int | None, read: Basis) -> str:
    """``older``: open findings known for more than 30 days; None when no opening day is known."""
    if not counts.open and not read.read:
        return "Which findings are open is not known: nothing was read"
    if not counts.open:
        return f"No finding is open{words.within(read)}"
    opened = f"{counted(counts.open, 'finding is', 'findings are', first=True)} open"
    if not read.read:
        return f"{opened}, and there may be more: no place could be read whole"
    critical = counts.by_severity.get("critical") or 0
    worst = f"{spelled(critical)} of them critical" if critical else "none of them critical"
    if counts.open == 1:
        worst = "and it is critical" if critical else "and it is not critical"
    where = "" if read.whole else f" (read: {read.read:,} of {read.expected:,} places)"
    shorter = (f"{opened}, {worst}{where}", f"{opened}{where}")
    if older:
        return limited(f"{opened}, {worst}; {spelled(older)} older than 30 days{where}", *shorter)
    return limited(*shorter)


def changes(added: int, removed: int, compared_with: str, read: Basis) -> str:
    if not compared_with:
        return "What changed is not known: there is no earlier snapshot"
    if not read.read and not added and not removed:
        return limited(f"What changed since {compared_with} is not known: nothing could be read")
    if not added and not removed:
        told = f"No grant was added or removed since {compared_with}"
        return limited(f"{told}{words.within(read)}", f"{told} in what was read", told)
    told = f"{counted(added, 'grant', 'grants', first=True)} added, {spelled(removed) if removed else 'none'} removed"
    return limited(f"{told} since {compared_with}", told)


def coverage(places: Basis) -> str:
    if not places.expected:
        return "Nothing was read: no number in this pack can be relied on"
    missing = places.expected - places.read
    if missing <= 0:
        return f"All {places.expected:,} places were read"
    if not places.read:
        return f"We read none of {places.expected:,} places: who can send as us is not known"
    verb = "could not be assessed"
    return limited(f"We read {places.read:,} of {places.expected:,} places; {spelled(missing)} {verb}")


def decisions(count: int, read: Basis) -> str:
    if count:
        return f"{counted(count, 'decision', 'decisions', first=True)} requested"
    if not read.read:
        return "Which decisions are needed is not known: nothing could be read"
    return f"No decision is requested{words.within(read)}"
