"""A fix with all that its files say: the policy before and after, its findings, and how to refer to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sesreport.analysis.joins import rows
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.registry import Registry
from sesreport.policy.fixes import DELETE, NONE

SHORTEST = 6
"""Characters of a fingerprint that must be given."""
_LONGEST = 80
_UNSAFE = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True)
class FixedFinding:
    """A finding of the policy."""

    fingerprint: str
    rule_id: str
    severity: str
    title: str
    evidence: str
    resolved: bool
    """Whether the fix ends it."""


@dataclass(frozen=True)
class Proposal:
    """The fix of one policy, or why there is none."""

    account_id: str
    region: str
    identity: str
    policy_name: str
    fix: str
    """replace, delete or not offered."""
    reason: str
    changes: tuple[str, ...]
    before: str
    after: str | None
    owner: str
    findings: tuple[FixedFinding, ...]

    @property
    def offered(self) -> bool:
        return self.fix != NONE

    @property
    def deletes(self) -> bool:
        return self.fix == DELETE

    @property
    def name(self) -> str:
        """A name for files: lower case, ASCII, and no other policy's."""
        parts = (self.identity, self.policy_name, self.region, self.account_id)
        readable = "_".join(_UNSAFE.sub("-", part.casefold()).strip("-.") or "x" for part in parts)
        return readable if len(readable) <= _LONGEST and readable == "_".join(parts) else _numbered(readable, parts)

    @property
    def terraform_name(self) -> str:
        """A name for a Terraform resource: letters, digits and underscores, beginning with a letter."""
        parts = (self.identity, self.policy_name, self.region, self.account_id)
        return f"p_{re.sub('[^a-z0-9]+', '_', self.name)[:60]}_{_digest(parts)}"


def _numbered(readable: str, parts: tuple[str, ...]) -> str:
    """The name with a part of a hash, as two policies may read alike."""
    return f"{readable[: _LONGEST - 9].strip('-_.')}-{_digest(parts)}"


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]


FixFiles = Callable[[Proposal], Mapping[str, str]]
FORMATS: Registry[FixFiles] = Registry("fix format")


def fix_format(write: FixFiles) -> FixFiles:
    """Registers a function that gives the texts of files by name, beneath the fix's own folder."""
    name = getattr(write, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
    FORMATS.add(name, write, write.__module__)
    return write


def proposals(fixes: pd.DataFrame, findings: pd.DataFrame) -> list[Proposal]:
    """The fixes of the frames ``fixes`` and ``findings``, in their order."""
    said = rows(findings, ("fingerprint", "rule_id", "severity", "title", "evidence"))
    known = {row[0]: FixedFinding(row[0], row[1], row[2], row[3], row[4], resolved=False) for row in said}
    made = []
    for row in fixes.to_dict("records"):
        values = {str(name): value for name, value in row.items()}
        made.append(
            Proposal(
                account_id=str(values["account_id"]),
                region=str(values["region"]),
                identity=str(values["identity"]),
                policy_name=str(values["policy_name"]),
                fix=str(values["fix"]),
                reason=_text(values["reason"]) or "",
                changes=tuple(_list(values["changes"])),
                before=str(values["before"]),
                after=_text(values["after"]),
                owner=_text(values["owner"]) or "",
                findings=tuple(
                    replace(known[fingerprint], resolved=resolved)
                    for column, resolved in (("resolves", True), ("remains", False))
                    for fingerprint in _list(values[column])
                    if fingerprint in known
                ),
            )
        )
    return made


def chosen(every: Collection[Proposal], fingerprints: Collection[str]) -> list[Proposal]:
    """The fixes of findings by their fingerprints or the beginnings of these.

    Raises ConfigError for a fingerprint that is unknown, too short, or that several findings begin with.
    """
    known = {finding.fingerprint for fix in every for finding in fix.findings}
    wanted = set()
    for beginning in fingerprints:
        found = [each for each in known if each.startswith(beginning)]
        if len(beginning) < SHORTEST:
            raise ConfigError(f"fingerprint {beginning!r}: write at least {SHORTEST} characters of it")
        if not found:
            raise ConfigError(f"no finding on a policy has the fingerprint {beginning!r}{suggestion(beginning, known)}")
        if len(found) > 1:
            raise ConfigError(f"the fingerprint {beginning!r} is that of {len(found)} findings; write more of it")
        wanted.add(found[0])
    return [fix for fix in every if any(finding.fingerprint in wanted for finding in fix.findings)]


def _text(value: Any) -> str | None:
    return None if value is None or value is pd.NA or value != value else str(value)


def _list(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) or hasattr(value, "__array__") else []
