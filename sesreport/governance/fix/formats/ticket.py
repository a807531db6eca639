"""The text of a ticket."""

from __future__ import annotations

from collections.abc import Mapping

from sesreport.core.text import one_line
from sesreport.governance.fix.proposal import FixedFinding, Proposal, fix_format


@fix_format
def ticket(fix: Proposal) -> Mapping[str, str]:
    """``ticket.md``: what is wrong, what to do, what it changes, how to go back, and how to tell that it is done."""
    what = "Delete" if fix.deletes else "Narrow"
    ends = [finding for finding in fix.findings if finding.resolved]
    stays = [finding for finding in fix.findings if not finding.resolved]
    parts = [
        f"# {what} policy {_code(fix.policy_name)} of {_code(fix.identity)}",
        f"Account {fix.account_id}, Region {_code(fix.region)}."
        + (f" Owner: {_words(fix.owner)}." if fix.owner else " Nobody is named as its owner."),
        "## What is wrong",
        *(_said(finding) for finding in ends or fix.findings),
        *([] if fix.findings else ["It lets in more than is approved."]),
        "## What changes",
        *(f"- {_words(change)}" for change in fix.changes),
        "It is proved that the result allows nothing that is not allowed now, and that it keeps everything that the "
        "register and the organization approve. Mail that was seen was not looked at: ask the owner before it is "
        "applied.",
        "## How",
        "Run `sh apply.sh` in the account, or use one of the Terraform files."
        if not fix.deletes
        else "Run `sh apply.sh` in the account; where Terraform manages the policy, remove its resource instead.",
        "To go back, run `sh roll_back.sh`: it puts the text back as it was read.",
        "It is done when the next snapshot shows it.",
    ]
    if stays:
        parts += ["## What it does not end", *(_said(finding) for finding in stays)]
    return {"ticket.md": _joined(parts)}


def _said(finding: FixedFinding) -> str:
    return f"- {finding.severity}: {finding.title} ({finding.rule_id}): {_words(finding.evidence)}"


def _joined(parts: list[str]) -> str:
    """Paragraphs with a blank line between them, and none between the lines of a list."""
    out = ""
    for before, part in zip(["", *parts], parts, strict=False):
        out += ("" if not before else "\n" if before.startswith("- ") and part.startswith("- ") else "\n\n") + part
    return out + "\n"


def _words(text: str) -> str:
    """Outside text on one line in which nothing is markup."""
    shown = one_line(text)
    for mark in "\\`*_[]<>#|":
        shown = shown.replace(mark, f"\\{mark}")
    return shown


def _code(text: str) -> str:
    """Outside text as a name."""
    return f"`{one_line(text).replace('`', chr(39))}`"
