"""Decisions requested: what, by whom, by when, and what rides on it."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method


@slide(order=110, appendix=True)
def decisions(pack: Pack) -> SlideContent:
    asked, more = pack.results.decisions, words.more_asks(pack.results.more_asks)
    count = sum(each.asks for each in asked) + pack.results.more_asks
    return SlideContent(
        title=titles.decisions(count, pack.results.coverage.places),
        subtitle=f"Decisions requested of the board, {pack.results.period_name}",
        body=SlideTable(
            headers=("Decision", "Owner", "By", "What rides on it"),
            rows=tuple(
                (Cell(each.decision, bold=True), Cell(each.owner), Cell(words.due(each)), Cell(each.reach))
                for each in asked
            ),
            widths=(4.4, 1.9, 2.2, 3.6),
            alt="; ".join(words.ask(each) for each in asked),
            lines=5,
        )
        if asked
        else Nothing(_none(pack)),
        source="results of this pack",
        takeaway=f"{more}: sheet Actions of the workbook." if more else pack.results.coverage.statement,
        notes=method(pack, (), *(f"{words.ask(one)}. {one.reach}. {one.effect} (rule {one.rule})" for one in asked)),
    )


def _none(pack: Pack) -> str:
    coverage = pack.results.coverage
    if coverage.places.whole:
        return "Nothing in this pack asks for a decision; it is for noting."
    return f"Decisions asked: {words.no_decision(coverage)}"
