"""The policies themselves."""

from __future__ import annotations

from collections.abc import Mapping

from sesreport.governance.fix.proposal import Proposal, fix_format


@fix_format
def policy(fix: Proposal) -> Mapping[str, str]:
    """``before.json``, the policy byte for byte as it was read, and ``policy.json``, where one takes its place."""
    return {"before.json": fix.before, **({"policy.json": f"{fix.after}\n"} if fix.after is not None else {})}
