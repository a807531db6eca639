"""What the report before asked, and what became of it."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method

MOST = 5
"""Lines of the slide; what is left out is counted."""


@slide(order=112)
def last_asks(pack: Pack) -> SlideContent | None:
    last = pack.results.last_asks
    if not last.period:
        return None
    told = words.last_asks(last)
    shown = last.asks[:MOST]
    more = words.more_asks(last.total - sum(each.asks for each in shown))
    return SlideContent(
        title=titles.limited(told),
        subtitle=f"Asks of the report before and their outcome, {pack.results.period_name}",
        body=SlideTable(
            headers=("Asked", "Owner", "Since", "Outcome"),
            rows=tuple(
                (Cell(one.decision, bold=True), Cell(one.owner), Cell(one.since), Cell(words.due(one))) for one in shown
            ),
            widths=(5.4, 2.0, 1.3, 3.4),
            alt="; ".join(words.ask(one) for one in shown),
            lines=5,
        )
        if last.asks
        else Nothing(f"{told}."),
        source="results of this pack",
        takeaway=f"{more}: sheet Actions of the workbook." if more else pack.results.coverage.statement,
        notes=method(pack, (), told, *(f"{words.ask(one)} (rule {one.rule})" for one in last.asks)),
    )
