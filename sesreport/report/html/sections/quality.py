"""What the numbers rest on: what could and could not be read."""

from __future__ import annotations

import dataclasses

import pandas as pd

from sesreport.kpis.results import Results
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section
from sesreport.report.html.table import TableColumn, table

_COLUMNS = (
    TableColumn("account_name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("dataset", "Dataset", facet=True),
    TableColumn("status", "Status", facet=True),
    TableColumn("reason", "Reason", "long"),
)


@section(90, "coverage", "Data quality and coverage")
def coverage(pack: Pack) -> SectionContent:
    gaps = pd.DataFrame([dataclasses.asdict(gap) for gap in pack.results.coverage.gaps])
    frames = {**pack.frames, "gaps": gaps}
    return SectionContent(
        heading=heading(pack.results),
        so_what=pack.results.coverage.statement,
        charts=("coverage",),
        tables=(
            dataclasses.replace(
                table("t-gaps", "What could not be read", frames, "gaps", _COLUMNS, none=None),
                source="coverage",
                empty="" if len(gaps) else "No gap was recorded.",
            ),
        ),
    )


def heading(results: Results) -> str:
    """Places and accounts read, of those expected."""
    places, accounts = results.coverage.places, results.coverage.accounts
    if not places.expected:
        return "It is not known what should have been read"
    if places.read >= places.expected and accounts.read >= accounts.expected:
        return f"Everything was read: {counted(accounts.expected, 'account')}, {counted(places.expected, 'place')}"
    missing = places.expected - places.read
    return f"{places.read:,} of {counted(places.expected, 'place')} were read; {missing:,} could not be assessed"
