"""Fixes worked out before, kept on disk by all that they depend on: from month to month few policies change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any

from sesreport.analysis.registry import Analysis
from sesreport.analysis.remembered import worth_keeping
from sesreport.core.kept import Kept, code_sha256
from sesreport.policy import Organization
from sesreport.policy.approved import Approved
from sesreport.policy.cache import depends_on_the_day
from sesreport.policy.fixes import Fix, fixes_of
from sesreport.policy.narrowing import NotNarrowedError, that_matter
from sesreport.policy.reader import read_policy
from sesreport.settings.config import cache_folder

FILES = 20
"""Files kept, one for each organization and version of the code."""


class KeptFixes:
    """Answers of :func:`sesreport.policy.fixes.fixes_of` for the identities of one snapshot."""

    def __init__(self, analysis: Analysis) -> None:
        self._today = analysis.today
        self._kept = Kept(cache_folder(analysis.config) / "fixes", FILES) if worth_keeping(analysis) else None
        self._key = hashlib.sha256(json.dumps([code_sha256(), analysis.snapshot.organization]).encode()).hexdigest()
        content = self._kept.read(self._key) if self._kept else None
        self._before: dict[str, Any] = json.loads(content) if content else {}
        self._asked: dict[str, Any] = {}

    def fixes_of(
        self, identity_arn: str, policies: Mapping[str, str], approved: Approved, *, under_a_domain: bool
    ) -> dict[str, Fix]:
        """The answer of before for the very same question, else a new one."""
        how: dict[str, Any] = {"today": self._today, "under_a_domain": under_a_domain}
        if self._kept is None:
            return dict(fixes_of(identity_arn, policies, approved, **how))
        question = question_sha256(identity_arn, policies, approved, **how)
        told = self._before.get(question)
        if told is None:
            told = {name: asdict(fix) for name, fix in fixes_of(identity_arn, policies, approved, **how)}
        self._asked[question] = told
        return {name: Fix(**{**fix, "changes": tuple(fix["changes"])}) for name, fix in told.items()}

    def keep(self) -> None:
        """Keeps what was asked for, and forgets the rest."""
        if self._kept is not None and self._asked != self._before:
            self._kept.write(self._key, json.dumps(self._asked).encode())


def question_sha256(
    identity_arn: str, policies: Mapping[str, str], approved: Approved, *, today: date, under_a_domain: bool
) -> str:
    """Hash of all that the fixes of an identity depend on; the day only where a policy or an approval has a time."""
    texts = [read_policy(text, name) for name, text in policies.items()]
    try:
        chosen = that_matter(approved, policies, texts)
    except NotNarrowedError:  # too many: the answer is why none is offered
        chosen = approved
    timed = any(sender.last_day for sender in chosen.senders) or any(
        depends_on_the_day(statement) for policy in texts for statement in policy.statements
    )
    senders = [[one.account, one.from_patterns, one.last_day and str(one.last_day)] for one in chosen.senders]
    asked = [
        identity_arn, list(policies.items()), _organization_sha256(approved.organization), senders,
        sorted(approved.refused), under_a_domain, str(today) if timed else None,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


@lru_cache(maxsize=8)
def _organization_sha256(organization: Organization) -> str:
    told = [organization.id, organization.in_order, organization.management_account]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
