"""Definitions: how each KPI is computed, from what, and what its target is."""

from __future__ import annotations

import pandas as pd

from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet


@sheet(title="Definitions", question="How is each number computed?", order=130, group="reference")
def definitions(pack: Pack) -> SheetContent:
    rows = pd.DataFrame(
        [
            {
                "kpi": kpi.label,
                "question": kpi.question,
                "definition": kpi.definition,
                "formula": kpi.formula,
                "source": kpi.source,
                "unit": kpi.unit,
                "better": "no target" if kpi.direction == "none" else kpi.direction,
                "target": kpi.target,
                "watch": kpi.watch,
                "owner": kpi.owner,
                "file": f"data/{kpi.frame}.parquet",
                "id": kpi.id,
            }
            for kpi in pack.results.kpis
        ],
        columns=[
            "kpi", "question", "definition", "formula", "source", "unit", "better", "target", "watch", "owner", "file",
            "id",
        ],
    )  # fmt: skip
    return SheetContent(
        subtitle="Every KPI: what it asks, its formula, and the rows it counts",
        note="Units: count, share (0 to 1), rate (0 to 1, small), days, messages, money (in the charges' "
        "currency). Beyond the target and up to the watch limit the status is watch; beyond that it is off target.",
        columns=(
            SheetColumn("kpi", "KPI", width=36),
            SheetColumn("question", "Question", width=40),
            SheetColumn("definition", "Definition", width=52),
            SheetColumn("formula", "Formula", width=44),
            SheetColumn("source", "Source", width=34),
            SheetColumn("unit", "Unit"),
            SheetColumn("better", "Better"),
            SheetColumn("target", "Target", "figure"),
            SheetColumn("watch", "Watch limit", "figure"),
            SheetColumn("owner", "Owner"),
            SheetColumn("file", "Rows behind it"),
            SheetColumn("id", "Id"),
        ),
        rows=rows,
        empty="No data: no KPI was computed.",
    )
