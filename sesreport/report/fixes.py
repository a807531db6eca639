"""Fixes beside their findings: in words for tables, and as files in the pack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sesreport.governance.fix.folder import fill
from sesreport.governance.fix.proposal import Proposal, proposals
from sesreport.policy.fixes import DELETE, NONE, REPLACE

FOLDER = "fixes"
MOST = 200
"""Policies whose fix is written as files; a pack of thousands of small folders can be carried nowhere."""
NOT_MADE = "none: it is not about a policy"
"""What is said of a finding that no policy is to blame for."""
WORDS = {REPLACE: "narrow", DELETE: "delete"}


def proposals_of(frames: Mapping[str, pd.DataFrame]) -> list[Proposal]:
    """The fixes of a pack; none where it is older than these."""
    if "fixes" not in frames or "findings" not in frames:
        return []
    return proposals(frames["fixes"], frames["findings"])


def write_pack_fixes(frames: Mapping[str, pd.DataFrame], pack: Path) -> None:
    """Writes ``fixes/`` into a pack's folder: the list of all, and the files of the worst.

    ``sesreport fix --all`` writes those of the others.
    """
    folder = pack / FOLDER
    folder.mkdir()
    fill(proposals_of(frames), folder, most=MOST)


def fixes_told(frames: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """By fingerprint of a finding: what its fix is, where its files are, or why there is none."""
    told: dict[str, list[str]] = defaultdict(list)
    for fix in proposals_of(frames):
        for finding in fix.findings:
            told[finding.fingerprint].append(_said(fix, resolved=finding.resolved))
    return {fingerprint: "; ".join(parts) for fingerprint, parts in told.items()}


def _said(fix: Proposal, *, resolved: bool) -> str:
    if fix.fix == NONE:
        return f"not offered: {fix.reason}"
    if not resolved:
        return "none: the register approves what it is about; limit the approval first"
    return f"{WORDS[fix.fix]} policy {fix.policy_name}: {'; '.join(fix.changes)}"


def with_fixes(frames: Mapping[str, pd.DataFrame], findings: pd.DataFrame) -> pd.DataFrame:
    """Findings with the column ``fix``."""
    told = fixes_told(frames)
    fix = [told.get(fingerprint, NOT_MADE) for fingerprint in findings["fingerprint"]]
    return findings.assign(fix=pd.array(fix, dtype="string"))
