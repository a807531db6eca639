"""Answers that AWS charges for, kept in the cache for the day (UTC) on which they were given: asked for once a day."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sesreport.aws.clients import Aws
from sesreport.collect.journal import Answer
from sesreport.core.kept import Kept
from sesreport.settings.config import Config, cache_folder

FILES = 200
"""Answers kept, the newest."""
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")


@dataclass(frozen=True)
class DailyAnswers:
    """What one caller was answered by one endpoint on one day (UTC)."""

    kept: Kept
    asked: tuple[str, ...]
    """Day, endpoint, account and caller: with the question, all that an answer depends on."""

    def known(self, call: str) -> Answer | None:
        """The answer to a call, by its id; None where there is none, and for one that is damaged."""
        found = self.kept.read(self._key(call))
        if found is None:
            return None
        entry = json.loads(found)
        return Answer(entry["answer"], datetime.fromisoformat(entry["at"]))

    def record(self, call: str, answer: Answer) -> None:
        """Keeps an answer. Where nothing can be written, it is asked for again."""
        entry = {"at": answer.at.isoformat(), "answer": answer.content}
        self.kept.write(self._key(call), json.dumps(entry).encode())

    def _key(self, call: str) -> str:
        return hashlib.sha256(json.dumps([*self.asked, call]).encode()).hexdigest()


def daily_answers(
    config: Config, aws: Aws, *, service: str, region: str, account_id: str, at: datetime
) -> DailyAnswers | None:
    """The answers of a moment's day; None for an endpoint that is not AWS's, which charges nothing."""
    endpoint = aws.endpoint(service, region)
    if not (urlsplit(endpoint).hostname or "").endswith(_OF_AWS):
        return None
    arn = aws.caller.arn
    caller = arn.rpartition("/")[0] if ":assumed-role/" in arn else arn  # a session may have another name each time
    folder = cache_folder(config) / "answers"
    return DailyAnswers(Kept(folder, FILES), (f"{at.astimezone(UTC):%Y-%m-%d}", endpoint, account_id, caller))
