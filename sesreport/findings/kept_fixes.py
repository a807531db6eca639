"""Fixes worked out before, kept on disk by all that they depend on: from month to month few policies change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sesreport.analysis.judged_identities import JudgedIdentity
from sesreport.analysis.registry import Analysis
from sesreport.analysis.remembered import worth_keeping
from sesreport.core.kept import Kept, code_sha256
from sesreport.policy.narrowing import Approved, Narrowed, NotNarrowedError, narrowed, question_sha256
from sesreport.settings.config import cache_folder

FILES = 20
"""Files kept, one for each organization and version of the code."""


class KeptFixes:
    """Answers of :func:`sesreport.policy.narrowing.narrowed` for the policies of one snapshot."""

    def __init__(self, analysis: Analysis) -> None:
        self._read = analysis.cache.read
        self._kept = Kept(cache_folder(analysis.config) / "fixes", FILES) if worth_keeping(analysis) else None
        self._key = hashlib.sha256(json.dumps([code_sha256(), analysis.snapshot.organization]).encode()).hexdigest()
        content = self._kept.read(self._key) if self._kept else None
        self._before: dict[str, Any] = json.loads(content) if content else {}
        self._asked: dict[str, Any] = {}

    def narrowed(
        self, identity: JudgedIdentity, policies: Mapping[str, str], name: str, approved: Approved, today: date
    ) -> Narrowed:
        """The answer of before for the very same question, else a new one. Raises NotNarrowedError."""

        def make() -> Narrowed:
            return narrowed(identity.arn, policies, name, approved, today=today, read=self._read)

        if self._kept is None:
            return make()
        question = question_sha256(identity.arn, policies, name, approved, today=today, read=self._read)
        told = self._before.get(question) or _told(make)
        self._asked[question] = told
        if "refused" in told:
            raise NotNarrowedError(told["refused"])
        return Narrowed(told["text"], tuple(told["changes"]))

    def keep(self) -> None:
        """Keeps what was asked for, and forgets the rest."""
        if self._kept is not None and self._asked != self._before:
            self._kept.write(self._key, json.dumps(self._asked).encode())


def _told(make: Callable[[], Narrowed]) -> dict[str, Any]:
    try:
        made = make()
    except NotNarrowedError as error:
        return {"refused": str(error)}
    return {"text": made.text, "changes": made.changes}
