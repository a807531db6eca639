"""Page one: the headline, its sentences, the decisions asked of the board, and its own KPIs."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Headline, SlideContent, slide
from sesreport.report.deck.evidence import method


@slide(order=10)
def headline(pack: Pack) -> SlideContent:
    results = pack.results
    kpis = [kpi for kpi in results.kpis if kpi.headline]
    return SlideContent(
        title=titles.limited(results.headline or f"{results.title}, {results.period_name}"),
        subtitle=f"{results.title} · {results.organization_name} · {results.period_name}",
        body=Headline(
            sentences=tuple(told for told in results.verdict if told != results.coverage.statement)
            or (f"No verdict: nothing could be measured in {results.period_name}.",),
            asks=tuple(words.ask(each) for each in results.decisions),
            counts=tuple(each.asks for each in results.decisions),
            more_asks=results.more_asks,
            kpis=tuple(kpis),
            basis=(results.coverage.statement, results.limits),
        ),
        source="results of this pack",
        notes=method(pack, kpis, f"Compared with: {results.compared_with or 'no earlier month'}"),
    )
