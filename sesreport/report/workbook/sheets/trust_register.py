"""Trust register: approvals of outside accounts, and outside accounts that nobody approved."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, nothing, ranked
from sesreport.report.workbook.styles import BAD, CAREFUL, GOOD
from sesreport.settings.approvals import REVIEWS

ORDER = {"not registered": 0, "expired": 1, "expiring": 2, "valid": 3}
REGISTER = (
    "approval_id", "account_id", "name", "vendor", "owner", "justification", "ticket", "approved_by", "approved_at",
    "expires_at", "identities", "from_patterns", "review_every", "status",
)  # fmt: skip
KPIS = {"unknown_accounts": ("grantee_account_id",)}
COLORS = {"not registered": BAD, "expired": BAD, "expiring": CAREFUL, "valid": GOOD}


@sheet(
    title="Trust register",
    question="Is every outside account approved, owned and in date?",
    order=80,
    group="evidence",
    kpis=tuple(KPIS),
)
def trust_register(pack: Pack) -> SheetContent:
    register = pack.columns("register", REGISTER)
    register = register.assign(review_every=register["review_every"].astype("string").fillna(REVIEWS[0]))
    able = pack.columns("kpi_unknown_accounts", ("grantee_account_id", "name", "identities", "grants")).set_index(
        "grantee_account_id"
    )
    unregistered = able.loc[~able.index.isin(register["account_id"]), ["name"]].rename_axis("account_id").reset_index()
    unregistered["status"] = "not registered"
    filled = [each for each in (register, unregistered) if len(each)] or [register]
    rows = pd.concat(filled, ignore_index=True).reindex(columns=register.columns)
    read = bool(pack.results.coverage.places.read)  # else an account that is not found is not known to send nothing
    for name in ("identities", "grants"):
        found = rows["account_id"].map(able[name]).astype("Int64")
        rows[f"live_{name}"] = found.fillna(0) if read else found
    rows["can_send"] = rows["account_id"].isin(able.index).astype("boolean").mask(rows["live_grants"].isna())
    used = pack.columns("approvals", ("approval_id", "grants", "gone")).set_index("approval_id")
    rows["used_by"] = rows["approval_id"].map(used["grants"]).astype("Int64")
    rows["gone"] = rows["approval_id"].map(used["gone"]).astype("boolean")
    rows = rows.assign(grantee_account_id=rows["account_id"])
    rows["behind"] = behind(pack, rows, KPIS)
    rows = ranked(rows, rows["status"].map(ORDER), "account_id", "approval_id")
    stale = rows.loc[(~rows["can_send"]).fillna(value=False), "account_id"].nunique()
    return SheetContent(
        subtitle=f"{register['account_id'].nunique():,} registered accounts, {stale:,} of them without a live grant; "
        f"{len(unregistered):,} accounts can send that are not registered{words.within(pack.results.coverage.places)}",
        note="One row per approval. Live grants let the account send; it can also be let in by a condition alone. A "
        "grant uses the approval that fits it best; gone: the approval is in date, and what it was given for is not. "
        f"Answers are given in the workbooks of 'sesreport review export'. {basis(pack, 'grants')}",
        columns=(
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("name", "Name"),
            SheetColumn("status", "Register status", "signal", colors=COLORS),
            SheetColumn("can_send", "Can send", "flag"),
            SheetColumn("live_identities", "Identities it can send from", "integer"),
            SheetColumn("live_grants", "Live grants", "integer"),
            SheetColumn("used_by", "Grants by this approval", "integer", unknown="none"),
            SheetColumn("gone", "Grant is gone", "flag"),
            SheetColumn("vendor", "Vendor"),
            SheetColumn("owner", "Owner", unknown="no owner"),
            SheetColumn("justification", "Justification"),
            SheetColumn("ticket", "Ticket"),
            SheetColumn("approved_by", "Approved by"),
            SheetColumn("approved_at", "Approved on", "date"),
            SheetColumn("expires_at", "Expires on", "date"),
            SheetColumn("review_every", "Reviewed every", unknown="none"),
            SheetColumn("approval_id", "Approval", unknown="none"),
            SheetColumn("identities", "Approved identities", "texts", unknown="none named"),
            SheetColumn("from_patterns", "Approved From patterns", "texts", unknown="none named"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "register", "registered or granted outside accounts", "grants"),
        file="data/register.parquet",
    )
