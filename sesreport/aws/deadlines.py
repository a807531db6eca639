"""Ends calls that take longer than they may.

botocore's ``read_timeout`` is the time between two bytes: an answer that comes a byte at a time outlasts any. Here, the
whole call has one deadline. A thread waits for it and shuts the connection down, which ends whatever read is waiting
there.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.exceptions import BotoCoreError


class DeadlineError(BotoCoreError):
    """A call that was not done in the time it has as a whole."""

    fmt = "the call was not done within {seconds:g} seconds"


@dataclass
class _Call:
    """A call under a deadline, and the connection it waits on."""

    at: float
    done: bool = False
    passed: bool = False
    connection: socket.socket | None = None


@dataclass
class Deadlines:
    """Gives calls of any thread the same number of seconds each."""

    seconds: float
    _waiting: deque[_Call] = field(default_factory=deque)
    """In the order of their deadlines, since all have as long."""
    _some: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Gives what is called in this thread until the block ends so many seconds. Raises DeadlineError."""
        call = _Call(time.monotonic() + self.seconds)
        before = getattr(_PRESENT, "call", None)
        _PRESENT.call = call
        self._add(call)
        try:
            yield
        except Exception as error:
            if call.passed:
                raise DeadlineError(seconds=self.seconds) from error
            raise
        finally:
            call.done = True
            _PRESENT.call = before
        if call.passed:  # a connection that was shut down may look like an answer that has ended
            raise DeadlineError(seconds=self.seconds)

    def _add(self, call: _Call) -> None:
        with self._some:
            self._waiting.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True, name="deadlines")
                self._thread.start()
            self._some.notify()

    def _watch(self) -> None:
        while True:
            with self._some:
                while self._waiting and self._waiting[0].done:
                    self._waiting.popleft()
                if not self._waiting:
                    self._some.wait()
                    continue
                left = self._waiting[0].at - time.monotonic()
                if left > 0:
                    self._some.wait(left)
                    continue
                call = self._waiting.popleft()
            if not call.done:
                call.passed = True
                if call.connection is not None:
                    with suppress(OSError):
                        call.connection.shutdown(socket.SHUT_RDWR)


_PRESENT = threading.local()
"""The call that each thread is making."""


class _Limited:
    """A connection that tells the present call of itself.

    It keeps a second descriptor of its socket, as long as it lives: TLS takes the first over, and it is closed when an
    answer has begun that ends with the connection. Shutting one down shuts both.
    """

    _second: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self._second = made.dup()
        self._tell()
        return made

    def request(self, *arguments: Any, **more: Any) -> Any:
        self._tell()
        return super().request(*arguments, **more)  # type: ignore[misc]

    def _tell(self) -> None:
        call: _Call | None = getattr(_PRESENT, "call", None)
        if call is not None:
            call.connection = self._second
            if call.passed:
                raise TimeoutError("the call's deadline has passed")


class _Connection(_Limited, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(_Limited, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def limit_calls(client: Any) -> Any:
    """Makes the calls of a client such that :meth:`Deadlines.limit` can end them.

    botocore has no way to name connection classes; a test over real HTTP fails when this one is no way any more.
    """
    session = client._endpoint.http_session
    session._pool_classes_by_scheme.update(http=_Pool, https=_SecurePool)
    return client
