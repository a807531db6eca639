"""Exposure: what the policies of each identity add up to."""

from __future__ import annotations

from sesreport.core.vocabulary import PLACE
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing, ranked, with_account_names
from sesreport.report.workbook.styles import BAD, CAREFUL

ORDER = {"public": 0, "external": 1, "vendor": 2, "organization": 3, "service": 4, "own": 5, "none": 6}
COLUMNS = (
    "identity", "exposure", "public", "any_from_address", "needs_review", "guarded", "external_accounts", "services",
    "reasons", "owner", "environment", "identity_type", "policies", "account_id", "region",
)  # fmt: skip

KPIS = dict.fromkeys(("public_identities", "unguarded_services"), (*PLACE, "identity"))
COLORS = {"public": BAD, "external": CAREFUL, "not known": CAREFUL}


@sheet(
    title="Exposure",
    question="Which identities can others send from, and why?",
    order=60,
    group="evidence",
    kpis=tuple(KPIS),
)
def exposure(pack: Pack) -> SheetContent:
    rows = pack.columns("exposures", COLUMNS)
    rows = ranked(with_account_names(pack, rows), rows["exposure"].map(ORDER), "identity", "account_id", "region")
    rows = rows.assign(behind=behind(pack, rows, KPIS))
    counted = rows["exposure"].fillna("not known").value_counts()
    told = ", ".join(f"{counted[word]:,} {word}" for word in (*ORDER, "not known") if word in counted)
    return SheetContent(
        subtitle=found(pack, f"{len(rows):,} identities by widest exposure: {told or 'none'}", rows, "exposures"),
        note="Widest first; what could not be decided needs review and is never counted as safe. "
        f"{basis(pack, 'exposures')}",
        columns=(
            SheetColumn("identity", "Identity"),
            SheetColumn("exposure", "Exposure", "signal", colors=COLORS),
            SheetColumn("public", "Anyone may send", "flag"),
            SheetColumn("any_from_address", "Any From address", "flag"),
            SheetColumn("needs_review", "Needs review", "flag"),
            SheetColumn("guarded", "Guarded by a condition or Deny", "flag"),
            SheetColumn("external_accounts", "External accounts", "texts"),
            SheetColumn("services", "AWS services", "texts"),
            SheetColumn("reasons", "Reasons", "texts"),
            SheetColumn("owner", "Owner", unknown="no owner"),
            SheetColumn("environment", "Environment"),
            SheetColumn("identity_type", "Type"),
            SheetColumn("policies", "Policies", "integer"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "exposures", "identities", "exposures"),
        file="data/exposures.parquet",
    )
