"""Grants: every statement of every identity policy, seen from each grantee."""

from __future__ import annotations

from sesreport.core.vocabulary import PLACE
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing, ranked, with_account_names
from sesreport.report.workbook.styles import BAD, CAREFUL

ORDER = {
    "public": 0, "needs review": 1, "external": 2, "vendor": 3, "organization": 4, "service": 5, "own": 6,
}  # fmt: skip
COLUMNS = (
    "grantee", "grantee_name", "grantee_account_id", "scope", "register_status", "approval", "approval_id", "effect",
    "can_send", "can_manage",
    "identity", "any_from_address", "from_patterns", "actions", "conditions", "why", "policy_name", "statement", "sid",
    "grantee_kind", "grantee_status", "grantee_environment", "identity_environment", "account_id", "region",
)  # fmt: skip
POLICY = (*PLACE, "identity", "policy_name")
KPIS = {
    "wildcard_policies": (*POLICY, "grantee_kind", "effect"),
    **dict.fromkeys(
        (
            "unregistered_grants", "expired_grants", "attested_grants", "nonproduction_on_production",
            "unconditional_grants", "any_address_grants",
        ),
        (*POLICY, "statement", "grantee"),
    ),
}  # fmt: skip
COLORS = {"public": BAD, "external": CAREFUL, "needs review": CAREFUL, "not known": CAREFUL}


@sheet(
    title="Grants",
    question="Who may send as us, under which policy, and is it approved?",
    order=70,
    group="evidence",
    kpis=tuple(KPIS),
)
def grants(pack: Pack) -> SheetContent:
    rows = pack.columns("grants", COLUMNS)
    rows = ranked(
        with_account_names(pack, rows), rows["scope"].map(ORDER), "grantee", "identity", "policy_name", "statement"
    )
    rows = rows.assign(behind=behind(pack, rows, KPIS))
    return SheetContent(
        subtitle=found(
            pack,
            f"{len(rows):,} grants{_outside(pack)}",
            rows,
            "grants",
        ),
        note=f"One row per statement and grantee, widest scope first. {basis(pack, 'grants')}",
        columns=(
            SheetColumn("grantee", "Grantee"),
            SheetColumn("grantee_name", "Grantee name"),
            SheetColumn("grantee_account_id", "Grantee account id", "account_id", unknown="none"),
            SheetColumn("scope", "Scope", "signal", colors=COLORS),
            SheetColumn("register_status", "Register", unknown="not registered"),
            SheetColumn("approval", "Approval", unknown="not needed"),
            SheetColumn("approval_id", "Approval id", unknown="none"),
            SheetColumn("effect", "Effect"),
            SheetColumn("can_send", "Can send", "flag"),
            SheetColumn("can_manage", "Can manage", "flag"),
            SheetColumn("identity", "Identity"),
            SheetColumn("any_from_address", "Any From address", "flag"),
            SheetColumn("from_patterns", "From patterns", "texts"),
            SheetColumn("actions", "Actions", "texts"),
            SheetColumn("conditions", "Conditions", "texts"),
            SheetColumn("why", "Why"),
            SheetColumn("policy_name", "Policy"),
            SheetColumn("statement", "Statement", "integer"),
            SheetColumn("sid", "Sid", unknown="none"),
            SheetColumn("grantee_kind", "Grantee kind"),
            SheetColumn("grantee_status", "Grantee status"),
            SheetColumn("grantee_environment", "Grantee environment"),
            SheetColumn("identity_environment", "Identity environment"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "grants", "grants", "grants"),
        file="data/grants.parquet",
    )


def _outside(pack: Pack) -> str:
    """How many outside accounts can send, where the pack knows."""
    if "kpi_unknown_accounts" not in pack.frames:
        return ""
    accounts = pack.columns("kpi_unknown_accounts", ("unknown",))
    unknown = int(accounts["unknown"].fillna(value=True).sum())
    return f"; {len(accounts):,} outside accounts can send, {unknown:,} of them without a valid approval"
