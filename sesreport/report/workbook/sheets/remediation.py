"""Remediation: every finding's life, open, resolved or out of sight."""

from __future__ import annotations

from sesreport.core.vocabulary import severity_rank
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, FINDING, basis, behind, nothing, ranked

COLUMNS = (
    "severity", "status", "title", "identity", "grantee", "owner", "first_seen", "last_seen", "opened_at",
    "opened_after", "opened_by", "opened_basis", "opened_in", "resolved_at", "resolved_after", "resolved_by",
    "resolved_basis", "resolved_in", "days_low", "days_high", "days", "reopened", "reason", "rule", "environment",
    "account_id", "account_name", "region", "fingerprint", "episode",
)  # fmt: skip
KPIS = dict.fromkeys(
    ("median_time_to_remediate", "mean_time_to_remediate", "findings_opened", "findings_resolved", "findings_open"),
    ("fingerprint", "episode"),
)
STATUS_ORDER = {"open": 0, "not observed": 10, "excepted": 20, "resolved": 30}


@sheet(
    title="Remediation",
    question="How long does a finding stay open, and which came back?",
    order=115,
    group="evidence",
    kpis=tuple(KPIS),
)
def remediation(pack: Pack) -> SheetContent:
    rows = pack.columns("lives", COLUMNS)
    rank = severity_rank(rows["severity"]) + rows["status"].map(STATUS_ORDER).astype("float64")
    rows = ranked(rows, rank, "first_seen", "rule", "identity", "fingerprint", "episode")
    rows = rows.assign(behind=behind(pack, rows, KPIS))
    counts = rows["status"].value_counts()
    told = ", ".join(f"{counts.get(status, 0):,} {status}" for status in STATUS_ORDER)
    month = int(rows["resolved_in"].eq(pack.results.period).sum())
    known = any(kpi.id == "findings_resolved" and kpi.value is not None for kpi in pack.results.kpis)
    told += f"; {'' if known else 'at least '}{month:,} resolved in {pack.results.period_name}"
    return SheetContent(
        subtitle=f"What is open or resolved is not known: {words.gap(pack.results.coverage)}"
        if rows.empty and not pack.results.coverage.places.read
        else f"{told}{words.within(pack.results.coverage.places)}",
        note="Exact where CloudTrail or the register has the moment, else between two looks. Not observed = open when "
        f"last read, and not read since. {basis(pack, 'lives')}",
        columns=(
            *FINDING,
            SheetColumn("first_seen", "First seen", "at"),
            SheetColumn("last_seen", "Last seen", "at"),
            SheetColumn("days_low", "Days, at least", "days"),
            SheetColumn("days_high", "Days, at most", "days"),
            SheetColumn("reopened", "Reopened", "integer"),
            SheetColumn("opened_basis", "Opened by"),
            SheetColumn("opened_at", "Opened", "at"),
            SheetColumn("opened_after", "Opened after", "at"),
            SheetColumn("opened_by", "Opened before", "at"),
            SheetColumn("opened_in", "Counts as opened in", unknown="not known"),
            SheetColumn("resolved_basis", "Resolved by", unknown="not resolved"),
            SheetColumn("resolved_at", "Resolved", "at"),
            SheetColumn("resolved_after", "Resolved after", "at"),
            SheetColumn("resolved_by", "Resolved before", "at"),
            SheetColumn("resolved_in", "Counts as resolved in", unknown="not resolved"),
            SheetColumn("reason", "Why not observed", unknown="observed"),
            SheetColumn("rule", "Rule"),
            SheetColumn("environment", "Environment"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account_name", "Account"),
            SheetColumn("region", "Region"),
            SheetColumn("fingerprint", "Fingerprint"),
            SheetColumn("episode", "Episode", "integer"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "lives", "findings", "lives"),
        file="data/lives.parquet",
    )
