"""The steps of a collection, each of which any executor may run, in this process or another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from sesreport.aws.clients import HOME_REGION
from sesreport.collect.earlier import EarlierPlace
from sesreport.collect.journal import Answer, Memory
from sesreport.collect.lane import Lane
from sesreport.collect.places import Regions, is_default, regions_of, row
from sesreport.collect.registry import Collector, collectors
from sesreport.collect.site import Site
from sesreport.core.schema import Row
from sesreport.snapshot import coverage

Step = Literal["regions", "survey", "read"]


@dataclass(frozen=True)
class Task:
    """One step in one account, or account × Region.

    ``regions`` asks the account for its Regions; ``survey`` asks a Region how much there is to read; ``read`` reads the
    datasets of one service, since services are limited each for themselves.
    """

    step: Step
    account_id: str
    region: str = HOME_REGION
    service: str = ""
    earlier: EarlierPlace | None = None
    dimensions: tuple[tuple[str, str], ...] = ()
    """Dimensions and metrics that earlier snapshots have of the place."""
    known: Mapping[tuple[str, str], Answer] | None = None
    """Answers written down before, for a process that has no journal."""


@dataclass
class TaskOutcome:
    """What a task found."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    coverage: list[Row] = field(default_factory=list)
    regions: Regions | None = None
    size: int = 0
    """How many things there are to read one by one."""
    unreachable: bool = False
    """Whether nothing in the account × Region can be read; coverage then has its one row."""
    changed: set[str] | None = None
    """Identities with a change event since the earlier collection; None where that is not known."""
    answers: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    """Answers not written down yet."""


def perform(site: Site, task: Task) -> TaskOutcome:
    """Runs one task; what fails in it is in its coverage.

    Raises StoppedError when the collection was stopped, SesReportError for what must end it.
    """
    remote = Memory(task.known) if isinstance(site.calls, Memory) else None
    lane = Lane(site, task.account_id, task.region, task.earlier, remote or site.calls, dimensions=task.dimensions)
    try:
        outcome = _STEPS[task.step](lane, task)
    finally:
        lane.leave()
    if remote:
        outcome.answers = remote.fresh
    return outcome


def services(config_skips: tuple[str, ...]) -> list[str]:
    """Services that regional collectors read."""
    return list(_by_service(config_skips))


@cache
def _by_service(skipped: tuple[str, ...]) -> dict[str, list[Collector]]:
    found: dict[str, list[Collector]] = {}
    for collector in collectors().values():
        if collector.scope == "region" and collector.name not in skipped:
            found.setdefault(collector.service, []).append(collector)
    return found


def _regions(lane: Lane, task: Task) -> TaskOutcome:
    return TaskOutcome(regions=regions_of(lane))


def _survey(lane: Lane, task: Task) -> TaskOutcome:
    """Lists what will be read one by one; an error is left to the collector, which will meet it again."""
    size = 0
    for collector in _chosen(lane, "ses"):
        if collector.survey:
            size += lane.survey(collector.survey)
    return _unreachable(lane) or TaskOutcome(size=size)


def _read(lane: Lane, task: Task) -> TaskOutcome:
    for collector in _chosen(lane, task.service):
        lane.run(collector.name, collector.read, collector.frames)
        if found := _unreachable(lane):
            return found
    return TaskOutcome(lane.rows, lane.coverage, changed=lane.changed)


def _chosen(lane: Lane, service: str) -> list[Collector]:
    return _by_service(tuple(lane.config.collect.datasets_skip)).get(service, [])


def _unreachable(lane: Lane) -> TaskOutcome | None:
    """One row instead of many when the Region cannot be reached at all."""
    if not lane.unreachable:
        return None
    status, reason = lane.unreachable
    if status == coverage.REGION_DISABLED:  # the account says otherwise, so this is a gap
        status, reason = coverage.DENIED, f"{reason} (the Region is enabled)"
    elif status == coverage.NOT_OFFERED and is_default(lane.region, lane.config):
        status, reason = coverage.ERROR, f"{reason} (SES is offered there: is its name kept from this network?)"
    return TaskOutcome(
        coverage=[row(lane.account_id, lane.region, coverage.EVERYTHING, status, reason, calls=1)], unreachable=True
    )


_STEPS = {"regions": _regions, "survey": _survey, "read": _read}
