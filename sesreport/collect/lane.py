"""A lane: one account × Region, its calls made one after the other, paced, written down, counted, and never lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from sesreport.aws.clients import Aws
from sesreport.aws.statuses import status_of
from sesreport.aws.wire import UnreadableAnswerError, is_clock
from sesreport.collect.daily_answers import daily_answers
from sesreport.collect.earlier import EarlierPlace
from sesreport.collect.faults import Fault, attempts, fault_of, pause_before
from sesreport.collect.journal import Answer, Calls, Memory, call_id
from sesreport.collect.operation import Operation
from sesreport.collect.outage import is_silence
from sesreport.collect.pace import Pace
from sesreport.collect.site import Site
from sesreport.core.errors import CredentialsError, SesReportError
from sesreport.core.schema import Frame, Row
from sesreport.settings.config import Config
from sesreport.snapshot.coverage import DENIED, ERROR, OK, REGION_DISABLED

log = logging.getLogger(__name__)

SES = frozenset({"ses", "sesv2"})
REPEATS = 20
"""Pages in a row that say the same, after which they are taken for a loop. CloudTrail's may be empty for a while."""
NAMED = 5
"""Things that a gap names before it counts the rest."""


class StoppedError(Exception):
    """The run was interrupted; the lane stops before its next call."""


