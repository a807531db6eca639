"""Runs tasks on an executor, the longest first, and hands each finished one to whoever knows what follows."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from itertools import count
from queue import SimpleQueue

from sesreport.collect.site import Site
from sesreport.collect.tasks import Task, TaskOutcome, perform

Ready = tuple[float, Task]
"""Seconds that a task, and what follows it, will take at least; and the task."""


def run(
    executor: Executor,
    site: Site,
    width: int,
    ready: Iterable[Ready],
    finished: Callable[[Task, TaskOutcome], Iterable[Ready]],
) -> None:
    """Runs all tasks and those that ``finished`` names after each, at most ``width`` at the same time.

    A task waits for nothing but a free place, so that the longest lane begins as soon as its length is known. An error
    stops what runs and is raised.
    """
    order = count()  # equals are taken in the order they came
    heap = [(-seconds, next(order), task) for seconds, task in ready]
    heapq.heapify(heap)
    running: dict[Future[TaskOutcome], Task] = {}
    # concurrent.futures.wait holds the locks of all that run, and an interrupt (Ctrl-C) could come while it does.
    done: SimpleQueue[Future[TaskOutcome]] = SimpleQueue()
    try:
        while heap or running:
            while heap and len(running) < width:
                task = heapq.heappop(heap)[2]
                future = executor.submit(perform, site, task)
                running[future] = task
                future.add_done_callback(done.put)
            future = done.get()
            task = running.pop(future)
            for seconds, following in finished(task, future.result()):
                heapq.heappush(heap, (-seconds, next(order), following))
    except BaseException:
        site.stop.set()
        for future in running:
            future.cancel()
        raise
