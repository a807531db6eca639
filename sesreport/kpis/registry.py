"""A KPI is one function from an analysis to a :class:`Measure`, registered with what it means."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.core.registry import Registry
from sesreport.kpis.contributions import COUNT, DISTINCT, Contributions


@dataclass(frozen=True)
class Measure:
    """What a KPI function found. ``value`` is None where it cannot be known; ``reason`` then says why."""

    value: float | None
    frame: pd.DataFrame
    """One row per counted thing: the evidence."""
    numerator: float | None = None
    denominator: float | None = None
    reason: str = ""
    history: Mapping[str, float | None] = field(default_factory=dict)
    """Earlier months by ``YYYY-MM``, where the data reach back that far."""
    contributions: Contributions | None = None
    """What the value is reduced from; a KPI without them has no breakdown."""
    unknown: int = 0
    """Contributions that could not be judged and are in no sum."""
    currency: str = ""
    """Of a value that is money."""
    comparable: bool = True
    """Whether it rests on enough to be set against the month before."""

    def because(self, reason: str) -> Measure:
        """The same with a reason."""
        return dataclasses.replace(self, reason=reason)

    def unread(self) -> Measure:
        """The same where no place was read that it rests on: no value; what was found on the way is told."""
        counts = self.contributions is not None and self.contributions.reduction in (COUNT, DISTINCT)
        found = (self.numerator or None) if counts else None
        reason = "Nothing it rests on could be read."
        if counts and (found or self.denominator):
            reason = f"No place it rests on could be read whole. {self.reason}"
        return dataclasses.replace(self, value=None, numerator=found, denominator=None, reason=reason)


def measured(given: Contributions, frame: pd.DataFrame, reason: str = "") -> Measure:
    """The measure that contributions add up to, earlier months included.

    A numerator is told beside a denominator only: of a plain sum it would be the value again.
    """
    months = given.months()
    total = months[given.period]
    numerator = None if total.denominator is None else total.numerator
    history = {month: each.value for month, each in months.items() if month < given.period and each.value is not None}
    return Measure(total.value, frame, numerator, total.denominator, reason, history, given, total.unknown)


@dataclass(frozen=True)
class Definition:
    """A registered KPI."""

    id: str
    measure: Callable[[Analysis], Measure]
    order: int
    """Place on the scorecard."""
    label: str
    question: str
    definition: str
    formula: str
    source: str
    unit: str
    """``count``, ``share``, ``rate``, ``days``, ``messages`` or ``money``."""
    direction: str
    """``lower``, ``higher`` or ``none``."""
    datasets: tuple[str, ...]
    """Collected datasets it rests on; its coverage is that of the places where all were read."""
    target: float | None = None
    watch: float | None = None
    owner: str = ""
    headline: bool = False
    by_lives: bool = False
    """Whether it is read off the lives of findings, that is all snapshots, and tells what happened."""


KPIS: Registry[Definition] = Registry("KPI")

Measuring = Callable[[Analysis], Measure]


def kpi(
    *,
    order: int,
    label: str,
    question: str,
    definition: str,
    formula: str,
    source: str,
    unit: str,
    direction: str,
    datasets: tuple[str, ...],
    target: float | None = None,
    watch: float | None = None,
    owner: str = "",
    headline: bool = False,
    by_lives: bool = False,
) -> Callable[[Measuring], Measuring]:
    """Registers a KPI under its function's name."""

    def register(measure: Measuring) -> Measuring:
        name = getattr(measure, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
        made = Definition(
            name, measure, order, label, question, definition, formula, source, unit, direction, datasets, target,
            watch, owner, headline, by_lives,
        )  # fmt: skip
        KPIS.add(name, made, measure.__module__, place=order)
        return measure

    return register


def kpis() -> list[Definition]:
    """All KPIs in scorecard order."""
    return sorted(KPIS.values(), key=lambda definition: definition.order)
