"""Trust register: approved outside accounts, and outside accounts that nobody approved."""

from __future__ import annotations

import pandas as pd

from sesreport import words
from sesreport.pack.contents import Pack
from sesreport.pack.workbook.description import Column, Content, sheet
from sesreport.pack.workbook.evidence import basis, frame, nothing, ranked
from sesreport.pack.workbook.styles import BAD, CAREFUL, GOOD

ORDER = {"not registered": 0, "expired": 1, "expiring": 2, "valid": 3}
REGISTER = (
    "account_id", "name", "vendor", "owner", "justification", "ticket", "approved_by", "approved_at", "expires_at",
    "identities", "from_patterns", "status",
)  # fmt: skip

COLORS = {"not registered": BAD, "expired": BAD, "expiring": CAREFUL, "valid": GOOD}


@sheet(
    title="Trust register",
    question="Is every outside account approved, owned and in date?",
    order=80,
    group="evidence",
    kpis=("unregistered_grants", "expired_grants", "attested_grants"),
)
def trust_register(pack: Pack) -> Content:
    register = frame(pack, "register", REGISTER)
    grants = frame(pack, "grants", ("grantee_account_id", "grantee_name", "scope", "effect", "policy_name"))
    outside = grants[grants["scope"].isin(["external", "vendor"]) & grants["grantee_account_id"].notna()]
    outside = outside[outside["effect"].fillna("Allow") != "Deny"]
    live = outside["grantee_account_id"].value_counts()
    unregistered = outside[~outside["grantee_account_id"].isin(register["account_id"])]
    unregistered = unregistered.drop_duplicates("grantee_account_id").rename(
        columns={"grantee_account_id": "account_id", "grantee_name": "name"}
    )[["account_id", "name"]]
    unregistered["status"] = "not registered"
    rows = pd.concat([each for each in (register, unregistered) if len(each)] or [register], ignore_index=True)
    rows["live_grants"] = rows["account_id"].map(live).fillna(0).astype("Int64")
    if not pack.results.coverage.places.read:
        rows["live_grants"] = rows["live_grants"].mask(rows["live_grants"] == 0)
    rows = ranked(rows, rows["status"].map(ORDER), "account_id")
    stale = int(((rows["live_grants"] == 0) & (rows["status"] != "not registered")).fillna(value=False).sum())
    return Content(
        subtitle=f"{len(register):,} registered accounts, {len(unregistered):,} with grants that are not registered, "
        f"{stale:,} registered without a live grant{words.within(pack.results.coverage.places)}",
        note=f"The column Decision is for the reviewer. {basis(pack, 'policies')}",
        columns=(
            Column("account_id", "Account id", "account_id"),
            Column("name", "Name"),
            Column("status", "Register status", "signal", colors=COLORS),
            Column("live_grants", "Live grants", "integer"),
            Column("vendor", "Vendor"),
            Column("owner", "Owner", unknown="no owner"),
            Column("justification", "Justification"),
            Column("ticket", "Ticket"),
            Column("approved_by", "Approved by"),
            Column("approved_at", "Approved on", "date"),
            Column("expires_at", "Expires on", "date"),
            Column("identities", "Approved identities", "texts", unknown="none named"),
            Column("from_patterns", "Approved From patterns", "texts", unknown="none named"),
            Column(
                "decision",
                "Decision",
                "input",
                choices=("keep", "renew", "restrict", "revoke"),
                prompt="What should happen to this account's permission to send?",
            ),
        ),
        rows=rows,
        empty=nothing(pack, "register", "registered or granted outside accounts", "policies"),
        file="data/register.parquet",
    )