@dataclass
class Lane:
    """Where a collector is, and the only way it makes calls."""

    site: Site
    account_id: str
    region: str
    earlier: EarlierPlace | None = None
    """What an earlier collection saw here and need not be read again; None for a collection in full."""
    calls: Calls = field(default_factory=Memory)
    """Answers so far."""
    changed: set[str] | None = None
    """Identities that changed since the earlier collection; None while, or where, that is not known."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    coverage: list[Row] = field(default_factory=list)
    unreachable: tuple[str, str] | None = None
    """Status and reason once it is clear that SES in this account × Region cannot be read at all."""
    dimensions: Collection[tuple[str, str]] = ()
    """Dimensions (``name=value``) and metrics that earlier snapshots have of this place."""
    observed_at: datetime | None = None
    """When the last call was answered."""
    _paces: dict[str, Pace] = field(default_factory=dict)
    _calls: int = 0
    _kept: int = 0
    """Answers taken from an earlier collection of the day, which are no calls."""
    _retries: int = 0
    _throttles: int = 0
    _gaps: dict[str, _Gap] = field(default_factory=dict)
    _notes: dict[str, str] = field(default_factory=dict)
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

    def call(
        self, operation: Operation, /, *, region: str | None = None, again: bool = False, **parameters: Any
    ) -> dict[str, Any]:
        """One API call in this lane, or its answer when it is known; raises what the last attempt raised.

        ``again`` asks anew what was asked before.
        """
        self._calls += 1
        self._service = operation.service
        place = f"{self.account_id}/{region or self.region}"
        call = call_id(operation.service, operation.name + " again" * again, parameters)
        answer = self.calls.known(place, call)
        if answer is None or operation.problem(answer.content):  # one may be written down that no longer counts
            answer = self._today(operation, region or self.region, parameters, call)
            self.calls.record(place, call, answer)
        self._answered |= operation.service in SES
        self.observed_at = answer.at
        return answer.content

    def _today(self, operation: Operation, region: str, parameters: dict[str, Any], call: str) -> Answer:
        """The answer of AWS: that of an earlier collection of the day, for an operation that is asked once a day."""
        kept = None
        if operation.once_a_day:
            kept = daily_answers(
                self.config, self.aws, service=operation.service, region=region, account_id=self.account_id,
                at=self.site.clock(),
            )  # fmt: skip
            known = kept.known(call) if kept else None
            if known is not None and not operation.problem(known.content):
                self._calls -= 1
                self._kept += 1
                return known
        answer = Answer(self._attempts(operation, region, parameters), self.site.clock())
        if kept:
            kept.record(call, answer)
        return answer

    def leave(self) -> None:
        """The lane makes no more calls; what it alone was trying, another may."""
        for pace in self._paces.values():
            pace.leave()

    def _attempts(self, operation: Operation, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
        pace, outage = self._pace(operation.service), self.site.outage
        failed: dict[Fault, int] = {}
        confirmed = False
        while True:
            pace.wait(operation.name, self._pause)
            self._pause(0)
            generation = self.aws.generation(self.account_id)
            try:
                answer = self._asked(operation, region, parameters)
            except Exception as error:
                fault = fault_of(error)
                (pace.throttled if fault is Fault.THROTTLED else pace.answered)(operation.name)
                self._throttles += fault is Fault.THROTTLED
                failed[fault] = failed.get(fault, 0) + 1
                over = failed[fault] >= attempts(fault, self.config.collect.max_attempts)
                if not is_silence(error):
                    outage.heard()
                elif over or outage.lasts:  # it is a gap of this place only if AWS answers elsewhere
                    if outage.wait(self._pause):
                        failed, over = {}, False
                    elif over and not confirmed:  # AWS may have come back just now: one more attempt tells
                        failed[fault] -= 1
                        confirmed, over = True, False
                if over:
                    self._check_session(error, fault)
                    raise
                renewing = fault in (Fault.EXPIRED, Fault.DENIED)
                if renewing and not self._renew(error, generation, expired=fault is Fault.EXPIRED):
                    self._check_session(error, fault)
                    raise
                attempt = sum(failed.values())
                log.info("%s %s %s: attempt %d: %s", self.account_id, region, operation.name, attempt, error)
                self._retries += 1
                self._pause(0 if renewing else pause_before(max(1, failed.get(fault, 0)), fault))
            else:
                pace.answered(operation.name)
                return answer

    def _check_session(self, error: Exception, fault: Fault) -> None:
        """Raises CredentialsError when the caller's own session has ended: then nothing more can be read anywhere."""
        if fault is Fault.EXPIRED or is_clock(error):
            refused = self.aws.refusal()
            if refused is not None:
                said = "this machine's clock is wrong" if is_clock(refused) else "the AWS session has ended"
                raise CredentialsError(
                    f"{said} ({status_of(refused)[1]}): nothing was sealed; mend that, and go on with --resume"
                ) from error

    def _renew(self, error: Exception, generation: int, *, expired: bool) -> bool:
        """Fresh credentials for the next attempt: the account's, or the caller's own if those could not be fetched."""
        if getattr(error, "operation_name", "") == "AssumeRole":
            caller = self.aws.caller.account_id
            return self.aws.renew(caller, self.aws.generation(caller), expired=expired)
        return self.aws.renew(self.account_id, generation, expired=expired)

    def _asked(self, operation: Operation, region: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = self.aws.call(operation.service, operation.name, parameters, account_id=self.account_id, region=region)
        self.site.outage.heard()
        answer.pop("ResponseMetadata", None)
        operation.check(answer)
        return answer

    def _pace(self, service: str) -> Pace:
        family = "ses" if service in SES else service
        return self._paces.setdefault(family, self.site.pace(self.account_id, self.region, family))

    def _pause(self, seconds: float) -> None:
        if self.site.stop.wait(seconds) if seconds else self.site.stop.is_set():
            raise StoppedError

    def pages(
        self, operation: Operation, /, *, region: str | None = None, again: bool = False, **parameters: Any
    ) -> Iterator[Any]:
        """Every item of every page: follows the token until there is none.

        A token that comes back, or pages that say the same again and again, would loop for ever; that is an error, not
        the end.
        """
        assert operation.items is not None
        following: dict[str, Any] = {}
        seen: set[str] = set()
        before: list[Any] = []
        repeats = 0
        while True:
            page = self.call(operation, region=region, again=again, **parameters, **following)
            items = page.get(operation.items) or []
            repeats = repeats + 1 if items == before else 0
            if repeats == REPEATS:
                raise RepeatedPageError(operation=operation.name)
            yield from items
            mark = next_page(operation, page)
            if mark is None:
                return
            if mark in seen:
                raise RepeatedPageError(operation=operation.name)
            seen.add(mark)
            before, following = items, {operation.token: mark}

    def each(self, dataset: str, items: Iterable[Any], make: Callable[[Any], Row]) -> Iterator[tuple[str, Row]]:
        """The row that ``make`` makes of each item; one that it fails on costs itself alone, and is a gap."""
        for item in items:
            try:
                row = make(item)
            except Exception as error:  # noqa: BLE001 - an item of another shape must not end the others
                self.gap(dataset, error, _shown(item))
            else:
                yield dataset, row

    def gap(self, dataset: str, error: Exception | tuple[str, str], what: str = "") -> None:
        """Notes that part of a dataset, or the named thing in it, could not be read; the first reason is kept."""
        status, reason = error if isinstance(error, tuple) else status_of(error)
        if status == REGION_DISABLED:  # the account says otherwise, so this is a gap
            status, reason = DENIED, f"{reason} (the Region is enabled)"
        self._gaps.setdefault(dataset, _Gap(status, reason)).what.append(what)

    def note(self, dataset: str, reason: str) -> None:
        """Says in the coverage of a dataset what is no gap and should be known."""
        self._notes[dataset] = reason

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

    def run(self, name: str, read_all: Read, frames: Sequence[Frame]) -> None:
        """Runs one collector to its end or its first error; both leave rows and coverage."""
        self._calls = self._kept = self._retries = self._throttles = 0
        self._gaps, self._notes = {}, {}
        started = time.monotonic()
        declared = {frame.name: frame for frame in frames}
        read: dict[str, list[Row]] = {name: [] for name in declared}
        try:
            for frame, row in read_all(self):
                if fault := declared[frame].fault(row):
                    self.gap(frame, (ERROR, f"unexpected answer: {fault}"), _key(declared[frame], row))
                else:
                    read[frame].append(row)
        except (SesReportError, StoppedError):
            raise
        except Exception as error:  # an answer of another shape than documented must not end the run
            if not isinstance(error, ClientError | BotoCoreError):
                log.warning("%s in %s %s", name, self.account_id, self.region, exc_info=True)
            for frame in read:
                self.gap(frame, error)
            status, reason = status_of(error)
            self._note_unreachable(error, status, reason)
        if self._kept:
            answers = "answer" if self._kept == 1 else "answers"
            self._notes.setdefault(name, f"{self._kept} {answers} of an earlier collection of the day")
        seconds = round(time.monotonic() - started, 3)
        for index, frame in enumerate([*read, *(self._gaps.keys() - read.keys())]):
            gap = self._gaps.get(frame)
            first = index == 0  # calls and time are counted once, on the dataset that made them
            self.coverage.append(
                {
                    "account_id": self.account_id,
                    "region": self.region,
                    "dataset": frame,
                    "status": gap.status if gap else OK,
                    "reason": "; ".join(filter(None, [gap.told if gap else None, self._notes.get(frame)])) or None,
                    "calls": self._calls if first else 0,
                    "retries": self._retries if first else 0,
                    "throttles": self._throttles if first else 0,
                    "rows": len(read.get(frame, [])),
                    "seconds": seconds if first else 0.0,
                }
            )
            if frame in read:
                self.rows.setdefault(frame, []).extend(read[frame])

    def _note_unreachable(self, error: Exception, status: str, reason: str) -> None:
        silent = status == REGION_DISABLED or isinstance(error, EndpointConnectionError)
        if silent and self._service in SES and not self._answered:
            self.unreachable = (status, reason)


Read = Callable[[Lane], Iterator[tuple[str, Row]]]
"""Yields ``(frame name, row)``; what was yielded before an error is kept, and coverage says it is not all."""
Survey = Callable[[Lane], int]
"""Says how many things there are to read one by one."""


def next_page(operation: Operation, page: dict[str, Any]) -> str | None:
    """The token of the page after one; None after the last. Raises UnreadableAnswerError for one that is no text."""
    mark = page.get(operation.token)
    if mark is None or mark == "":
        return None
    if not isinstance(mark, str):
        raise UnreadableAnswerError(operation=operation.name, problem=f"{operation.token} is no text")
    return mark


class RepeatedPageError(BotoCoreError):
    """A service answered with a token it had given before."""

    fmt = "{operation}: the service returned the same page twice"


@dataclass
class _Gap:
    """What of a dataset could not be read, and why the first of it."""

    status: str
    reason: str
    what: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        names = [name for name in dict.fromkeys(self.what) if name]
        if not names:
            return self.reason
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"{', '.join(names[:NAMED])}{more}: {self.reason}"


def _key(frame: Frame, row: Row) -> str:
    """What a row is about, within its place."""
    return " ".join(str(row.get(name)) for name in frame.keys if name not in ("account_id", "region"))[:100]


def _shown(item: object) -> str:
    """The first texts of an item, which say what it is about."""
    values = item.values() if isinstance(item, dict) else [item]
    texts = [value for value in values if isinstance(value, str)]
    return " ".join(texts[:2])[:100] or type(item).__name__
