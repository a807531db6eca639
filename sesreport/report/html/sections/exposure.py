"""Who the identity policies let in."""

from __future__ import annotations

import pandas as pd

from sesreport.kpis.results import Results
from sesreport.report.charts.names import EXPOSURES
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, consequence, kpi_of, section, where, why_unknown
from sesreport.report.html.table import TableColumn, table

_COLUMNS = (
    TableColumn("identity", "Identity", "name"),
    TableColumn("exposure_words", "Open to", facet=True),
    TableColumn("needs_review", "Needs review", facet=True),
    TableColumn("any_from_address", "Any From address"),
    TableColumn("external_accounts", "Outside accounts", missing="–"),
    TableColumn("guarded", "Guarded"),
    TableColumn("owner", "Owner"),
    TableColumn("environment", "Environment", facet=True),
    TableColumn("account_id", "Account", "id"),
    TableColumn("region", "Region", "id", facet=True),
    TableColumn("policies", "Policies", "integer"),
    TableColumn("reasons", "Why", "long", missing="–"),
)


_CONSEQUENCE = "Mail sent through such an identity is signed as ours and counts against our reputation."


@section(40, "exposure", "Exposure")
def exposure(pack: Pack) -> SectionContent:
    return SectionContent(
        heading=heading(pack.results),
        so_what=consequence(pack.results, _CONSEQUENCE, "public_identities", "wildcard_policies"),
        charts=("exposure_by_class",),
        tables=(
            table("t-exposures", "Identities, widest exposure first", pack.frames, "exposures", _COLUMNS,
                  rows=_rows(pack.frames.get("exposures"))),
        ),
    )  # fmt: skip


def heading(results: Results) -> str:
    """Identities anyone can use, else policies that name everyone."""
    public, wildcards = kpi_of(results, "public_identities"), kpi_of(results, "wildcard_policies")
    if public is None and wildcards is None:
        return f"Exposure is not known. {why_unknown(results, 'public_identities', 'wildcard_policies')}"
    if public is not None and public.value:
        one = public.value == 1
        told = f"Anyone with an AWS account can use {'one' if one else f'{public.value:,.0f}'} of our identities"
        return told + where(results, "public_identities")
    if wildcards is not None and wildcards.value:
        one = wildcards.value == 1
        told = f"{wildcards.value:,.0f} {'policy lets' if one else 'policies let'} in outsiders by a wildcard"
        return told + where(results, "wildcard_policies")
    return f"No identity is open to everyone{where(results, 'public_identities', 'wildcard_policies', good=True)}"


def _rows(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    if frame is None or frame.empty:
        return frame
    order = {name: i for i, name in enumerate(EXPOSURES)}
    rank = frame["exposure"].map(order).fillna(-1).astype(int)
    told = frame["exposure"].map(EXPOSURES)
    made = frame.assign(exposure_words=told, _rank=rank, _review=~frame["needs_review"].fillna(True).astype(bool))
    return made.sort_values(["_rank", "_review", "account_id", "region", "identity"])
