"""Ownership: who answers for each identity."""

from __future__ import annotations

from sesreport.core.vocabulary import PLACE
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing, ranked, with_account_names

COLUMNS = (
    "identity", "owner", "account_owner", "tags", "ticket", "environment", "identity_type", "verification_status",
    "dkim_status", "mail_from_status", "sending_enabled", "configuration_set", "bounce_topic", "complaint_topic",
    "policies", "account_id", "region",
)  # fmt: skip
KPIS = {"owned_identities": (*PLACE, "identity")}


@sheet(
    title="Ownership",
    question="Does every identity have an owner?",
    order=90,
    group="evidence",
    kpis=tuple(KPIS),
)
def ownership(pack: Pack) -> SheetContent:
    rows = pack.columns("identities", COLUMNS)
    rows = ranked(
        with_account_names(pack, rows), rows["owner"].notna().astype("int64"), "identity", "account_id", "region"
    )
    unread = rows["owner"].isna() & rows["tags"].isna()
    rows = rows.assign(owner=rows["owner"].mask(unread, words.UNKNOWN), behind=behind(pack, rows, KPIS))
    kpi = pack.results.find_kpi("owned_identities")
    told = f"Owned: {words.value_of(kpi)} ({words.target(kpi)})" if kpi else "Owned: not known"
    return SheetContent(
        subtitle=found(pack, f"{told} · {len(rows):,} identities listed, without an owner first", rows, "identities"),
        note="The owner is by the identity's own tags; the account's is whom to ask where there is none. "
        f"{basis(pack, 'identities')}",
        columns=(
            SheetColumn("identity", "Identity"),
            SheetColumn("owner", "Owner", unknown="no owner"),
            SheetColumn("account_owner", "Owner of the account", unknown="no owner"),
            SheetColumn("ticket", "Ticket", unknown="none"),
            SheetColumn("environment", "Environment"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
            SheetColumn("identity_type", "Type"),
            SheetColumn("verification_status", "Verification"),
            SheetColumn("dkim_status", "DKIM"),
            SheetColumn("mail_from_status", "MAIL FROM"),
            SheetColumn("sending_enabled", "Sending enabled", "flag"),
            SheetColumn("configuration_set", "Configuration set", unknown="none"),
            SheetColumn("bounce_topic", "Bounce topic", unknown="none"),
            SheetColumn("complaint_topic", "Complaint topic", unknown="none"),
            SheetColumn("policies", "Policies", "integer"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "identities", "identities", "identities"),
        file="data/identities.parquet",
    )
