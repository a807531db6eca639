"""Exposure: what the policies of each identity add up to."""

from __future__ import annotations

from sesreport.core.vocabulary import PLACE
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
def exposure(pack: Pack) -> Content:
    rows = frame(pack, "exposures", COLUMNS)
    rows = ranked(with_account_names(pack, rows), rows["exposure"].map(ORDER), "identity", "account_id", "region")
    rows = rows.assign(behind=behind(pack, rows, KPIS))
    counted = rows["exposure"].fillna("not known").value_counts()
    told = ", ".join(f"{counted[word]:,} {word}" for word in (*ORDER, "not known") if word in counted)
    return Content(
        subtitle=found(pack, f"{len(rows):,} identities by widest exposure: {told or 'none'}", rows, "exposures"),
        note="Widest first; what could not be decided needs review and is never counted as safe. "
        f"{basis(pack, 'exposures')}",
        columns=(
            Column("identity", "Identity"),
            Column("exposure", "Exposure", "signal", colors=COLORS),
            Column("public", "Anyone may send", "flag"),
            Column("any_from_address", "Any From address", "flag"),
            Column("needs_review", "Needs review", "flag"),
            Column("guarded", "Guarded by a condition or Deny", "flag"),
            Column("external_accounts", "External accounts", "texts"),
            Column("services", "AWS services", "texts"),
            Column("reasons", "Reasons", "texts"),
            Column("owner", "Owner", unknown="no owner"),
            Column("environment", "Environment"),
            Column("identity_type", "Type"),
            Column("policies", "Policies", "integer"),
            Column("account_id", "Account id", "account_id"),
            Column("account", "Account"),
            Column("region", "Region"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "exposures", "identities", "exposures"),
        file="data/exposures.parquet",
    )
