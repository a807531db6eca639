"""Data quality: what could and could not be read, place by place."""

from __future__ import annotations

from sesreport.analysis.basis import POLICY_DATASETS, REGIONS
from sesreport.core.vocabulary import PLACE
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, behind, nothing, ranked, with_account_names
from sesreport.report.workbook.styles import BAD, CAREFUL
from sesreport.snapshot.coverage import EVERYTHING

COLUMNS = ("account_id", "region", "dataset", "status", "reason", "calls", "rows", "seconds")
ORDER = {"denied": 0, "error": 1, "throttled": 2, "not_offered": 3, "region_disabled": 4, "skipped": 5, "ok": 6}
KPIS = {"coverage": PLACE}
DECISIVE = (*POLICY_DATASETS, EVERYTHING, REGIONS)
"""Datasets that decide whether a place counts as read."""
COLORS = {"denied": BAD, "error": BAD, "throttled": CAREFUL, "not known": CAREFUL}


@sheet(
    title="Data quality",
    question="What could not be read, and so cannot be vouched for?",
    order=120,
    group="reference",
    kpis=tuple(KPIS),
)
def data_quality(pack: Pack) -> SheetContent:
    rows = pack.columns("coverage", COLUMNS)
    rows = with_account_names(pack, rows).assign(state=rows["status"].str.replace("_", " "))
    rows = ranked(rows, rows["status"].map(ORDER), "account_id", "region", "dataset")
    rows = rows.assign(behind=behind(pack, rows[rows["dataset"].isin(DECISIVE)], KPIS).reindex(rows.index))
    places = pack.results.coverage.places
    told = ", ".join(
        f"{count:,} {status.replace('_', ' ')}" for status, count in pack.results.coverage.by_status.items()
    )
    return SheetContent(
        subtitle=f"{places.read:,} of {places.expected:,} places (account × Region) read; rows of the table by status: "
        f"{told or 'not known'}",
        note=f"What is missing first; a place has a row for each dataset. {pack.results.coverage.statement}",
        columns=(
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
            SheetColumn("dataset", "Dataset"),
            SheetColumn("state", "Read", "signal", colors=COLORS),
            SheetColumn("reason", "Reason", unknown="", width=66),
            SheetColumn("rows", "Rows", "integer"),
            SheetColumn("calls", "API calls", "integer"),
            SheetColumn("seconds", "Seconds", "real"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "coverage", "coverage records"),
        file="data/coverage.parquet",
    )
