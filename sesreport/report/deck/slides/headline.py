"""Page one: the headline, what happened, what it costs, what is asked of the board, and its own KPIs."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.kpis.results import Happening
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Headline, SlideContent, slide
from sesreport.report.deck.evidence import method


@slide(order=10)
def headline(pack: Pack) -> SlideContent:
    results = pack.results
    page = results.page_one
    told = tuple(f"{words.SHAPES[each.status]} {_brief(each)}" for each in page.happened)
    lines = told or results.verdict or (f"Nothing is known of {results.period_name}.",)
    kpis = [kpi for kpi in results.kpis if kpi.headline]
    return SlideContent(
        title=titles.limited(results.headline or f"{results.title}, {results.period_name}"),
        subtitle=f"{results.title} · {results.organization_name} · {results.period_name}",
        body=Headline(
            happened=lines,
            more=tuple(words.more(page.more + len(lines) - shown) for shown in range(len(lines) + 1)),
            answers=tuple(filter(None, (page.cost, *page.safer))),
            asks=tuple(words.ask(each) for each in results.decisions),
            counts=tuple(each.asks for each in results.decisions),
            more_asks=results.more_asks,
            kpis=tuple(kpis),
            basis=(results.coverage.statement, results.limits),
        ),
        source="results of this pack",
        notes=method(pack, kpis, f"Compared with: {results.compared_with or 'no earlier month'}"),
    )


def _brief(each: Happening) -> str:
    """The few words of a headline where it has them; the report has the numbers."""
    return f"{each.short[:1].upper()}{each.short[1:]}." if each.short else each.text
