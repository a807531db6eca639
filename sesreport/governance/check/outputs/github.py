"""Verdicts as annotations of GitHub Actions.

Facts: GitHub documentation, "Workflow commands for GitHub Actions" (escapes of data and of properties).
"""

from __future__ import annotations

from sesreport.core.text import one_line
from sesreport.governance.check.output import Told, check_output, place_of

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "notice"}


@check_output
def github(told: Told) -> str:
    """A line for each finding and for each file that was not read, worst first."""
    lines = [f"::error title=File not read::{_data(str(error))}" for error in told.errors]
    for file, verdict, finding in told.findings:
        where = place_of(file, verdict)
        properties = {"file": where.path, "line": str(where.line or 1), "title": f"{finding.rule_id} {finding.title}"}
        written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        message = f"{verdict.planned.address}: {finding.evidence}. {finding.recommendation}"
        lines.append(f"::{LEVELS[finding.severity]} {written}::{_data(message)}")
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
