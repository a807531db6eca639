"""What happened in the month, for page one: one registered function for each kind of news."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from sesreport.analysis.registry import Analysis
from sesreport.core.registry import Registry
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Happening

MOST = 5
"""Lines of page one; what is left out is counted."""
URGENCY = (OFF_TARGET, WATCH, NOT_MEASURABLE, ON_TARGET)
"""In which order they are told; within a status in the order of their kinds."""
Tell = Callable[[Analysis], Iterable[Happening]]


@dataclass(frozen=True)
class Kind:
    """A registered kind of news."""

    order: int
    tell: Tell


KINDS: Registry[Kind] = Registry("happening")


def happening(*, order: int) -> Callable[[Tell], Tell]:
    """Registers a function from an analysis to what happened. A new kind is one file in ``happened/``."""

    def register(tell: Tell) -> Tell:
        name = getattr(tell, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
        KINDS.add(name, Kind(order, tell), tell.__module__, place=order)
        return tell

    return register


def happened(analysis: Analysis) -> tuple[Happening, ...]:
    """All that happened, the worst first."""
    kinds = sorted(KINDS.values(), key=lambda kind: kind.order)
    told = [each for kind in kinds for each in kind.tell(analysis)]
    return tuple(sorted(told, key=lambda each: URGENCY.index(each.status)))


def place_name(account_name: object, account_id: str, region: str) -> str:
    """``Marketing Prod (eu-west-1)``."""
    return f"{account_name if isinstance(account_name, str) else account_id} ({region})"


def in_words(day: date) -> str:
    """``15 October``."""
    return f"{day.day} {day:%B}"
