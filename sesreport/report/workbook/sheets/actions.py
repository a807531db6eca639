"""Actions: what is asked of whom, since when and until when, how often, and what became of it."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import basis, nothing

COLUMNS = (
    "rank", "ask", "asked_of", "due", "days_overdue", "times_asked", "outcome", "outcome_at", "accepted_until",
    "outcome_reason", "severity", "incident", "reach", "effect", "opened_at", "opened_by", "asked_before", "identity",
    "account_name", "account_id", "region", "outside_accounts", "messages", "value", "currency", "rule", "fingerprint",
    "episode",
)  # fmt: skip


@sheet(
    title="Actions",
    question="What is asked of whom, until when, and what became of what was asked?",
    order=109,
    group="evidence",
)
def actions(pack: Pack) -> SheetContent:
    rows = pack.columns("actions", COLUMNS)
    counts = rows["outcome"].value_counts()
    told = ", ".join(f"{counts.get(name, 0):,} {name}" for name in ("overdue", "open", "accepted"))
    coverage = pack.results.coverage
    return SheetContent(
        subtitle=f"What is to be asked is not known: {words.gap(coverage)}"
        if rows.empty and not coverage.places.read
        else f"{told}{words.within(coverage.places)}. {words.last_asks(pack.results.last_asks)}",
        note="What is still asked stands first, the most harm first. Due = opened + the days of the settings for the "
        f"severity; no later report moves it. {basis(pack, 'actions')}",
        columns=(
            SheetColumn("rank", "Rank", "integer"),
            SheetColumn("ask", "Ask", width=60),
            SheetColumn("asked_of", "Asked of"),
            SheetColumn("due", "Due", "date"),
            SheetColumn("days_overdue", "Days overdue", "integer"),
            SheetColumn("times_asked", "Times asked", "integer"),
            SheetColumn("outcome", "Outcome"),
            SheetColumn("outcome_at", "Outcome since", "at"),
            SheetColumn("accepted_until", "Accepted until", "date", unknown="not accepted"),
            SheetColumn("outcome_reason", "Why", unknown="none", width=40),
            SheetColumn("severity", "Severity", "signal", colors=words.SEVERITY_COLORS),
            SheetColumn("incident", "Incident", "flag"),
            SheetColumn("reach", "What rides on it", width=60),
            SheetColumn("effect", "If it is not done", width=60),
            SheetColumn("opened_at", "Opened", "at"),
            SheetColumn("opened_by", "Opened by"),
            SheetColumn("asked_before", "Asked by the report before", "flag"),
            SheetColumn("identity", "Identity"),
            SheetColumn("account_name", "Account"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("region", "Region"),
            SheetColumn("outside_accounts", "Outside accounts", "texts", unknown="none"),
            SheetColumn("messages", "Messages of its account and Region", "integer"),
            SheetColumn("value", "Worth", "money"),
            SheetColumn("currency", "Currency", unknown="none"),
            SheetColumn("rule", "Rule"),
            SheetColumn("fingerprint", "Fingerprint"),
            SheetColumn("episode", "Episode", "integer"),
        ),
        rows=rows,
        empty=nothing(pack, "actions", "actions", "actions"),
        file="data/actions.parquet",
    )
