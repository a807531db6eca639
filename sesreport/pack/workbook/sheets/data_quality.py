"""Data quality: what could and could not be read, place by place."""

from __future__ import annotations

from sesreport.pack.contents import Pack
from sesreport.pack.workbook.description import Column, Content, sheet
from sesreport.pack.workbook.evidence import frame, nothing, ranked, with_account_names
from sesreport.pack.workbook.styles import BAD, CAREFUL

COLUMNS = ("account_id", "region", "dataset", "status", "reason", "calls", "rows", "seconds")
ORDER = {"denied": 0, "error": 1, "throttled": 2, "not_offered": 3, "region_disabled": 4, "skipped": 5, "ok": 6}

COLORS = {"denied": BAD, "error": BAD, "throttled": CAREFUL, "not known": CAREFUL}


@sheet(
    title="Data quality",
    question="What could not be read, and so cannot be vouched for?",
    order=120,
    group="reference",
    kpis=("coverage",),
)
def data_quality(pack: Pack) -> Content:
    rows = frame(pack, "coverage", COLUMNS)
    rows = with_account_names(pack, rows).assign(state=rows["status"].str.replace("_", " "))
    rows = ranked(rows, rows["status"].map(ORDER), "account_id", "region", "dataset")
    told = ", ".join(
        f"{count:,} {status.replace('_', ' ')}" for status, count in pack.results.coverage.by_status.items()
    )
    return Content(
        subtitle=f"Datasets (account × Region × dataset) by status: {told or 'not known'}",
        note=f"What is missing first. {pack.results.coverage.statement}",
        columns=(
            Column("account_id", "Account id", "account_id"),
            Column("account", "Account"),
            Column("region", "Region"),
            Column("dataset", "Dataset"),
            Column("state", "Read", "signal", colors=COLORS),
            Column("reason", "Reason", unknown="", width=66),
            Column("rows", "Rows", "integer"),
            Column("calls", "API calls", "integer"),
            Column("seconds", "Seconds", "real"),
        ),
        rows=rows,
        empty=nothing(pack, "coverage", "coverage records"),
        file="data/coverage.parquet",
    )
