"""Verdicts for people, on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Iterator

from sesreport.core.text import one_line
from sesreport.core.vocabulary import SEVERITIES
from sesreport.governance.check.judge import Checked, Verdict
from sesreport.governance.check.output import Told, check_output, place_of
from sesreport.governance.check.planned import DELETE


@check_output
def text(told: Told) -> str:
    """Each policy with its verdict, proof and findings, worst policies first; the result on the last line."""
    lines = [line for file in told.checked for line in _file(file)]
    return "\n".join([*map(one_line, lines), *_result(told)]) + "\n"


def _file(file: Checked) -> Iterator[str]:
    planned = file.planned
    count = len(planned.policies)
    if not count:
        yield f"{planned.path}: {planned.kind}, without SES identity policies"
    else:
        yield f"{planned.path}: {planned.kind}, {count} SES identity {'policy' if count == 1 else 'policies'}"
    for note in (*planned.notes, *(file.assumed if count else ())):
        yield f"  note: {note}"
    yield ""
    for verdict in sorted(file.verdicts, key=_worst):
        yield from _verdict(file, verdict)
        yield ""


def _verdict(file: Checked, verdict: Verdict) -> Iterator[str]:
    policy, where = verdict.planned, place_of(file, verdict)
    line = f" ({where.path}:{where.line})" if where.line and where.path != str(file.planned.path) else ""
    yield f"{policy.address}{line}: {policy.action}"
    subject = f"{policy.identity_name}, policy {policy.policy_name}: " if policy.identity else ""
    yield f"  {subject}{verdict.says}"
    if verdict.left_out:
        yield f"  allows {verdict.left_out}"
    if verdict.proof and verdict.findings:
        yield f"  proof: {verdict.proof}"
    for finding in verdict.findings:
        yield f"  {finding.severity}: {finding.title} ({finding.rule_id}): {finding.evidence}"
        yield f"    {finding.recommendation}"
    if not verdict.findings and policy.action != DELETE and not verdict.left_out:
        yield "  no finding"


def _result(told: Told) -> Iterator[str]:
    counts = dict.fromkeys(SEVERITIES, 0)
    undecidable = 0
    for _, verdict, finding in told.findings:
        counts[finding.severity] += 1
        undecidable += verdict.undecidable
    found = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count) or "none"
    policies = sum(len(file.planned.policies) for file in told.checked)
    parts = [f"{policies} {'policy' if policies == 1 else 'policies'}", f"findings: {found}"]
    if undecidable:
        parts.append(f"{undecidable} of them undecidable")
    if told.errors:
        parts.append(f"{len(told.errors)} {'file' if len(told.errors) == 1 else 'files'} not read")
    result = "not passed" if told.exit_code else "passed"
    yield f"{result} ({'; '.join(parts)}; fails on {told.fail_on} or worse)"


def _worst(verdict: Verdict) -> int:
    return min((SEVERITIES.index(finding.severity) for finding in verdict.findings), default=len(SEVERITIES))
