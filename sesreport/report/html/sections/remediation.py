"""How long findings stay open, what was resolved, and what nobody could look at."""

from __future__ import annotations

import pandas as pd

from sesreport.core.vocabulary import severity_rank
from sesreport.kpis import words
from sesreport.kpis.results import Results
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, kpi_of, reasons, section, why_unknown
from sesreport.report.html.table import TableColumn, table

_TIMES = (
    TableColumn("dimension", "By", facet=True),
    TableColumn("group", "Which"),
    TableColumn("resolved", "Resolved in the month", "integer"),
    TableColumn("mean_days", "Mean days", missing="none resolved"),
    TableColumn("median_days", "Median days, open ones counted", missing="not reached"),
    TableColumn("open", "Open", "integer"),
    TableColumn("not_observed", "Not observed", "integer"),
    TableColumn("excepted", "Excepted", "integer"),
    TableColumn("oldest_days", "Oldest, days", missing="none open"),
    TableColumn("reason", "Why there is none", "long", missing="–"),
)
_LIVES = (
    TableColumn("severity", "Severity", "rank", facet=True),
    TableColumn("status", "Status", facet=True),
    TableColumn("title", "Finding", facet=True),
    TableColumn("identity", "Identity", "name"),
    TableColumn("grantee", "Grantee", "name", missing="–"),
    TableColumn("first_seen", "First seen", "date"),
    TableColumn("last_seen", "Last seen", "date"),
    TableColumn("days_low", "Days, at least"),
    TableColumn("days_high", "Days, at most"),
    TableColumn("resolved_by", "Resolved by", "date", missing="–"),
    TableColumn("resolved_basis", "As told by", facet=True, missing="–"),
    TableColumn("reopened", "Reopened", "integer"),
    TableColumn("reason", "Why not observed", "long", missing="–"),
    TableColumn("account_name", "Account", facet=True),
    TableColumn("account_id", "Account id", "id"),
    TableColumn("region", "Region", "id", missing="–"),
    TableColumn("mark", "Fingerprint"),
)
_STATUS = {"resolved": 0, "not observed": 1, "open": 2, "excepted": 3}


@section(85, "remediation", "Remediation")
def remediation(pack: Pack) -> SectionContent:
    lives, times = pack.frames.get("lives"), pack.frames.get("remediation_times")
    shown = None
    if lives is not None and len(lives):
        days = {name: lives[name].map(_days) for name in ("days_low", "days_high")}
        made = lives.assign(**days, mark=lives["fingerprint"].str[:12], _state=lives["status"].map(_STATUS),
                            _rank=severity_rank(lives["severity"]))  # fmt: skip
        shown = made.sort_values(["_state", "_rank", "rule", "account_id", "fingerprint", "episode"])
    summed = None
    if times is not None and len(times):
        summed = times.assign(**{n: times[n].map(_days) for n in ("mean_days", "median_days", "oldest_days")})
    return SectionContent(
        heading=heading(pack.results),
        so_what=so_what(pack.results, lives),
        charts=("findings_flow",),
        tables=(
            table("t-times", "Days to remediation", pack.frames, "remediation_times", _TIMES, rows=summed, open=True),
            table("t-lives", "Lives of findings, the resolved first", pack.frames, "lives", _LIVES, rows=shown),
        ),
    )


def heading(results: Results) -> str:
    """How long what was resolved had been open."""
    kpi = kpi_of(results, "mean_time_to_remediate")
    if kpi is None or kpi.denominator is None:
        return "How long a finding stays open is not known for this month"
    least = "At least " if kpi_of(results, "findings_resolved") is None else ""
    many = counted(int(kpi.denominator), "finding")
    return f"{least}{many} resolved, after {words.value_of(kpi)} on average"


def so_what(results: Results, lives: pd.DataFrame | None) -> str:
    kpi = kpi_of(results, "mean_time_to_remediate")
    said = reasons(results, "mean_time_to_remediate") if kpi else why_unknown(results, "mean_time_to_remediate")
    unseen = 0 if lives is None else int(lives["status"].eq("not observed").sum())
    if unseen:
        said += f" {counted(unseen, 'finding')} could not be looked at again, and may be open or not."
    return said


def _days(value: float) -> str | None:
    return None if pd.isna(value) else f"{value:,.1f}"
