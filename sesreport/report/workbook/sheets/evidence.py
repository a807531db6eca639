"""Evidence: what the pack shows for each control of four standards, and where."""

from __future__ import annotations

from sesreport.governance.evidence import index
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet


@sheet(title="Evidence", question="What does this pack show for which control?", order=128, group="reference")
def evidence(pack: Pack) -> SheetContent:
    rows = index(pack.frames, pack.results)
    return SheetContent(
        subtitle=f"{len(rows)} controls of SOC 2, PCI DSS 4.0, ISO 27001:2022 and NIST CSF 2.0",
        note="The words are ours, not the standards'. Each folder under evidence/ has the population, the exceptions, "
        "a sample that can be drawn again, the sampled policies beside their verdicts, approvals, answers and hashes.",
        columns=(
            SheetColumn("standard", "Standard"),
            SheetColumn("control", "Control"),
            SheetColumn("shows", "What is shown", width=60),
            SheetColumn("of", "Population: frame"),
            SheetColumn("population", "Population", "integer"),
            SheetColumn("exceptions", "Exceptions", "integer"),
            SheetColumn("sample", "Sample", "integer"),
            SheetColumn("kpis", "Numbers", width=60),
            SheetColumn("folder", "Folder under evidence/", width=30),
        ),
        rows=rows,
        empty="No data: no control is known.",
    )
