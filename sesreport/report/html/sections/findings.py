"""Every place where a rule fired."""

from __future__ import annotations

import pandas as pd

from sesreport.core.vocabulary import SEVERITIES, severity_rank
from sesreport.kpis import words
from sesreport.kpis.results import Results
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.fixes import with_fixes
from sesreport.report.html.section import SectionContent, section
from sesreport.report.html.table import TableColumn, table

_COLUMNS = (
    TableColumn("severity", "Severity", "rank", facet=True),
    TableColumn("title", "Finding", facet=True),
    TableColumn("identity", "Identity", "name", missing="–"),
    TableColumn("grantee", "Grantee", "name", missing="–"),
    TableColumn("evidence", "Evidence", "long"),
    TableColumn("recommendation", "Recommendation", "long"),
    TableColumn("fix", "Fix", "long"),
    TableColumn("owner", "Owner", facet=True),
    TableColumn("environment", "Environment", facet=True),
    TableColumn("account_name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id", missing="–"),
    TableColumn("status", "Status", facet=True),
    TableColumn("first_seen", "First seen", "date"),
    TableColumn("opened_at", "Opened", "date"),
    TableColumn("age", "Age", facet=True),
    TableColumn("rule", "Rule"),
    TableColumn("mark", "Fingerprint"),
)


@section(80, "findings", "Findings")
def findings(pack: Pack) -> SectionContent:
    frame = pack.frames.get("findings")
    rows = frame
    if frame is not None and len(frame):
        made = with_fixes(pack.frames, frame)
        made = made.assign(_rank=severity_rank(frame["severity"]), _state=frame["status"].ne("open"),
                           mark=frame["fingerprint"].str[:12])  # fmt: skip
        rows = made.sort_values(["_state", "_rank", "rule", "account_id", "fingerprint"])
    return SectionContent(
        heading=heading(pack.results),
        so_what=so_what(pack.results, frame),
        charts=("findings_by_rule",),
        tables=(
            table("t-findings", "Findings, open and most severe first", pack.frames, "findings", _COLUMNS, rows=rows),
        ),
    )


def heading(results: Results) -> str:
    """Open findings, and how many of the worst severity."""
    numbers, places = results.findings, results.coverage.places
    if not places.read and not numbers.open:
        return "Which findings are open is not known: nothing could be read"
    if not numbers.open:
        return f"No finding is open{words.within(places)}"
    worst = next((s for s in SEVERITIES if numbers.by_severity.get(s)), None)
    one = numbers.open == 1
    known = "open" if places.read else "known to be open, and there may be more"
    where = words.within(places) if places.read else ""
    return f"{counted(numbers.open, 'finding')} {'is' if one else 'are'} {known}{where}" + (
        f", {numbers.by_severity[worst]:,} of them {worst}"
        if worst and not one
        else f", and it is {worst}"
        if worst
        else ""
    )


def so_what(results: Results, frame: pd.DataFrame | None) -> str:
    excepted = results.findings.excepted or 0
    parts = [
        f"{counted(excepted, 'finding')} {'is' if excepted == 1 else 'are'} excepted with a reason." if excepted else ""
    ]
    unseen = results.findings.not_observed
    if unseen:
        parts.append(f"{unseen:,} more {'was' if unseen == 1 else 'were'} open when last looked at.")
    if frame is not None and len(frame):
        unowned = int(frame.loc[frame["status"] == "open", "owner"].isna().sum())
        parts.append(f"Of {unowned:,} open ones neither identity nor account names an owner." if unowned else "")
    return " ".join(filter(None, parts))
