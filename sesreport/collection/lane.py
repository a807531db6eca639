"""A lane: one account × Region, its calls made one after the other, counted, and never lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from sesreport.aws import Aws
from sesreport.collection.coverage import OK, REGION_DISABLED, status_of
from sesreport.collection.registry import Collector, Row
from sesreport.config import Config
from sesreport.errors import SesReportError

log = logging.getLogger(__name__)

SES = frozenset({"ses", "sesv2"})


class StoppedError(Exception):
    """The run was interrupted; the lane stops before its next call."""


@dataclass
class Lane:
    """Where a collector is, and the only way it makes calls."""

    aws: Aws
    account_id: str
    region: str
    now: datetime
    stop: threading.Event = field(default_factory=threading.Event)
    single_account: bool = False
    """Read the caller's account alone, without asking for an organization."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    coverage: list[Row] = field(default_factory=list)
    unreachable: tuple[str, str] | None = None
    """Status and reason once it is clear that SES in this account × Region cannot be read at all."""
    _calls: int = 0
    _retries: int = 0
    _gaps: dict[str, tuple[str, str]] = field(default_factory=dict)
    _service: str = ""
    """The service asked last."""
    _answered: bool = False
    """Whether SES has answered."""

    @property
    def config(self) -> Config:
        return self.aws.config

    def call(self, service: str, operation: str, /, *, region: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One API call in this lane; raises what botocore raises once its retries are used up."""
        if self.stop.is_set():
            raise StoppedError
        client = self.aws.client(service, account_id=self.account_id, region=region or self.region)
        self._calls += 1
        self._service = service
        try:
            response: dict[str, Any] = getattr(client, operation)(**parameters)
        except ClientError as error:
            self._retries += int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))
            raise
        about = response.get("ResponseMetadata", {})
        self._retries += int(about.get("RetryAttempts", 0))
        size = int(about.get("HTTPHeaders", {}).get("content-length", 0))
        if response.keys() <= {"ResponseMetadata"} and size > len("{}") and _is_json(client):
            raise UnreadableAnswerError(operation=operation, size=size)  # botocore takes what is not JSON for nothing
        self._answered |= service in SES
        return response

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

    def run(self, collector: Collector) -> None:
        """Runs one collector to its end or its first error; both leave rows and coverage."""
        self._calls = self._retries = 0
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
            silent = status == REGION_DISABLED or isinstance(error, EndpointConnectionError)
            if silent and self._service in SES and not self._answered:
                self.unreachable = (status, reason)
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
                    "rows": len(read.get(name, [])),
                    "seconds": seconds if first else 0.0,
                }
            )
            if name in read:
                self.rows.setdefault(name, []).extend(read[name])


class RepeatedPageError(BotoCoreError):
    """A service answered with a token it had given before."""

    fmt = "{operation}: the service returned the same page token twice"


class UnreadableAnswerError(BotoCoreError):
    """An answer with content from which nothing could be read."""

    fmt = "{operation}: nothing could be read from an answer of {size} bytes"


def _is_json(client: BaseClient) -> bool:
    """Whether the service answers in JSON; an XML answer that is empty still has its envelope."""
    return str(client.meta.service_model.resolved_protocol).endswith("json")
