"""What came and went since the earlier snapshot."""

from __future__ import annotations

import pandas as pd

from sesreport.core.vocabulary import GRAVE, severity_rank
from sesreport.kpis import words
from sesreport.kpis.results import Results
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section
from sesreport.report.html.table import TableColumn, table

_COLUMNS = (
    TableColumn("severity", "Severity", "rank", facet=True),
    TableColumn("what", "What", facet=True),
    TableColumn("change", "Change", facet=True),
    TableColumn("identity", "Identity", "name"),
    TableColumn("subject", "Subject", "name"),
    TableColumn("before", "Before", missing="–"),
    TableColumn("after", "After", missing="–"),
    TableColumn("account_id", "Account", "id"),
    TableColumn("region", "Region", "id"),
)


@section(30, "changes", "What changed")
def changes(pack: Pack) -> SectionContent:
    frame = pack.frames.get("changes_since", pd.DataFrame())
    rows = frame.sort_values(["severity", "what", "change"], key=_order) if len(frame) else None
    return SectionContent(
        heading=heading(pack.results, frame),
        so_what=so_what(pack.results, frame),
        charts=("changes",),
        tables=(
            table("t-changes", "Changes since the earlier snapshot", pack.frames, "changes_since", _COLUMNS, rows=rows),
        ),
    )


def heading(results: Results, frame: pd.DataFrame) -> str:
    """Grants added and removed, since when."""
    since = f"since {results.compared_with}" if results.compared_with else "since the earlier snapshot"
    places = results.coverage.places
    here = words.within(places)
    if frame.empty and not results.compared_with:
        return "There is no earlier snapshot to compare with"
    if frame.empty and not places.read:
        return f"What changed {since} is not known: nothing could be read"
    if frame.empty:
        return f"No change was recorded {since}{here}"
    grants = frame.loc[frame["what"] == "grant", "change"].value_counts()
    added, removed = int(grants.get("added", 0)), int(grants.get("removed", 0))
    if not added and not removed:
        return f"No grant was added or removed {since}{here}"
    return f"{added:,} {'grant' if added == 1 else 'grants'} added, {removed:,} removed {since}{here}"


def so_what(results: Results, frame: pd.DataFrame) -> str:
    if frame.empty and not results.compared_with:
        return "Two snapshots are needed before anything can be said about change."
    if not results.coverage.places.whole:
        less = "Places that were not read in both snapshots are left out."
        return less if frame.empty else f"{_weight(frame)} {less}"
    return _weight(frame) if len(frame) else ""


def _weight(frame: pd.DataFrame) -> str:
    serious = int(frame["severity"].isin(GRAVE).sum())
    return (
        f"{serious:,} of {len(frame):,} changes weigh high or critical: each needs someone who asked for it."
        if serious
        else "No change weighs high or critical."
    )


def _order(column: pd.Series) -> pd.Series:
    return severity_rank(column) if column.name == "severity" else column
