"""Who answers for each identity."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.kpis.results import Results
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, consequence, kpi_of, section, where, why_unknown
from sesreport.report.html.table import TableColumn, table

_COLUMNS = (
    TableColumn("identity", "Identity", "name"),
    TableColumn("identity_type", "Type", facet=True),
    TableColumn("environment", "Environment", facet=True),
    TableColumn("account_id", "Account", "id", facet=True),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("verification_status", "Verification", facet=True),
    TableColumn("policies", "Policies", "integer"),
    TableColumn("ticket", "Ticket", missing="none"),
)


_CONSEQUENCE = "For the others nobody answers when mail bounces, a grant is questioned or a key must be rotated."


@section(60, "ownership", "Ownership")
def ownership(pack: Pack) -> SectionContent:
    identities = pack.frames.get("identities")
    unowned = identities
    if identities is not None and len(identities):
        unowned = identities[identities["owner"].fillna("").str.strip().eq("")]
        unowned = unowned[unowned["tags"].notna()] if "tags" in unowned else unowned
        unowned = unowned.sort_values(["account_id", "region", "identity"])
    return SectionContent(
        heading=heading(pack.results),
        so_what=consequence(pack.results, _CONSEQUENCE, "owned_identities"),
        charts=("ownership",),
        tables=(
            table("t-unowned", "Identities without an owner tag, of those read", pack.frames, "identities", _COLUMNS,
                  rows=unowned, none="No identity whose tags were read lacks an owner tag."),
        ),
    )  # fmt: skip


def heading(results: Results) -> str:
    """The share of identities with an owner, and how far from the target."""
    kpi = kpi_of(results, "owned_identities")
    if kpi is None or kpi.value is None:
        return f"Ownership is not known. {why_unknown(results, 'owned_identities')}"
    share = words.value_of(kpi)
    here = where(results, kpi.id, good=kpi.target is not None and kpi.value >= kpi.target)
    if kpi.target is None:
        return f"{share} of identities have an owner{here}"
    gap = kpi.target - kpi.value
    if gap <= 0:
        target = words.number(kpi.target, kpi.unit, kpi.currency)
        met = f"the target of {target} is met"
        return f"{share} of identities have an owner: {met}{here}"
    return f"{share} of identities have an owner, {gap * 100:.1f} points short of the target{here}"
