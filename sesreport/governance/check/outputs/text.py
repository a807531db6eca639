"""Verdicts for people, on a terminal or in a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from sesreport.core.text import one_line
from sesreport.core.vocabulary import SEVERITIES
from sesreport.governance.check.judge import Checked, Verdict
from sesreport.governance.check.output import Told, check_output, place_of
from sesreport.governance.check.planned import relative


@check_output
def text(told: Told) -> str:
    """Each policy with its verdict, proof and findings, worst policies first; the result on the last line."""
    lines = [one_line(line) for file in told.checked for line in _file(file)]
    lines += _result(told)
    return "".join(f"{line}\n" for each in lines for line in _wrapped(each, told.width))


def _wrapped(line: str, width: int) -> list[str]:
    """The line in parts that a terminal has room for, each further one indented; in a log a line stays whole."""
    if not width or len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _file(file: Checked) -> Iterator[str]:
    planned = file.planned
    number = len(planned.policies)
    counted = f"{number} SES identity {'policy' if number == 1 else 'policies'}" if number else "no SES identity policy"
    yield f"{planned.path}: {planned.kind}, {counted}"
    for note in (*planned.notes, *(file.assumed if number else ())):
        yield f"  note: {note}"
    yield ""
    for verdict in sorted(file.verdicts, key=_worst):
        yield from _verdict(file, verdict)
    if not all(verdict.findings for verdict in file.verdicts):
        yield ""


def _verdict(file: Checked, verdict: Verdict) -> Iterator[str]:
    policy, where = verdict.planned, place_of(file, verdict)
    place = f" ({where.path}:{where.line})" if where.line and where.path != relative(file.planned.path) else ""
    subject = f", policy {policy.policy_name} of {policy.identity_name}" if policy.identity else ""
    severity = SEVERITIES[_worst(verdict)].upper() if verdict.findings else "ok"
    left_out = f" It allows {verdict.left_out}." if verdict.left_out else ""
    yield f"{severity} {policy.address}{place}: {policy.action}{subject}"
    yield f"  {verdict.says}{left_out}"
    if verdict.proof and verdict.findings:
        yield f"  Proof: {verdict.proof}"
    for finding in verdict.findings:
        yield f"  {finding.severity} {finding.rule_id} {finding.title}: {finding.evidence}"
        yield f"    -> {finding.recommendation}"
    if verdict.findings:
        yield ""


def _result(told: Told) -> Iterator[str]:
    counts = dict.fromkeys(SEVERITIES, 0)
    undecidable = 0
    for _, verdict, finding in told.findings:
        counts[finding.severity] += 1
        undecidable += verdict.undecidable
    found = ", ".join(f"{number} {severity}" for severity, number in counts.items() if number) or "none"
    policies = sum(len(file.planned.policies) for file in told.checked)
    parts = [f"{policies} {'policy' if policies == 1 else 'policies'}", f"findings: {found}"]
    if undecidable:
        parts.append(f"{undecidable} undecidable")
    if told.errors:
        parts.append(f"{len(told.errors)} {'file' if len(told.errors) == 1 else 'files'} not read")
    result = "not passed" if told.exit_code else "passed"
    yield f"{result} ({'; '.join(parts)}; fails on {told.fail_on} or worse)"


def _worst(verdict: Verdict) -> int:
    return min((SEVERITIES.index(finding.severity) for finding in verdict.findings), default=len(SEVERITIES))
