"""What the report before asked, and what became of it."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method


@slide(order=112)
def last_asks(pack: Pack) -> SlideContent:
    last = pack.results.last_asks
    told = words.last_asks(last)
    return SlideContent(
        title=titles.limited(told),
        subtitle=f"Asks of the report before and their outcome, {pack.results.period_name}",
        body=SlideTable(
            headers=("Asked", "Owner", "Since", "Outcome"),
            rows=tuple(
                (Cell(one.decision, bold=True), Cell(one.owner), Cell(one.since), Cell(words.due(one)))
                for one in last.asks
            ),
            widths=(5.4, 2.0, 1.3, 3.4),
            alt="; ".join(words.ask(one) for one in last.asks),
            lines=5,
        )
        if last.asks
        else Nothing(f"{told}."),
        source="results of this pack",
        takeaway=f"{words.more_asks(last.more)}: sheet Actions of the workbook." if last.more else "",
        notes=method(pack, (), told, *(f"{words.ask(one)} (rule {one.rule})" for one in last.asks)),
    )
