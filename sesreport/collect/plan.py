"""What follows from each finished step of a collection, and what all of them found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sesreport.collect.earlier import EarlierPlace
from sesreport.collect.harvest import Harvest
from sesreport.collect.journal import Journal
from sesreport.collect.places import Regions
from sesreport.collect.schedule import Ready
from sesreport.collect.tasks import Task, TaskOutcome, services
from sesreport.core.vocabulary import PlaceKey

Progress = Callable[[str, int, int], None]
"""Told ``(what, done, of how many)`` after each step."""

_FIRST = 1e9
"""Seconds of a task that shows what there is to do: before all that has a length."""
_REST = 10.0
"""About how many seconds a service takes in a place, beside one for each identity."""


@dataclass
class Plan:
    """Accounts are asked for their Regions, Regions for how much there is, then each service is read."""

    journal: Journal
    earlier: Mapping[PlaceKey, EarlierPlace]
    """Places that an earlier collection may be relied on for; empty for a collection in full."""
    dimensions: Mapping[PlaceKey, tuple[tuple[str, str], ...]]
    """Dimensions and metrics that earlier snapshots have of each place."""
    skipped: tuple[str, ...]
    """Datasets not read."""
    progress: Progress
    hand_over: bool
    """Whether tasks run where the journal is not: then they are given its answers and hand back theirs."""
    regions: list[Regions] = field(default_factory=list)
    """What each account said of its Regions."""
    _found: dict[PlaceKey, dict[str, TaskOutcome]] = field(default_factory=dict)
    """By service; under '' the outcome of a place where nothing can be read."""
    _accounts: int = 0

    def begin(self, accounts: Sequence[str]) -> list[Ready]:
        """The first tasks."""
        self._accounts = len(accounts)
        self._tell()
        return [self._ready(_FIRST, Task("regions", account)) for account in accounts]

    def finished(self, task: Task, outcome: TaskOutcome) -> list[Ready]:
        """Keeps what a task found, and names those that follow."""
        for (where, call), answer in outcome.answers.items():
            self.journal.record(where, call, answer)
        place, following = (task.account_id, task.region), []
        if task.step == "regions":
            assert outcome.regions
            self.regions.append(outcome.regions)
            places = [(task.account_id, region) for region in outcome.regions.enabled]
            self._found |= {each: {} for each in places}
            following = [self._ready(_FIRST, Task("survey", *each)) for each in places]
        elif outcome.unreachable:
            self._found[place] = {"": outcome}
        elif task.step == "survey":
            following = self._reads(place, outcome.size)
        elif "" not in self._found[place]:
            self._found[place][task.service] = outcome
            if task.service == "cloudtrail" and place in self.earlier:
                following = [self._ready(_REST, self._unless_unchanged(place, outcome.changed))]
        self._tell()
        return following

    def gather(self, harvest: Harvest) -> None:
        """All rows, place by place, so that a snapshot does not depend on which lane was faster."""
        for _, outcomes in sorted(self._found.items()):
            for _, outcome in sorted(outcomes.items()):
                harvest.add(outcome.rows, outcome.coverage)

    def _reads(self, place: PlaceKey, size: int) -> list[Ready]:
        """One task a service; where an earlier collection helps, SES waits for what CloudTrail says of changes."""
        known = services(self.skipped)
        earlier = self.earlier.get(place) if "cloudtrail" in known else None
        return [
            self._ready(
                _REST + size if service == "ses" else _REST,
                Task(
                    "read",
                    *place,
                    service,
                    earlier=earlier if service == "cloudtrail" else None,
                    dimensions=self.dimensions.get(place, ()) if service == "cloudwatch" else (),
                ),
            )
            for service in known
            if service != "ses" or earlier is None
        ]

    def _unless_unchanged(self, place: PlaceKey, changed: set[str] | None) -> Task:
        earlier = None if changed is None else self.earlier[place].without(changed)
        return Task("read", *place, "ses", earlier=earlier)

    def _ready(self, seconds: float, task: Task) -> Ready:
        known = self.journal.of_place(f"{task.account_id}/{task.region}") if self.hand_over else None
        return seconds, replace(task, known=known)

    def _tell(self) -> None:
        self.progress("accounts", len(self.regions), self._accounts)
        if len(self.regions) < self._accounts:
            return  # how many lanes there are is not known
        complete = len(services(self.skipped))
        done = sum("" in outcomes or len(outcomes) == complete for outcomes in self._found.values())
        self.progress("account × Region lanes", done, len(self._found))
