"""Changes: what was added, removed or altered since the earlier snapshot."""

from __future__ import annotations

from sesreport.core.vocabulary import severity_rank
from sesreport.kpis import words
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import nothing, ranked, with_account_names

COLUMNS = ("what", "change", "severity", "identity", "subject", "before", "after", "account_id", "region")


@sheet(title="Changes", question="What is different since the last snapshot?", order=50, group="summary")
def changes(pack: Pack) -> SheetContent:
    rows = pack.columns("changes_since", COLUMNS)
    rows = ranked(with_account_names(pack, rows), severity_rank(rows["severity"]), "what", "change", "identity")
    compared = pack.results.compared_with or "no earlier snapshot"
    counted = rows["change"].value_counts()
    told = ", ".join(f"{counted.get(word, 0):,} {word}" for word in ("added", "removed", "changed"))
    return SheetContent(
        subtitle=f"Compared with {compared}: {_told(pack, told)}",
        note="Grants, identities, owners and exposure; the most severe first. Places not read in both snapshots are "
        "left out.",
        columns=(
            SheetColumn("what", "What"),
            SheetColumn("change", "Change"),
            SheetColumn("severity", "Severity", "signal", colors=SEVERITY_COLORS),
            SheetColumn("identity", "Identity"),
            SheetColumn("subject", "Subject"),
            SheetColumn("before", "Before", unknown="nothing"),
            SheetColumn("after", "After", unknown="nothing"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
        ),
        rows=rows,
        empty=nothing(
            pack,
            "changes_since",
            f"changes compared with {compared}",
            "changes_since" if pack.results.compared_with else None,
        ),
        file="data/changes_since.parquet",
    )


def _told(pack: Pack, counted: str) -> str:
    coverage = pack.results.coverage
    if not pack.results.compared_with:
        return "what changed is not known"
    if not coverage.places.read:
        return f"not known, {words.gap(coverage)}"
    return f"{counted}{words.within(coverage.places)}"
