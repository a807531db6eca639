"""A lane: one account × Region, its calls made one after the other, paced, written down, counted, and never lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from sesreport.aws import Aws
from sesreport.collection.coverage import OK, REGION_DISABLED, status_of
from sesreport.collection.earlier import Earlier
from sesreport.collection.faults import Fault, attempts, fault_of, pause_before
from sesreport.collection.journal import Answer, Calls, Memory, call_id
from sesreport.collection.pace import Pace
from sesreport.collection.registry import Collector, Row, Survey
from sesreport.collection.site import Site
from sesreport.config import Config
from sesreport.errors import SesReportError

log = logging.getLogger(__name__)

SES = frozenset({"ses", "sesv2"})


class StoppedError(Exception):
    """The run was interrupted; the lane stops before its next call."""


@dataclass
class Lane:
    """Where a collector is, and the only way it makes calls."""

    site: Site
    account_id: str
    region: str
    earlier: Earlier | None = None
    """What an earlier collection saw here and need not be read again; None for a collection in full."""
    calls: Calls = field(default_factory=Memory)
    """Answers so far."""
    changed: set[str] | None = None
    """Identities that changed since the earlier collection; None while, or where, that is not known."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    coverage: list[Row] = field(default_factory=list)
    unreachable: tuple[str, str] | None = None
    """Status and reason once it is clear that SES in this account × Region cannot be read at all."""
    observed_at: datetime | None = None
    """When the last call was answered."""
    _paces: dict[str, Pace] = field(default_factory=dict)
    _calls: int = 0
    _retries: int = 0
    _throttles: int = 0
    _gaps: dict[str, tuple[str, str]] = field(default_factory=dict)
    _service: str = ""
    """The service asked last."""
    _answered: bool = False
    """Whether SES has answered."""

    @property
    def aws(self) -> Aws:
        return self.site.aws

    @property
    def config(self) -> Config:
        return self.site.config

    @property
    def now(self) -> datetime:
        return self.site.now

    def call(self, service: str, operation: str, /, *, region: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One API call in this lane, or its answer when it is known; raises what the last attempt raised."""
        self._calls += 1
        self._service = service
        place, call = f"{self.account_id}/{region or self.region}", call_id(service, operation, parameters)
        answer = self.calls.known(place, call)
        if answer is None:
            content = self._attempts(service, operation, region or self.region, parameters)
            answer = Answer(content, self.site.clock())
            self.calls.record(place, call, answer)
        self._answered |= service in SES
        self.observed_at = answer.at
        return answer.content

    def leave(self) -> None:
        """The lane makes no more calls; what it alone was trying, another may."""
        for pace in self._paces.values():
            pace.leave()

    def _attempts(self, service: str, operation: str, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
        pace = self._pace(service)
        failed: dict[Fault, int] = {}
        while True:
            pace.wait(operation, self._pause)
            self._pause(0)
            generation = self.aws.generation(self.account_id)
            try:
                answer = self._readable(service, operation, region, parameters)
            except Exception as error:
                fault = fault_of(error)
                (pace.throttled if fault is Fault.THROTTLED else pace.answered)(operation)
                self._throttles += fault is Fault.THROTTLED
                failed[fault] = failed.get(fault, 0) + 1
                if failed[fault] >= attempts(fault, self.config.collect.max_attempts):
                    raise
                renewing = fault in (Fault.EXPIRED, Fault.DENIED)
                if renewing and not self._renew(error, generation, expired=fault is Fault.EXPIRED):
                    raise
                log.info("%s %s %s: attempt %d: %s", self.account_id, region, operation, sum(failed.values()), error)
                self._retries += 1
                self._pause(0 if renewing else pause_before(failed[fault], fault))
            else:
                pace.answered(operation)
                return answer

    def _renew(self, error: Exception, generation: int, *, expired: bool) -> bool:
        """Fresh credentials for the next attempt: the account's, or the caller's own if those could not be fetched."""
        if getattr(error, "operation_name", "") == "AssumeRole":
            caller = self.aws.caller.account_id
            return self.aws.renew(caller, self.aws.generation(caller), expired=expired)
        return self.aws.renew(self.account_id, generation, expired=expired)

    def _readable(self, service: str, operation: str, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = self.aws.call(service, operation, parameters, account_id=self.account_id, region=region)
        about = answer.pop("ResponseMetadata", {})
        size = int(about.get("HTTPHeaders", {}).get("content-length", 0))
        if not answer and size > len("{}") and self.aws.answers_in_json(service, region):
            raise UnreadableAnswerError(operation=operation, size=size)  # botocore takes what is not JSON for nothing
        return answer

    def _pace(self, service: str) -> Pace:
        family = "ses" if service in SES else service
        return self._paces.setdefault(family, self.site.pace(self.account_id, self.region, family))

    def _pause(self, seconds: float) -> None:
        if self.site.stop.wait(seconds) if seconds else self.site.stop.is_set():
            raise StoppedError

    def pages(
        self, service: str, operation: str, /, items: str, *, region: str | None = None, token: str = "NextToken",
        **parameters: Any,
    ) -> Iterator[Any]:  # fmt: skip
        """Every item of every page: follows the token until there is none.

        A token that comes back would loop for ever; that is an error, not the end.
        """
        following: dict[str, Any] = {}
        seen = set()
        while True:
            page = self.call(service, operation, region=region, **parameters, **following)
            yield from page.get(items) or []
            mark = page.get(token)
            if not mark:
                return
            if mark in seen:
                raise RepeatedPageError(operation=operation)
            seen.add(mark)
            following = {token: mark}

    def gap(self, dataset: str, error: Exception | tuple[str, str], what: str = "") -> None:
        """Notes that part of a dataset could not be read; the first reason is kept."""
        status, reason = error if isinstance(error, tuple) else status_of(error)
        self._gaps.setdefault(dataset, (status, f"{what}: {reason}" if what else reason))

    def survey(self, ask: Survey) -> int:
        """How many things there are to read one by one; 0 where that cannot be said (reading will meet the error)."""
        try:
            return ask(self)
        except (SesReportError, StoppedError):
            raise
        except Exception as error:  # as in run: an answer of another shape must not end the run
            log.debug("survey of %s %s", self.account_id, self.region, exc_info=True)
            self._note_unreachable(error, *status_of(error))
            return 0

    def run(self, collector: Collector) -> None:
        """Runs one collector to its end or its first error; both leave rows and coverage."""
        self._calls = self._retries = self._throttles = 0
        self._gaps = {}
        started = time.monotonic()
        read: dict[str, list[Row]] = {frame.name: [] for frame in collector.frames}
        try:
            for name, row in collector.read(self):
                read[name].append(row)
        except (SesReportError, StoppedError):
            raise
        except Exception as error:  # an answer of another shape than documented must not end the run
            if not isinstance(error, ClientError | BotoCoreError):
                log.warning("%s in %s %s", collector.name, self.account_id, self.region, exc_info=True)
            for name in read:
                self.gap(name, error)
            status, reason = status_of(error)
            self._note_unreachable(error, status, reason)
        seconds = round(time.monotonic() - started, 3)
        for index, name in enumerate([*read, *(self._gaps.keys() - read.keys())]):
            outcome: tuple[str, str | None] = self._gaps.get(name, (OK, None))
            first = index == 0  # calls and time are counted once, on the dataset that made them
            self.coverage.append(
                {
                    "account_id": self.account_id,
                    "region": self.region,
                    "dataset": name,
                    "status": outcome[0],
                    "reason": outcome[1],
                    "calls": self._calls if first else 0,
                    "retries": self._retries if first else 0,
                    "throttles": self._throttles if first else 0,
                    "rows": len(read.get(name, [])),
                    "seconds": seconds if first else 0.0,
                }
            )
            if name in read:
                self.rows.setdefault(name, []).extend(read[name])

    def _note_unreachable(self, error: Exception, status: str, reason: str) -> None:
        silent = status == REGION_DISABLED or isinstance(error, EndpointConnectionError)
        if silent and self._service in SES and not self._answered:
            self.unreachable = (status, reason)


class RepeatedPageError(BotoCoreError):
    """A service answered with a token it had given before."""

    fmt = "{operation}: the service returned the same page token twice"


class UnreadableAnswerError(BotoCoreError):
    """An answer with content from which nothing could be read."""

    fmt = "{operation}: nothing could be read from an answer of {size} bytes"
