"""Run: which evidence, settings and version this workbook was made from."""

from __future__ import annotations

import pandas as pd

from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet


@sheet(title="Run", question="From which evidence and settings was this made?", order=140, group="reference")
def run(pack: Pack) -> SheetContent:
    results = pack.results
    snapshot = results.snapshot
    items = [
        ("Period", results.period),
        ("Organization id", results.organization_id),
        ("Snapshot id", snapshot.id),
        ("Snapshot SHA-256", snapshot.sha256),
        ("Collection started (UTC)", snapshot.started_at),
        ("Collection finished (UTC)", snapshot.finished_at),
        ("Tool version", snapshot.tool_version),
        ("Configuration SHA-256", results.configuration_sha256),
        ("Register SHA-256", results.register_sha256),
        ("Compared with", results.compared_with),
        ("Results format", results.format),
        *((f"Rows of {name}", f"{len(rows):,}") for name, rows in sorted(pack.frames.items())),
    ]
    return SheetContent(
        subtitle="The same snapshot, settings and version give this workbook again, byte for byte",
        note="Every number can be traced: KPI, formula (Definitions), rows (data folder), snapshot SHA-256.",
        columns=(SheetColumn("item", "Item", width=34), SheetColumn("value", "Value", width=80, unknown="none")),
        rows=pd.DataFrame(items, columns=["item", "value"]),
    )
