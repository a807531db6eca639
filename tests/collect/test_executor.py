"""A worker that dies ends a collection in one line that says how to go on."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sesreport.collect.executors import executor_at
from sesreport.collect.journal import cut_off
from sesreport.collect.run import collect
from sesreport.core.errors import CollectError
from tests.collect.double import Double, running
from tests.collect.test_outage import Lead, lead, settings

__all__ = ["lead"]


class Dying(Executor):
    """Loses its worker with each task."""

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        lost: Future[Any] = Future()
        lost.set_exception(BrokenProcessPool("a process was terminated abruptly"))
        return lost


def test_a_worker_that_dies_is_one_line_with_a_way_on(tmp_path: Path, lead: Lead) -> None:
    with running(Double()) as url:
        lead(url)
        with pytest.raises(CollectError, match=r"a worker of the executor ended .* --resume"):
            collect(settings(tmp_path), clock=lambda: datetime(2026, 11, 1, 6, tzinfo=UTC), executor=Dying())
    assert len(cut_off(tmp_path)) == 1


def test_processes_write_the_same_log() -> None:
    formatters = "[type(handler.formatter).__module__ for handler in __import__('logging').getLogger().handlers]"
    with executor_at("processes://1") as pool:
        assert pool is not None
        assert pool.submit(eval, formatters).result() == ["sesreport.core.logs"]
