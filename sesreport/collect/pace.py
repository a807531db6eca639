"""When the next call may go out: at the rate the service allows, never above, learned once for all lanes.

SES throttles its reads at one request a second per account and Region (SES Developer Guide, "Service quotas in Amazon
SES"); whether all operations share that second or each has its own is not documented. A lane begins with the documented
rate, shared by all its operations, and one lane at a time tries what the others do not dare: an operation in a second
that another has used, and twice the rate. What holds is adopted by every lane; the first throttle ends the trial for
the whole run. So a strict endpoint throttles two calls of a run, however many lanes there are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

RATES = {"ses": 1.0, "cloudtrail": 2.0, "ce": 1.0, "organizations": 8.0, "cloudwatch": 20.0}
"""Requests a second, account and Region at which to begin. SES and CloudTrail (LookupEvents) document theirs; the
others are careful guesses, adapted in the same way."""
OTHER = 5.0
"""Those of a service that is not listed."""
SEPARATE = 5
"""Calls in another operation's second that must be answered before operations count as limited one by one."""
FASTER = 20
"""Calls at twice the rate that must be answered before it is adopted: more than a bucket's reserve would carry."""
UNLIMITED = 500.0
"""Requests a second beyond which waiting is pointless."""
MARGIN = 0.01
"""Seconds between two calls beyond what the rate asks for."""
SAMPLES = 4
"""Calls after which the quickest tells how long one takes at least."""
SLOWEST = 1 / 4
"""Share of the rate that even a lane that is often throttled keeps."""
_BACK_OFF, _RECOVER = 0.8, 1.01

Trial = Literal["separate", "faster"]


@dataclass
class Limit:
    """What all lanes have learned of one service. ``rate`` 0 means that there is nothing to keep to."""

    documented: float
    rate: float = field(init=False)
    separate: bool = False
    """Whether operations are limited one by one."""
    _settled: set[Trial] = field(default_factory=set)
    _trying: dict[Trial, object] = field(default_factory=dict)
    _answered: dict[Trial, int] = field(default_factory=lambda: {"separate": 0, "faster": 0})
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.rate = self.documented
        if not self.documented:
            self._settled |= {"separate", "faster"}

    def may_try(self, trial: Trial, lane: object) -> bool:
        """Whether this lane is the one that tries: the first to ask, until it leaves or the trial ends."""
        with self._lock:
            return trial not in self._settled and self._trying.setdefault(trial, lane) is lane

    def held(self, trial: Trial, lane: object) -> None:
        """A trial call was answered."""
        with self._lock:
            if self._trying.get(trial) is not lane:
                return
            self._answered[trial] += 1
            if trial == "separate":
                del self._trying[trial]  # each lane has few such calls: whoever has the next goes on
                if self._answered[trial] >= SEPARATE:
                    self.separate = True
                    self._settled.add(trial)
            elif self._answered[trial] >= FASTER:
                self.rate, self._answered[trial] = self.rate * 2, 0
                if self.rate >= UNLIMITED:
                    self.rate = 0.0
                    self._settled.add(trial)

    def throttled(self, trial: Trial | None, lane: object, *, shared_second: bool) -> bool:
        """A call was not served; True when it was a trial, which is then over for good.

        Else what had been adopted was a bucket's reserve and not its rate: back to what is documented.
        """
        with self._lock:
            if trial and self._trying.get(trial) is lane:
                del self._trying[trial]
                self._settled.add(trial)
                return True
            if self.separate and shared_second:
                self.separate = False
            elif self.rate != self.documented:
                self.rate = self.documented
                self._settled.add("faster")
            return False

    def left(self, lane: object) -> None:
        """The lane has ended; another may go on with its trials, anew where its reserve might have helped."""
        with self._lock:
            if self._trying.get("faster") is lane:
                self._answered["faster"] = 0
            self._trying = {trial: who for trial, who in self._trying.items() if who is not lane}


@dataclass
class Pace:
    """One lane's calls to one service: :meth:`wait` before each, :meth:`answered` or :meth:`throttled` after it."""

    limit: Limit
    now: Callable[[], float] = time.monotonic
    share: float = 1.0
    """Share of the rate the lane keeps to: less after a throttle, since others may use the account's rate too."""
    _seen: dict[str, float] = field(default_factory=dict)
    """When the service saw the last call of an operation; '' for any."""
    _quickest: list[float] = field(default_factory=list)
    """The least seconds that calls took, the first of which also opened a connection."""
    _sent: float = 0.0
    _trial: Trial | None = None
    _shared_second: bool = False

    def wait(self, operation: str, pause: Callable[[float], None]) -> None:
        """Returns when the call may be sent; ``pause`` sleeps, and raises to stop."""
        began, together, alone = self.now(), self._due(""), self._due(operation)
        due, self._trial = alone if self.limit.separate else together, None
        if alone < due and due > began and self.limit.may_try("separate", self):
            due, self._trial = alone, "separate"
        elif due > began and self.limit.may_try("faster", self):
            due, self._trial = self._due(operation if self.limit.separate else "", 2), "faster"
        if due > began:
            pause(due - began)
        self._sent = self.now()
        self._shared_second = self._sent < together

    def answered(self, operation: str) -> None:
        """The call was answered, or failed for another reason than its pace."""
        self._took(operation)
        self.share = min(1.0, self.share * _RECOVER)
        if self._trial:
            self.limit.held(self._trial, self)

    def throttled(self, operation: str) -> None:
        """The call was not served; the lane slows down, unless that was the price of a trial."""
        self._took(operation)
        if not self.limit.throttled(self._trial, self, shared_second=self._shared_second):
            self.share = max(self.share * _BACK_OFF, SLOWEST)

    def leave(self) -> None:
        """The lane makes no more calls."""
        self.limit.left(self)

    def _due(self, operation: str, factor: int = 1) -> float:
        rate = self.limit.rate * self.share * factor
        return self._seen[operation] + 1 / rate + MARGIN if rate and operation in self._seen else 0.0

    def _took(self, operation: str) -> None:
        """Notes when the service saw the call: at the latest as long before its answer as the quickest calls took.

        Counting from there, and not from when the call was sent, keeps two calls a full interval apart however late
        a busy machine sends one of them. Until some calls are known, that is when they were answered.
        """
        ended = self.now()
        self._quickest = sorted([*self._quickest, ended - self._sent])[:SAMPLES]
        least = self._quickest[0] if len(self._quickest) == SAMPLES else 0.0
        self._seen[operation] = self._seen[""] = ended - least
