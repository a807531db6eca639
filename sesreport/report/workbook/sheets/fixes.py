"""Fixes: each policy with a finding, as it is and as it could be."""

from __future__ import annotations

import pandas as pd

from sesreport.core.vocabulary import IDENTITY
from sesreport.report.contents import Pack
from sesreport.report.fixes import FOLDER, proposals_of
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import basis, found, nothing

COLUMNS = (
    "fix", "identity", "policy_name", "ends", "stays", "changes", "reason", "before", "after", "owner", "account_id",
    "region", "folder",
)  # fmt: skip


@sheet(
    title="Fixes",
    question="What exactly should each policy say, and what would that end?",
    order=112,
    group="evidence",
)
def fixes(pack: Pack) -> SheetContent:
    made = proposals_of(pack.frames)
    rows = pd.DataFrame(
        [
            {
                **{name: getattr(fix, name) for name in (*IDENTITY, "policy_name", "fix", "before")},
                "ends": "; ".join(finding.title for finding in fix.findings if finding.resolved) or None,
                "stays": "; ".join(finding.title for finding in fix.findings if not finding.resolved) or None,
                "changes": "; ".join(fix.changes) or None,
                "reason": fix.reason or None,
                "after": fix.after,
                "owner": fix.owner or None,
                "folder": f"{FOLDER}/{fix.name}" if fix.offered else None,
            }
            for fix in made
        ],
        columns=list(COLUMNS),
        dtype="string",
    )
    offered = sum(fix.offered for fix in made)
    return SheetContent(
        subtitle=found(pack, f"{offered:,} of {len(made):,} policies with a finding have a proved fix", rows, "fixes")
        if made
        else found(pack, "No policy needs a fix", rows, "fixes"),
        note="Each fix is proved to allow nothing that is not allowed now, and to keep all that the register and the "
        "organization approve. Mail that was seen is not looked at. The files of each are in the folder named. "
        f"{basis(pack, 'findings')}",
        columns=(
            SheetColumn("fix", "Fix", width=12),
            SheetColumn("identity", "Identity"),
            SheetColumn("policy_name", "Policy"),
            SheetColumn("ends", "Findings it ends", unknown="none", width=44),
            SheetColumn("stays", "Findings that stay", unknown="none", width=36),
            SheetColumn("changes", "What changes", unknown="nothing", width=52),
            SheetColumn("reason", "Why none is offered", unknown="", width=36),
            SheetColumn("owner", "Owner", unknown="no owner"),
            SheetColumn("before", "Policy as it is", width=60),
            SheetColumn("after", "Policy as it would be", unknown="none: it is deleted, or not offered", width=60),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("region", "Region"),
            SheetColumn("folder", "Folder in the pack", unknown="none", width=44),
        ),
        rows=rows,
        empty=nothing(pack, "fixes", "policies with a finding", "findings"),
        file="data/fixes.parquet",
    )
