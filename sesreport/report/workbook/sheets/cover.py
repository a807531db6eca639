"""Cover: the sentences of page one, what it rests on, and which evidence it was computed from."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet


@sheet(title="Cover", question="What is this, and what does it say?", order=10, group="summary")
def cover(pack: Pack) -> SheetContent:
    results = pack.results
    snapshot = results.snapshot
    page = results.page_one
    items = [("What happened", f"{words.SHAPES[each.status]} {each.text}") for each in page.happened]
    items += [("More happened", words.more(page.more))] if page.more else []
    items += [("What it costs", page.cost), *(("Are we safer", told) for told in page.safer)]
    items = items if page.happened else [("Verdict", sentence) for sentence in results.verdict]
    items += [
        (kpi.label, f"{words.judgement(kpi)}: {words.value_of(kpi)} ({words.target(kpi)})")
        for kpi in results.kpis
        if kpi.headline
    ]
    items += [("Asked of you", words.ask(each)) for each in results.decisions]
    if not results.decisions:
        items.append(("Asked of you", words.no_decision(results.coverage)))
    if more := words.more_asks(results.more_asks):
        items.append(("More asks", f"{more}: sheet Actions"))
    items.append(("Asked before", words.last_asks(results.last_asks)))
    items += [
        ("Rests on", results.coverage.statement),
        ("Not covered", results.limits),
        ("Compared with", results.compared_with),
        ("Organization", f"{results.organization_name} ({results.organization_id})"),
        ("Period", f"{results.period_name} ({results.period}), months in UTC"),
        ("Classification", results.classification),
        ("Contact", results.contact),
        ("Snapshot", f"{snapshot.id}, collection finished {snapshot.finished_at}"),
        ("Snapshot SHA-256", snapshot.sha256),
    ]
    items = _numbered([item for item in items if item[1]])
    return SheetContent(
        subtitle=results.headline,
        note=f"{results.organization_name} · {results.period_name} · {results.classification}",
        columns=(SheetColumn("item", "Item", width=42), SheetColumn("detail", "What it says", width=112)),
        rows=pd.DataFrame(items, columns=["item", "detail"]),
    )


def _numbered(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Items that occur more than once get a number, so that every row has its own name."""
    names = [name for name, _ in items]
    seen: dict[str, int] = {}
    numbered = []
    for name, detail in items:
        seen[name] = seen.get(name, 0) + 1
        numbered.append((f"{name} {seen[name]}" if names.count(name) > 1 else name, detail))
    return numbered
