"""Verdicts as JSON for other programs."""

from __future__ import annotations

import json as json_text
from dataclasses import asdict
from typing import Any

from sesreport.core.version import __version__
from sesreport.governance.check.judge import Checked, Verdict
from sesreport.governance.check.output import Told, check_output, place_of

FORMAT = 1


@check_output
def json(told: Told) -> str:
    """``format``, ``passed``, ``exit_code``, ``files`` with ``policies`` and their ``findings``, and ``errors``."""
    content = {
        "format": FORMAT,
        "tool": {"name": "sesreport", "version": __version__},
        "fail_on": told.fail_on,
        "passed": told.exit_code == 0,
        "exit_code": told.exit_code,
        "files": [_file(file) for file in told.checked],
        "errors": [str(error) for error in told.errors],
    }
    return json_text.dumps(content, indent=2) + "\n"


def _file(file: Checked) -> dict[str, Any]:
    return {
        "path": str(file.planned.path),
        "kind": file.planned.kind,
        "notes": list(file.planned.notes),
        "assumed": list(file.assumed),
        "policies": [_verdict(file, verdict) for verdict in file.verdicts],
    }


def _verdict(file: Checked, verdict: Verdict) -> dict[str, Any]:
    policy, where = verdict.planned, place_of(file, verdict)
    return {
        "address": policy.address,
        "action": policy.action,
        "identity": policy.identity_name or None,
        "identity_arn": policy.identity.arn if policy.identity else None,
        "policy_name": policy.policy_name,
        "verdict": verdict.says,
        "undecidable": verdict.undecidable,
        "proof": verdict.proof or None,
        "not_new": bool(verdict.left_out),
        "where": {"path": where.path, "line": where.line or None},
        "findings": [asdict(finding) for finding in verdict.findings],
    }
