"""By account, environment, OU and owner: every KPI, group by group."""

from __future__ import annotations

from sesreport.kpis import words
from sesreport.kpis.breakdown import judgements
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import nothing, ranked
from sesreport.report.workbook.styles import STATUS_COLORS

COLUMNS = (
    "kpi", "dimension", "group", "value", "numerator", "denominator", "unknown", "places_read", "places_expected",
    "status", "reason", "prior",
)  # fmt: skip
TITLES = {"environment": "Environment", "ou": "OU", "owner": "Owner", "account": "Account"}
"""Few groups first."""
WORST_FIRST = {"off target": 0, "watch": 1, "not measurable": 2, "on target": 3}


@sheet(
    title="By account, OU, owner",
    question="Which account, environment, OU or owner is behind each number?",
    order=35,
    group="summary",
)
def breakdown(pack: Pack) -> SheetContent:
    kpis = {kpi.id: (place, kpi) for place, kpi in enumerate(pack.results.kpis)}
    rows = pack.columns("kpi_breakdown", COLUMNS)
    rows = rows[rows["dimension"].isin(list(TITLES)) & rows["kpi"].isin(list(kpis))]
    accounts = pack.columns("accounts", ("account_id", "name")).drop_duplicates("account_id")
    names = rows["group"].map(accounts.set_index("account_id")["name"]).where(rows["dimension"] == "account")
    of = {
        name: {kpi_id: getattr(kpi, name) for kpi_id, (_, kpi) in kpis.items()}
        for name in ("label", "unit", "target", "currency")
    }
    rows = rows.assign(
        **{name: rows["kpi"].map(values) for name, values in of.items()},
        place=rows["kpi"].map({kpi_id: place for kpi_id, (place, _) in kpis.items()}),
        by=rows["dimension"].map(TITLES),
        name=names,
        state=judgements(rows, of["target"]),
        change=(rows["value"] - rows["prior"]).where(rows["places_read"] >= rows["places_expected"]),
    )
    order = rows["dimension"].map({name: place for place, name in enumerate(TITLES)}).astype("float")
    worst = rows["status"].map(WORST_FIRST).mask(rows["state"].eq(words.NO_TARGET)).fillna(len(WORST_FIRST))
    rows = ranked(rows.assign(worst=worst), order, "place", "worst", "group")
    return SheetContent(
        subtitle=f"{len(kpis):,} KPIs of {pack.results.period_name} in {len(rows):,} rows; filter by dimension and KPI",
        note="Sums first, divided last, as for the whole. A blank value is not known: no place of the group was read, "
        "or nothing there could be measured. An owner is the identity's, else its account's.",
        columns=(
            SheetColumn("label", "KPI", width=40),
            SheetColumn("by", "By", width=14),
            SheetColumn("group", "Group", "account_id", width=30),
            SheetColumn("name", "Account", unknown="", width=26),
            SheetColumn("state", "Status", "signal", width=18, colors=STATUS_COLORS),
            SheetColumn("value", "Actual", "figure"),
            SheetColumn("prior", "Prior", "figure"),
            SheetColumn("change", "Change", "change"),
            SheetColumn("target", "Target", "figure"),
            SheetColumn("numerator", "Numerator", "real"),
            SheetColumn("denominator", "Denominator", "real"),
            SheetColumn("unknown", "Not judged", "integer"),
            SheetColumn("places_read", "Places read", "integer"),
            SheetColumn("places_expected", "Places expected", "integer"),
            SheetColumn("reason", "What it leaves out", unknown="", width=48),
            SheetColumn("unit", "Unit", width=12),
            SheetColumn("currency", "Currency", unknown="", width=12),
        ),
        rows=rows,
        empty=nothing(pack, "kpi_breakdown", "breakdowns of the KPIs"),
        file="data/kpi_breakdown.parquet",
    )
