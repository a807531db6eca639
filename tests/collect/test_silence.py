"""An outage is asked about by one lane for all, and ends all of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sesreport.collect import outage
from sesreport.collect.lane import StoppedError
from sesreport.collect.outage import Outage
from sesreport.core.errors import OutageError

LANES = 8


def no_answer() -> Exception:
    time.sleep(0.2)
    return TimeoutError("nobody there")


def test_lanes_take_what_one_of_them_finds_and_end_together() -> None:
    asked = []

    def ask() -> Exception:
        asked.append(time.monotonic())
        return no_answer()

    silent = Outage(0.1, ask)
    with ThreadPoolExecutor(LANES) as pool:
        waiting = [pool.submit(silent.wait, lambda seconds: None) for _ in range(LANES)]
    assert {type(one.exception()) for one in waiting} == {OutageError}
    assert len(asked) < LANES / 2


def test_a_lane_that_is_to_stop_does_not_ask() -> None:
    def stop(seconds: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        Outage(60, lambda: pytest.fail("asked")).wait(stop)


def test_lanes_go_on_once_aws_answers_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "EVERY", 0.01)
    answers = iter([TimeoutError(), TimeoutError(), None])
    silent = Outage(60, lambda: next(answers, None))
    with ThreadPoolExecutor(LANES) as pool:
        waited = [one.result() for one in [pool.submit(silent.wait, time.sleep) for _ in range(LANES)]]
    assert True in waited  # those that failed try again
    assert not silent.lasts
