"""The folder of fixes: one folder for each policy, and a list of all, also of those that are not offered."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from itertools import islice
from pathlib import Path

from sesreport.core.files import whole_folder
from sesreport.core.text import FORMULA_STARTS, one_line
from sesreport.governance.fix.proposal import FORMATS, Proposal

INDEX = "fixes.csv"
_COLUMNS = (
    "folder", "fix", "severity", "identity", "policy_name", "account_id", "region", "owner", "findings", "changes",
    "reason",
)  # fmt: skip


def write_fixes(fixes: Collection[Proposal], folder: Path) -> Path:
    """Writes each fix that is offered, and ``fixes.csv``; the folder must not be there. Raises WriteError."""
    with whole_folder(folder) as temporary:
        fill(fixes, temporary)
    return folder


def fill(fixes: Collection[Proposal], folder: Path, *, most: int | None = None) -> None:
    """The same into a folder that is there; the files of at most so many, the worst first."""
    for fix in islice((fix for fix in fixes if fix.offered), most):
        for write in FORMATS.values():
            for name, text in write(fix).items():
                path = folder / fix.name / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode("utf-8", "surrogatepass"))
    (folder / INDEX).write_text(_index(fixes), encoding="utf-8")


def _index(fixes: Collection[Proposal]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for fix in fixes:
        severities = [finding.severity for finding in fix.findings]
        writer.writerow(
            map(
                _cell,
                (
                    fix.name if fix.offered else "", fix.fix, severities[0] if severities else "", fix.identity,
                    fix.policy_name, fix.account_id, fix.region, fix.owner,
                    " ".join(finding.fingerprint[:12] for finding in fix.findings), "; ".join(fix.changes), fix.reason,
                ),
            )
        )  # fmt: skip
    return sheet.getvalue()


def _cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    shown = one_line(value)
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown
