"""Tells an outage from a gap: whether AWS answers at all, anywhere.

What one endpoint keeps from us is a gap of one place. When none answers, nothing is learned of any place, and a
collection must stop before it writes that down as what it saw.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sesreport.errors import OutageError, SesReportError
from sesreport.wire import is_awss

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

        ``pause`` sleeps, and raises to stop. Raises OutageError after so many seconds of silence.
        """
        began, first = time.monotonic(), True
        while True:
            with self._lock:
                if self._heard > began or (silence := self.ask()) is None:
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


def is_silence(error: Exception) -> bool:
    """Whether an attempt failed without any answer of AWS's own."""
    return not isinstance(error, SesReportError) and not is_awss(error)
