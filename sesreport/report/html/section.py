"""What a section of the report is, and the registry of them. A new section is one file in ``sections/``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sesreport.core.registry import Registry
from sesreport.kpis import words
from sesreport.kpis.results import OFF_TARGET, WATCH, Kpi, Results
from sesreport.report.contents import Pack
from sesreport.report.html.table import HtmlTable


@dataclass(frozen=True)
class SectionContent:
    """What a section says, in the order it is read."""

    heading: str
    """The message, made by a rule from the results; neutral where they are not known."""
    so_what: str = ""
    """One line: what follows from it."""
    charts: tuple[str, ...] = ()
    """Names of registered charts."""
    tables: tuple[HtmlTable, ...] = ()
    partial: str | None = None
    """A template of its own, drawn before the charts, with ``data`` as its variables."""
    data: Mapping[str, Any] = field(default_factory=dict)


Make = Callable[[Pack], SectionContent]


@dataclass(frozen=True)
class ReportSection:
    """One registered section; ``id`` is its anchor and does not change, so links to it keep working."""

    order: int
    id: str
    title: str
    make: Make


SECTIONS: Registry[ReportSection] = Registry("section")


def section(order: int, id: str, title: str) -> Callable[[Make], Make]:  # noqa: A002
    """Register a function ``(pack) -> SectionContent`` as a section; sections are drawn by ascending ``order``."""

    def register(make: Make) -> Make:
        SECTIONS.add(id, ReportSection(order, id, title, make), make.__module__, place=order)
        return make

    return register


def kpi_of(results: Results, kpi_id: str) -> Kpi | None:
    """The KPI, or None where this pack does not have it or does not know its value."""
    found = results.find_kpi(kpi_id)
    return found if found is not None and found.value is not None else None


def where(results: Results, *kpi_ids: str, good: bool = False) -> str:
    """`` in what could be read: 3 of 25 places``, of the KPI that rests on least.

    Good news is always told so unless everything was read, other news where less than the minimum was.
    """
    bases = [kpi.coverage for kpi in results.kpis if kpi.id in kpi_ids and not kpi.coverage.whole]
    least = min(bases, key=lambda basis: basis.share or 0.0, default=None)
    if least is None or not (good or (least.share or 0.0) < results.coverage.minimum):
        return ""
    return words.within(least)


def why_unknown(results: Results, *kpi_ids: str) -> str:
    """The reasons why these KPIs have no value, each once."""
    found = _sentences(kpi.reason for kpi in results.kpis if kpi.id in kpi_ids and kpi.value is None)
    return found or "The results do not hold these numbers."


def reasons(results: Results, *kpi_ids: str) -> str:
    """The one-sentence reasons of these KPIs, in this order, each once."""
    return _sentences(kpi.reason for kpi_id in kpi_ids for kpi in results.kpis if kpi.id == kpi_id)


def consequence(results: Results, sentence: str, *kpi_ids: str) -> str:
    """The reasons of these KPIs, and what follows from them where one of them is not on target."""
    off = any(kpi.id in kpi_ids and kpi.status in (OFF_TARGET, WATCH) for kpi in results.kpis)
    return " ".join(filter(None, (reasons(results, *kpi_ids), sentence if off else "")))


def _sentences(texts: Iterable[str]) -> str:
    """Each text once, with a capital letter and a full stop."""
    ended = (text if text.endswith((".", "!", "?")) else f"{text}." for text in texts if text)
    return " ".join(dict.fromkeys(text[0].upper() + text[1:] for text in ended))
