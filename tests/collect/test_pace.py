"""The pace of lanes against token buckets, in a time of its own."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

from sesreport.collect.pace import FASTER, MARGIN, SEPARATE, Limit, Pace


@dataclass
class Service:
    """Token buckets that tell a lane whether its call is served."""

    shared: bool
    rate: float = 1.0
    capacity: float = 1.0
    served: Counter[str] = field(default_factory=Counter)
    _buckets: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)

    def ask(self, lane: str, operation: str, now: float) -> bool:
        if not self.rate:
            self.served["ok"] += 1
            return True
        key = (lane,) if self.shared else (lane, operation)
        tokens, at = self._buckets.get(key, (self.capacity, now))
        tokens = min(self.capacity, tokens + (now - at) * self.rate)
        ok = tokens >= 1 - 1e-9
        self._buckets[key] = (tokens - ok, now)
        self.served["ok" if ok else "throttled"] += 1
        return ok


class Moment:
    """The time that all lanes share."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lane(
    name: str, pace: Pace, service: Service, time: Moment, calls: list[str], took: float
) -> Generator[float, None, None]:
    """Makes its calls, each until it is served; yields the seconds it sleeps."""
    for operation in calls:
        while True:
            slept: list[float] = []
            # wait() pauses at most once; run it up to there, sleep, and let it go on from the new time.
            before = time.now
            pace.wait(operation, slept.append)
            if slept:
                yield slept[0]
                pace._sent = time.now
                pace._shared_second = time.now < pace._due("")
            assert time.now >= before
            yield took / 2
            ok = service.ask(name, operation, time.now)
            yield took / 2
            if ok:
                pace.answered(operation)
                break
            pace.throttled(operation)
    pace.leave()


def run(
    service: Service, lanes: list[list[str]], *, documented: float = 1.0, took: float = 0.02
) -> tuple[float, Limit]:
    """Seconds until all lanes have made their calls, and what was learned."""
    time, limit = Moment(), Limit(documented)
    heap: list[tuple[float, int]] = []
    running = []
    for number, calls in enumerate(lanes):
        running.append(lane(f"lane {number}", Pace(limit, time), service, time, calls, took))
        heapq.heappush(heap, (0.0, number))
    while heap:
        time.now, number = heapq.heappop(heap)
        for seconds in running[number]:
            heapq.heappush(heap, (time.now + seconds, number))
            break
    return time.now, limit


def calls(identities: int) -> list[str]:
    return ["list", "ips", "topics", *["get"] * identities, "recommendations", "statistics", "account"]


@pytest.mark.parametrize(("shared", "floor"), [(True, 65), (False, 59)])
def test_the_longest_lane_takes_hardly_longer_than_it_must(shared: bool, floor: int) -> None:
    service = Service(shared)
    took, _ = run(service, [calls(number) for number in range(5, 61)])
    assert took < 1.05 * floor
    assert service.served["throttled"] < 0.005 * service.served["ok"]


def test_operations_limited_one_by_one_are_found_out_once_for_all_lanes() -> None:
    _, limit = run(Service(shared=False), [calls(30)] * 8)
    assert limit.separate


def test_one_throttle_settles_that_operations_share_a_second() -> None:
    service = Service(shared=True)
    _, limit = run(service, [calls(10)] * 8)
    assert not limit.separate
    assert service.served["throttled"] <= 2


def test_an_endpoint_without_limits_is_soon_not_waited_for() -> None:
    took, limit = run(Service(shared=False, rate=0), [["get"] * 1200])
    assert limit.rate >= 64
    assert took < 60


def test_a_reserve_that_carries_a_trial_is_not_taken_for_a_rate() -> None:
    service = Service(shared=False, capacity=5)
    _, limit = run(service, [["get"] * 200] * 4)
    assert limit.rate == 1
    assert service.served["throttled"] <= 2


def test_a_lane_slows_down_where_others_use_the_rate_too() -> None:
    service = Service(shared=True, rate=0.6)
    run(service, [["get"] * 200])
    assert service.served["throttled"] < 0.1 * service.served["ok"]


def test_without_a_documented_rate_nothing_is_waited_for() -> None:
    slept: list[float] = []
    pace = Pace(Limit(0.0), lambda: 0.0)
    for _ in range(5):
        pace.wait("get", slept.append)
        pace.answered("get")
    assert slept == []


def test_two_calls_stay_an_interval_apart_however_late_the_first_was_sent() -> None:
    time = Moment()
    pace = Pace(Limit(1.0), time)

    def pause(seconds: float) -> None:
        time.now += seconds

    pace.limit.separate = True
    pace.limit._settled |= {"faster", "separate"}
    for late in (0.3, 0, 0, 0, 0, 0.5, 0):
        pace.wait("get", pause)
        time.now += late + 0.01
        seen = time.now
        time.now += 0.01
        pace.answered("get")
    pace.wait("get", pause)
    assert 1 <= time.now + 0.01 - seen <= 1 + 2 * MARGIN


def test_a_trial_is_one_lane_at_a_time() -> None:
    limit = Limit(1.0)
    one, two = object(), object()
    assert limit.may_try("faster", one)
    assert not limit.may_try("faster", two)
    limit.left(one)
    assert limit.may_try("faster", two)
    for _ in range(FASTER):
        limit.held("faster", two)
    assert limit.rate == 2
    for _ in range(SEPARATE):
        assert limit.may_try("separate", one)
        limit.held("separate", one)
    assert limit.separate
    assert not limit.may_try("separate", two)
