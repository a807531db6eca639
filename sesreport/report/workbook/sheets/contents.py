"""Contents: every sheet, the question it answers, and how many rows it has."""

from __future__ import annotations

import pandas as pd

from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, registered, sheet


@sheet(title="Contents", question="Where is what?", order=20, group="summary")
def contents(pack: Pack) -> SheetContent:
    others = [each for each in registered() if each.title != "Contents"]
    return SheetContent(
        subtitle=f"{pack.results.title}, {pack.results.period_name}",
        note="Choose a sheet's name to go there; the name in cell A1 of every sheet leads back here.",
        columns=(
            SheetColumn("sheet", "Sheet", "link", width=26),
            SheetColumn("question", "Question it answers", width=70),
            SheetColumn("rows", "Rows", "integer", width=11),
        ),
        rows=pd.DataFrame(
            {"sheet": [s.title for s in others], "question": [s.question for s in others], "rows": pd.NA}
        ),
    )
