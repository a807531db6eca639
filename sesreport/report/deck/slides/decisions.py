"""Decisions requested: what, by whom, by when, and what follows if not."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Nothing, SlideContent, SlideTable, slide
from sesreport.report.deck.evidence import method


@slide(order=110)
def decisions(pack: Pack) -> SlideContent:
    asked = pack.results.decisions
    due = sorted(each.due for each in asked if each.due)
    first = f"The first is due by {due[0]}." if due else ""
    return SlideContent(
        title=titles.decisions(len(asked), pack.results.coverage.places),
        subtitle=f"Decisions requested of the board, {pack.results.period_name}",
        body=SlideTable(
            headers=("Decision", "Owner", "By", "If it is not taken"),
            rows=tuple(
                (Cell(each.decision, bold=True), Cell(each.owner), Cell(each.due), Cell(each.effect)) for each in asked
            ),
            widths=(4.2, 2.1, 1.55, 4.3),
            alt="; ".join(f"{each.decision}, {each.owner}, by {each.due}" for each in asked),
            lines=3,
        )
        if asked
        else Nothing(_none(pack)),
        source="results of this pack",
        takeaway=first or pack.results.coverage.statement,
        notes=method(
            pack, (), *(f"{one.decision}: {one.owner}, {one.due}. {one.effect} (rule {one.rule})" for one in asked)
        ),
    )


def _none(pack: Pack) -> str:
    coverage = pack.results.coverage
    if coverage.places.whole:
        return "Nothing in this pack asks for a decision; it is for noting."
    return f"Decisions asked: {words.no_decision(coverage)}"
