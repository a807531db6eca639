"""Ownership: who answers for each identity."""

from __future__ import annotations

from sesreport.core.vocabulary import PLACE
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import Column, Content, sheet
from sesreport.report.workbook.evidence import (
    BEHIND,
    basis,
    behind,
    found,
    frame,
    nothing,
    ranked,
    with_account_names,
)

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
def ownership(pack: Pack) -> Content:
    rows = frame(pack, "identities", COLUMNS)
    rows = ranked(
        with_account_names(pack, rows), rows["owner"].notna().astype("int64"), "identity", "account_id", "region"
    )
    unread = rows["owner"].isna() & rows["tags"].isna()
    rows = rows.assign(owner=rows["owner"].mask(unread, words.UNKNOWN), behind=behind(pack, rows, KPIS))
    kpi = next((each for each in pack.results.kpis if each.id == "owned_identities"), None)
    told = f"Owned: {words.number(kpi.value, kpi.unit)} ({words.target(kpi)})" if kpi else "Owned: not known"
    return Content(
        subtitle=found(pack, f"{told} · {len(rows):,} identities listed, without an owner first", rows, "identities"),
        note="The owner is by the identity's own tags; the account's is whom to ask where there is none. "
        f"{basis(pack, 'identities')}",
        columns=(
            Column("identity", "Identity"),
            Column("owner", "Owner", unknown="no owner"),
            Column("account_owner", "Owner of the account", unknown="no owner"),
            Column("ticket", "Ticket", unknown="none"),
            Column("environment", "Environment"),
            Column("account_id", "Account id", "account_id"),
            Column("account", "Account"),
            Column("region", "Region"),
            Column("identity_type", "Type"),
            Column("verification_status", "Verification"),
            Column("dkim_status", "DKIM"),
            Column("mail_from_status", "MAIL FROM"),
            Column("sending_enabled", "Sending enabled", "flag"),
            Column("configuration_set", "Configuration set", unknown="none"),
            Column("bounce_topic", "Bounce topic", unknown="none"),
            Column("complaint_topic", "Complaint topic", unknown="none"),
            Column("policies", "Policies", "integer"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "identities", "identities", "identities"),
        file="data/identities.parquet",
    )
