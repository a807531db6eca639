"""Tells an outage from a gap: whether AWS answers at all, anywhere.

What one endpoint keeps from us is a gap of one place. When none answers, nothing is learned of any place, and a
collection must stop before it writes that down as what it saw.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sesreport.aws.statuses import status_of
from sesreport.aws.wire import is_awss
from sesreport.core.errors import OutageError, SesReportError
from sesreport.snapshot.coverage import THROTTLED

EVERY = 2.0
"""Seconds between two questions whether AWS answers again."""


@dataclass
class Outage:
    """When AWS answered last, for all lanes of a collection."""

    seconds: float
    """Of silence after which it is an outage."""
    ask: Callable[[], Exception | None]
    """Asks AWS anything: why it does not answer, or None."""
    _heard: float = field(default_factory=time.monotonic)
    _silent: tuple[float, Exception] | None = None
    """When AWS was asked last in vain, and what came of it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self) -> None:
        """AWS answered, whatever it said."""
        self._heard = time.monotonic()

    @property
    def lasts(self) -> bool:
        """Whether AWS has been silent for so long that it has to be asked."""
        return time.monotonic() - self._heard >= self.seconds

    def wait(self, pause: Callable[[float], None]) -> bool:
        """Returns once AWS answers; True when it did not at first, so that what failed is worth another attempt.

        ``pause`` sleeps, and raises to stop. Raises OutageError after so many seconds of silence. Lanes that come while
        one asks take what it finds: one after the other, they would hold up the end of the collection.
        """
        began, first = time.monotonic(), True
        since = began
        while True:
            with self._lock:
                pause(0)
                if self._heard > began or (silence := self._silence(since)) is None:
                    self.heard()
                    return not first
            if self.lasts:
                told = " ".join(f"{type(silence).__name__}: {silence}".split())[:200]
                raise OutageError(
                    f"AWS has not answered for {time.monotonic() - self._heard:.0f} seconds ({told}): nothing was "
                    "sealed, and --resume goes on with what was read"
                )
            first = False
            pause(EVERY)
            since = time.monotonic()

    def _silence(self, since: float) -> Exception | None:
        """Why AWS does not answer, as found since a moment, or now."""
        if self._silent is None or self._silent[0] < since:
            silence = self.ask()
            self._silent = None if silence is None else (time.monotonic(), silence)
        return self._silent[1] if self._silent else None


def is_unserved(error: Exception) -> bool:
    """Whether nobody answered to the last attempt, or the answer was to come again later: the next may fare alike."""
    return is_silence(error) or status_of(error)[0] == THROTTLED


def is_silence(error: Exception) -> bool:
    """Whether an attempt failed without any answer of AWS's own."""
    return not isinstance(error, SesReportError) and not is_awss(error)
