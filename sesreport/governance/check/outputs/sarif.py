"""Verdicts as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), for code scanning."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from sesreport.core.text import marked
from sesreport.core.version import __version__
from sesreport.findings.registry import rules
from sesreport.governance.check.judge import UNDECIDABLE, UNDECIDABLE_TITLE, Checked, CheckFinding, Verdict
from sesreport.governance.check.output import Told, check_output, place_of

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""``security-severity`` of GitHub's code scanning: above 9.0 is critical, 7.0 to 8.9 high, 4.0 to 6.9 medium."""


@check_output
def sarif(told: Told) -> str:
    """One run with the rules that fired, and a result for each finding."""
    found = told.findings
    ids = sorted({finding.rule_id for _, _, finding in found})
    run = {
        "tool": {
            "driver": {
                "name": "sesreport",
                "semanticVersion": __version__,
                "rules": [_rule(rule_id) for rule_id in ids],
            }
        },
        "columnKind": "utf16CodeUnits",
        "invocations": [
            {
                "executionSuccessful": not told.errors,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": marked(str(error))}} for error in told.errors
                ],
            }
        ],
        "results": [_result(file, verdict, finding, ids.index(finding.rule_id)) for file, verdict, finding in found],
    }
    content = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(content, indent=2) + "\n"


def _rule(rule_id: str) -> dict[str, Any]:
    if rule_id == UNDECIDABLE:
        title, why, remedy, severity, name = (
            UNDECIDABLE_TITLE, "A policy that nobody can read before it is applied may let in anybody.",
            "Make the text known when the plan is made, and plan again.", "high", "undecidable",
        )  # fmt: skip
    else:
        rule = next(each for each in rules().values() if each.id == rule_id)
        title, why, remedy, severity, name = rule.title, rule.why, rule.recommendation, rule.severity, rule.slug
    return {
        "id": rule_id,
        "name": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {"text": f"{why} {remedy}", "markdown": f"{why}\n\n**What to do:** {remedy}"},
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {"security-severity": SCORES[severity], "tags": ["security", "ses"]},
    }


def _result(file: Checked, verdict: Verdict, finding: CheckFinding, index: int) -> dict[str, Any]:
    where, policy = place_of(file, verdict), verdict.planned
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(where.path), "uriBaseId": "%SRCROOT%"}}
    physical["region"] = {"startLine": where.line or 1}
    text = f"{finding.title}: {finding.evidence}."
    if verdict.proof and finding.rule_id != UNDECIDABLE:
        text += f" {verdict.proof}"
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": marked(text)},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": marked(policy.address), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"sesreport/v1": finding.fingerprint},
        "properties": {
            "severity": finding.severity, "security-severity": SCORES[finding.severity],
            "identity": marked(policy.identity_name), "policyName": marked(policy.policy_name), "action": policy.action,
        },
    }  # fmt: skip
