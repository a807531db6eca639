"""What a slide says: title, subtitle, one body, one takeaway, notes; no word about shapes.

A slide is one function in one file of :mod:`sesreport.report.deck.slides`::

    @slide(order=30)
    def exposure(pack: Pack) -> SlideContent: ...

It may return several (a long table goes over pages) or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sesreport.core.registry import Registry
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack

TITLE_LIMIT = 90
"""Characters of an action title."""


@dataclass(frozen=True)
class SlideSeries:
    """One series of a chart. ``role``: ``actual`` (the marks), ``line`` (a limit or target drawn across) or ``outline``
    (a limit drawn around each column; the heading names it)."""

    name: str
    values: tuple[float | None, ...]
    color: str
    role: str = "actual"


@dataclass(frozen=True)
class SlideChart:
    """A native chart. ``kind``: ``line``, ``column``, ``bar`` (one series, sorted) or ``stacked`` (bars)."""

    kind: str
    categories: tuple[str, ...]
    series: tuple[SlideSeries, ...]
    unit: str
    alt: str
    heading: str = ""
    """Above the chart, when a slide has two."""
    point_colors: tuple[str | None, ...] = ()
    share: float = 1.0
    """Of the width, beside the shares of the slide's other charts."""
    currency: str = ""
    """Of a unit that is money; labels of single points name it."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table; ``fill`` as #RRGGBB carries a status."""

    text: str
    fill: str | None = None
    bold: bool = False


@dataclass(frozen=True)
class SlideTable:
    """A table with relative column widths; ``right`` holds the indexes of the columns set flush right."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...]
    alt: str
    right: frozenset[int] = frozenset()
    lines: int = 1
    """Lines a cell may take."""


@dataclass(frozen=True)
class Headline:
    """Page one: what happened, what it costs and whether we are safer, what is asked, the board's own KPIs."""

    happened: tuple[str, ...]
    """A line each; as many are shown as there is room for."""
    more: tuple[str, ...]
    """What is left out, by how many of these lines are shown."""
    answers: tuple[str, ...]
    """Sentences below them; the last gives way first."""
    asks: tuple[str, ...]
    """A line each; as many are shown as there is room for."""
    counts: tuple[int, ...]
    """How many asks each of these lines is."""
    more_asks: int
    """Asks that are in none of them."""
    kpis: tuple[Kpi, ...]
    basis: tuple[str, ...]
    """What it rests on and what it does not cover, shown at the foot in at most two lines each."""


@dataclass(frozen=True)
class Nothing:
    """Said in place of a chart or table that has no data, with the reason."""

    text: str


@dataclass(frozen=True)
class SlideContent:
    """One slide."""

    title: str
    subtitle: str
    """Measure, unit, period, scope."""
    body: tuple[SlideChart, ...] | SlideTable | Headline | Nothing
    source: str
    notes: str
    takeaway: str = ""
    kpi: Kpi | None = None
    """Shown with its status beside the chart."""
    foot: SlideTable | None = None
    """Shown below the charts."""


Build = Callable[[Pack], SlideContent | Iterable[SlideContent] | None]
"""``(pack) -> content``: one slide, several or none."""


@dataclass(frozen=True)
class Slide:
    """A registered slide."""

    name: str
    order: int
    build: Build
    appendix: bool
    """Whether it comes after all others, for who asks further."""


SLIDES: Registry[Slide] = Registry("slide")


def slide(*, order: int, appendix: bool = False) -> Callable[[Build], Build]:
    """Register a slide; those of the appendix come last. Raises ValueError when its place is taken."""

    def register(build: Build) -> Build:
        name = getattr(build, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
        SLIDES.add(name, Slide(name, order, build, appendix), build.__module__, place=order)
        return build

    return register


def contents(pack: Pack) -> Sequence[SlideContent]:
    """All slides of the deck, in order."""
    made: list[SlideContent] = []
    for each in sorted(SLIDES.values(), key=lambda registered: (registered.appendix, registered.order)):
        built = each.build(pack)
        several = [built] if isinstance(built, SlideContent) else built or []
        made.extend(replace(one, subtitle=f"Appendix · {one.subtitle}") if each.appendix else one for one in several)
    return made
