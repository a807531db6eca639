"""Collectors: one file in ``datasets/`` each, found by being there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sesreport.collect.lane import Read, Survey
from sesreport.core.registry import Registry, owner
from sesreport.core.schema import Frame
from sesreport.snapshot.collected import collected


@dataclass(frozen=True)
class Collector:
    """Reads one dataset in one lane."""

    name: str
    read: Read
    frames: tuple[Frame, ...]
    scope: Literal["organization", "region"]
    """Once, in the caller's account; or in every account × Region."""
    permissions: tuple[str, ...]
    """IAM actions of the calls it makes; ``sesreport permissions`` prints them, a test compares."""
    doc: str
    survey: Survey | None = None
    """Says how many things it will read one by one, so that the longest lanes can begin first."""

    @property
    def service(self) -> str:
        """The service it reads; services are limited each for themselves, so they are read side by side."""
        return self.permissions[0].split(":")[0]


COLLECTORS: Registry[Collector] = Registry("dataset")


def collector(
    *frames: Frame,
    scope: Literal["organization", "region"] = "region",
    permissions: tuple[str, ...],
    survey: Survey | None = None,
) -> Callable[[Read], Read]:
    """Registers a collector under its function's name; its first frame names the dataset."""

    def register(read: Read) -> Read:
        name = getattr(read, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
        made = Collector(name, read, frames, scope, permissions, (read.__doc__ or "").strip(), survey)
        for frame in frames:
            collected(frame, module=owner(read.__module__))
        COLLECTORS.add(name, made, read.__module__)
        return read

    return register


def collectors() -> dict[str, Collector]:
    """All collectors, sorted by name."""
    return dict(sorted(COLLECTORS.items()))
