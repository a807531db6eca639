"""How sure we are: what was read, and what could not be: the places that count as not read first."""

from __future__ import annotations

from sesreport.analysis.basis import PARTLY, UNREAD, place_states
from sesreport.kpis.results import Gap
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method

ROWS = 9
NOT_COUNTED = "not counted"
"""A gap of what is no place: an account as a whole."""


@slide(order=120)
def coverage(pack: Pack) -> SlideContent:
    found, measured = pack.results.coverage, pack.results.find_kpi("coverage")
    gaps = _by_place(pack)
    more = len(gaps) - ROWS
    shown = gaps[:ROWS]
    statuses = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in found.by_status.items())
    return SlideContent(
        title=titles.coverage(found.places),
        subtitle="What could not be read (place = account × Region), and why",
        body=SlideTable(
            headers=("Account", "Account id", "Region", "Place", "Datasets", "Reason"),
            rows=tuple(_row(*each) for each in shown),
            widths=(2.3, 1.6, 1.6, 1.5, 1.6, 3.7),
            alt="; ".join(f"{place[0].account_name} {place[0].region}: {state}" for state, place in shown),
        )
        if shown
        else Nothing(found.statement or "No gap: everything that should have been read was read."),
        source="coverage",
        takeaway=f"{counted(more, 'more place')} with gaps: sheet Data quality." if more > 0 else found.statement,
        notes=method(pack, (measured,), f"Datasets by status: {statuses}." if statuses else ""),
    )  # fmt: skip


def _by_place(pack: Pack) -> list[tuple[str, list[Gap]]]:
    """The gaps by place, with whether it counts as read; the places that do not first, then those read in part."""
    told = place_states(pack.coverage_columns)
    states = {(row.account_id, row.region): row.state for row in told.itertuples()}
    places: dict[tuple[str, str], list[Gap]] = {}
    for gap in pack.results.coverage.gaps:
        places.setdefault((gap.account_id, gap.region), []).append(gap)
    found = [(str(states.get(place, NOT_COUNTED)), gaps) for place, gaps in places.items()]
    return sorted(found, key=lambda each: (UNREAD, PARTLY, NOT_COUNTED).index(each[0]))


def _row(state: str, gaps: list[Gap]) -> tuple[Cell, ...]:
    first = gaps[0]
    datasets = ", ".join(gap.dataset.replace("_", " ") for gap in gaps)
    return (
        Cell(first.account_name), Cell(first.account_id), Cell(first.region),
        Cell(state, fill=SEVERITY_COLORS["high"] if state == UNREAD else None),
        Cell(datasets), Cell(first.reason or first.status.replace("_", " ")),
    )  # fmt: skip
