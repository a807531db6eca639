"""Findings: what should be put right, how bad it is, and for how long it has been known."""

from __future__ import annotations

from sesreport.core.vocabulary import severity_rank
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.fixes import with_fixes
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import FINDING, basis, nothing, ranked

COLUMNS = (
    "severity", "status", "title", "identity", "grantee", "evidence", "recommendation", "owner", "first_seen",
    "opened_at", "days_open", "age", "resolved_at", "rule", "policy_name", "environment", "account_id", "account_name",
    "region", "fingerprint",
)  # fmt: skip
STATUS_ORDER = {"open": 0, "excepted": 10, "resolved": 20}


@sheet(
    title="Findings",
    question="What should be put right first, and by whom?",
    order=110,
    group="evidence",
)
def findings(pack: Pack) -> SheetContent:
    rows = pack.columns("findings", COLUMNS)
    rows = with_fixes(pack.frames, rows)
    rank = severity_rank(rows["severity"]) + rows["status"].map(STATUS_ORDER).astype("float64")
    rows = ranked(rows, rank, "opened_at", "rule", "identity", "fingerprint")
    counts = pack.results.findings
    return SheetContent(
        subtitle=words.findings_told(counts, pack.results.coverage)
        + ("" if counts.excepted is None else f"; {counts.excepted:,} with an accepted exception"),
        note="Days open run to the snapshot, from the change that opened it or else from the last look before it; of "
        "what was there at the first snapshot, from that one on, and it may be older. "
        f"The sheet Fixes has each policy as it could be. {basis(pack, 'findings')}",
        columns=(
            *FINDING,
            SheetColumn("opened_at", "Opened", "at"),
            SheetColumn("first_seen", "First seen", "at"),
            SheetColumn("age", "Age"),
            SheetColumn("days_open", "Days open", "days"),
            SheetColumn("evidence", "Evidence"),
            SheetColumn("recommendation", "Recommendation"),
            SheetColumn("fix", "Fix", width=52),
            SheetColumn("rule", "Rule"),
            SheetColumn("policy_name", "Policy", unknown="none"),
            SheetColumn("environment", "Environment"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account_name", "Account"),
            SheetColumn("region", "Region"),
            SheetColumn("resolved_at", "Resolved", "at"),
            SheetColumn("fingerprint", "Fingerprint"),
        ),
        rows=rows,
        empty=nothing(pack, "findings", "findings", "findings"),
        file="data/findings.parquet",
    )
