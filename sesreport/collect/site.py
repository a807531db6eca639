"""What all lanes of one collection share."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sesreport.aws.clients import Aws
from sesreport.collect.journal import Calls, Memory
from sesreport.collect.outage import Outage
from sesreport.collect.pace import OTHER, RATES, Limit, Pace
from sesreport.settings.config import Config


@dataclass
class Site:
    """Settings, clock and clients, what was learned of the service's limits, and the answers so far.

    In another process, only what describes the collection arrives; the rest is made there, once.
    """

    config: Config
    now: datetime
    """The moment at which the collection began."""
    clock: Callable[[], datetime]
    profile: str | None = None
    single_account: bool = False
    """Read the caller's account alone, without asking for an organization."""
    calls: Calls = field(default_factory=Memory)
    stop: threading.Event = field(default_factory=threading.Event)
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    _limits: dict[str, Limit] = field(default_factory=dict)
    _paces: dict[tuple[str, str, str], Pace] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.config, self.profile)

    @cached_property
    def outage(self) -> Outage:
        return Outage(self.config.collect.outage, self.aws.silence)

    def pace(self, account_id: str, region: str, service: str) -> Pace:
        """The pace of one account × Region and service, from one task to the next; SES's two APIs are one service."""
        with self._lock:
            key = (account_id, region, service)
            if service not in self._limits:
                self._limits[service] = Limit(RATES.get(service, OTHER) * self.config.collect.pace)
            if key not in self._paces:
                self._paces[key] = Pace(self._limits[service])
            return self._paces[key]

    def __reduce__(self) -> tuple[Any, ...]:
        told = ("config", "now", "clock", "profile", "single_account", "name")
        return _arrived, ({name: getattr(self, name) for name in told},)


_ARRIVED: dict[str, Site] = {}
_KEPT = 4


def _arrived(told: dict[str, Any]) -> Site:
    """The site as it lives in another process: the first that arrived of its name, of the last few."""
    for name in list(_ARRIVED)[:-_KEPT]:
        _ARRIVED.pop(name, None)
    return _ARRIVED.setdefault(told["name"], Site(**told))
