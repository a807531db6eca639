"""Reviews: each grant that somebody answers for every quarter, with the answer that stands and what is overdue."""

from __future__ import annotations

from sesreport.analysis.reviews import ATTESTED, DUE, STANDINGS, TO_NARROW, TO_REVOKE, worst_first
from sesreport.core.vocabulary import PLACE
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing, with_account_names
from sesreport.report.workbook.styles import BAD, CAREFUL, GOOD
from sesreport.settings.approvals import REVIEWS

COLUMNS = (
    "standing", "due_quarter", "identity", "grantee_name", "grantee", "exposure", "allowed", "changed", "answer",
    "answered_quarter", "answered_at", "reviewer", "due", "owner", "never_reviewed", "since", "review_every", "scope",
    "approval", "approval_id", "policy_name", "statement", "account_id", "region",
)  # fmt: skip
KPIS = dict.fromkeys(
    ("reviews_overdue", "share_answered_keep", "oldest_unreviewed_grant"),
    (*PLACE, "identity", "policy_name", "statement", "grantee"),
)
COLORS = {
    **dict.fromkeys(STANDINGS, BAD), **dict.fromkeys((TO_REVOKE, TO_NARROW, DUE), CAREFUL), ATTESTED: GOOD,
}  # fmt: skip


@sheet(
    title="Reviews",
    question="Who answered for each outside permission, and what was not done?",
    order=85,
    group="evidence",
    kpis=tuple(KPIS),
)
def reviews(pack: Pack) -> SheetContent:
    rows = worst_first(pack.columns("reviews", COLUMNS))
    rows = with_account_names(pack, rows)
    rows = rows.assign(
        behind=behind(pack, rows, KPIS),
        review_every=rows["review_every"].astype("string").fillna(REVIEWS[0]),
    )
    counts = rows["standing"].value_counts()
    told = ", ".join(f"{counts[name]:,} {name}" for name in STANDINGS if name in counts)
    what = "grant" if len(rows) == 1 else "grants"
    return SheetContent(
        subtitle=found(pack, f"{len(rows):,} {what} to answer for{f': {told}' if told else ''}", rows, "grants"),
        note="One row per grant beyond the organization, or that cannot be judged, the worst first. An answer counts "
        f"for the facts it was given about. 'sesreport review export' asks for answers. {basis(pack, 'grants')}",
        columns=(
            SheetColumn("standing", "Standing", "signal", colors=COLORS),
            SheetColumn("due_quarter", "To answer for"),
            SheetColumn("identity", "Identity"),
            SheetColumn("grantee_name", "Grantee name", unknown="none"),
            SheetColumn("grantee", "Grantee"),
            SheetColumn("exposure", "What that means", width=44),
            SheetColumn("allowed", "What the policy allows", width=44),
            SheetColumn("changed", "Changed since the last answer", unknown="nothing", width=40),
            SheetColumn("answer", "Last answer", unknown="none"),
            SheetColumn("answered_quarter", "Answered for", unknown="none"),
            SheetColumn("answered_at", "Answered on", "date"),
            SheetColumn("reviewer", "Answered by", unknown="nobody"),
            SheetColumn("due", "To be done by", "date"),
            SheetColumn("owner", "Owner", unknown="no owner"),
            SheetColumn("never_reviewed", "Never reviewed", "flag"),
            SheetColumn("since", "First seen", "date"),
            SheetColumn("review_every", "Reviewed every"),
            SheetColumn("scope", "Scope"),
            SheetColumn("approval", "Approval", unknown="not needed"),
            SheetColumn("approval_id", "Approval id", unknown="none"),
            SheetColumn("policy_name", "Policy"),
            SheetColumn("statement", "Statement", "integer"),
            SheetColumn("account", "Account"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("region", "Region"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "reviews", "grants to answer for", "grants"),
        file="data/reviews.parquet",
    )
