"""Decisions requested: what, by whom, by when, and what follows if not."""

from __future__ import annotations

from collections.abc import Iterator

from sesreport.report.deck import titles
from sesreport.report.deck.description import Cell, Content, Nothing, Table, slide
from sesreport.report.deck.evidence import method
from sesreport.report.pack import Pack

ROWS = 5


@slide(order=110)
def decisions(pack: Pack) -> Iterator[Content]:
    asked = pack.results.decisions
    pages = [asked[at : at + ROWS] for at in range(0, len(asked), ROWS)] or [()]
    for number, page in enumerate(pages, 1):
        of = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        yield Content(
            title=titles.decisions(len(asked)) + of,
            subtitle=f"Decisions requested of the board, {pack.results.period_name}",
            body=Table(
                headers=("Decision", "Owner", "By", "If it is not taken"),
                rows=tuple(
                    (Cell(each.decision, bold=True), Cell(each.owner), Cell(each.due), Cell(each.effect))
                    for each in page
                ),
                widths=(4.2, 2.1, 1.55, 4.3),
                alt="; ".join(f"{each.decision}, {each.owner}, by {each.due}" for each in page),
                lines=3,
            )
            if page
            else Nothing("Nothing in this pack asks for a decision; it is for noting."),
            source="results of this pack",
            takeaway=f"The first is due by {min(each.due for each in asked)}."
            if page
            else pack.results.coverage.statement,
            notes=method(
                pack,
                (),
                *(f"{each.decision}: {each.owner}, {each.due}. {each.effect} (rule {each.rule})" for each in page),
            ),
        )
