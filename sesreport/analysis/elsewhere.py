"""Months worked out beforehand in processes of their own, so that both cores work and this process stays small.

What they work out they keep on disk, under the hash of all it depends on (:mod:`sesreport.analysis.remembered`), and
hand over nothing else: whoever does not find it there works it out itself. So a process may end at any time, or be of
other code, and the answer is the same.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesreport.core.period import Period
    from sesreport.settings.config import Config

log = logging.getLogger(__name__)
PROCESSES = 2
"""At most; each takes as much memory as a report of one month."""
DONE = b"."
"""Answers one step."""
_SERVE = "from sesreport.analysis.serving import serve; serve()"


@dataclass(frozen=True)
class Step:
    """A function of one month's analysis to be called elsewhere, and the names of what it keeps."""

    make: Callable[..., object]
    keeps: Collection[str]
    of: tuple[Any, ...] = ()
    """Further arguments."""
    done: Event = field(default_factory=Event, compare=False)
    """Set when it was called, or never will be."""


class Elsewhere:
    """Processes that work months out; a context, at the end of which they are ended."""

    def __init__(self, months: Sequence[tuple[Period, Path]], config: Config, processes: int) -> None:
        """``months`` are those of one chain with the folders of their snapshots, oldest first."""
        self._about = (list(months), config)
        self._numbers = {period: number for number, (period, _) in enumerate(months)}
        self._steps: dict[Period, list[Step]] = {}
        self._waiting: SimpleQueue[tuple[int, Sequence[Step]] | None] = SimpleQueue()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[Thread] = []
        self._most = processes
        self._serving = 0
        self._lock = Lock()
        self._closed = False

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            for process in self._processes:
                with suppress(OSError):
                    process.kill()
            threads = list(self._threads)
        for _thread in threads:
            self._waiting.put(None)
        for thread in threads:
            thread.join()

    def begin(self, month: Period, *steps: Step) -> None:
        """Has steps done, one after the other, as soon as a process has time."""
        with self._lock:
            new = len(self._threads) < self._most and not self._closed
            if not (new or self._serving):  # all have ended
                return
            self._steps.setdefault(month, []).extend(steps)
            self._waiting.put((self._numbers[month], steps))
            if new:
                self._serving += 1
                self._threads.append(Thread(target=self._run, name="elsewhere", daemon=True))
                self._threads[-1].start()

    def wait(self, month: Period, what: str) -> None:
        """Waits for what is being worked out under a name, so that it is not worked out twice."""
        for step in self._steps.get(month, ()):
            if what in step.keeps:
                step.done.wait()

    def _run(self) -> None:
        """Hands one step after the other to one process, until it ends."""
        try:
            self._serve()
        except (OSError, EOFError, ValueError, pickle.PicklingError) as error:
            log.debug("a process that worked months out has ended: %s", error)
        finally:
            with self._lock:
                self._serving -= 1
                if not self._serving:
                    self._give_up()

    def _serve(self) -> None:
        process = self._start()
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(self._about, process.stdin)
            while (task := self._waiting.get()) is not None:
                self._hand_over(process.stdin, process.stdout, *task)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    stream.close()

    @staticmethod
    def _hand_over(there: IO[bytes], back: IO[bytes], number: int, steps: Sequence[Step]) -> None:
        try:
            pickle.dump((number, [(step.make, step.of) for step in steps]), there)
            there.flush()
            for step in steps:
                if back.read(1) != DONE:
                    raise EOFError("no answer")
                step.done.set()
        finally:
            for step in steps:
                step.done.set()

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Another Python with the same packages; none when all is over."""
        places = [path for path in sys.path if path]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1"}
        with self._lock:
            if self._closed:
                return None
            process = subprocess.Popen(
                [sys.executable, "-c", _SERVE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=env,
            )
            self._processes.append(process)
        return process

    def _give_up(self) -> None:
        """Nobody is left to do it: whoever waits need not."""
        for steps in list(self._steps.values()):
            for step in steps:
                step.done.set()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
