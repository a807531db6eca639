"""A lane that looks whether things can be read, without reading them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError

from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation


class NotAskedError(BotoCoreError):
    """An operation that AWS charges for, and that is therefore not tried out."""

    fmt = "{operation}: not asked, since AWS charges for it"


@dataclass
class Glance(Lane):
    """Makes each call once, takes the first item of each list, and asks nothing that costs money.

    Collectors run in it as they are.
    """

    unasked: set[str] = field(default_factory=set)
    """Operations that were left out because AWS charges for them."""
    _tried: set[Operation] = field(default_factory=set)

    def call(
        self, operation: Operation, /, *, region: str | None = None, again: bool = False, **parameters: Any
    ) -> dict[str, Any]:
        """As a lane's. Raises NotAskedError for an operation that is charged."""
        if operation.charged:
            self.unasked.add(f"{operation.service}:{operation.name.title().replace('_', '')}")
            raise NotAskedError(operation=operation.name)
        return super().call(operation, region=region, again=again, **parameters)

    def pages(
        self, operation: Operation, /, *, region: str | None = None, again: bool = False, **parameters: Any
    ) -> Iterator[Any]:
        """The first item of the first page; nothing when the operation was asked before."""
        if operation not in self._tried:
            self._tried.add(operation)
            page = self.call(operation, region=region, again=again, **parameters)
            yield from (page.get(operation.items or "") or [])[:1]

    def gap(self, dataset: str, error: Exception | tuple[str, str], what: str = "") -> None:
        """As a lane's; what was not asked is no gap."""
        if not isinstance(error, NotAskedError):
            super().gap(dataset, error, what)
