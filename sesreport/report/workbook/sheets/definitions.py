"""Definitions: how each KPI is computed, from what, and what its target is."""

from __future__ import annotations

import pandas as pd

from sesreport.report.contents import Pack
from sesreport.report.workbook.description import Column, Content, sheet


@sheet(title="Definitions", question="How is each number computed?", order=130, group="reference")
def definitions(pack: Pack) -> Content:
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
    return Content(
        subtitle="Every KPI: what it asks, its formula, and the rows it counts",
        note="Units: count, share (0 to 1), rate (0 to 1, small), days, messages. Beyond the target and up to the "
        "watch limit the status is watch; beyond that it is off target.",
        columns=(
            Column("kpi", "KPI", width=36),
            Column("question", "Question", width=40),
            Column("definition", "Definition", width=52),
            Column("formula", "Formula", width=44),
            Column("source", "Source", width=34),
            Column("unit", "Unit"),
            Column("better", "Better"),
            Column("target", "Target", "figure"),
            Column("watch", "Watch limit", "figure"),
            Column("owner", "Owner"),
            Column("file", "Rows behind it"),
            Column("id", "Id"),
        ),
        rows=rows,
        empty="No data: no KPI was computed.",
    )
