"""Exposures that were worked out before, by everything they depend on.

A cache belongs to whoever makes it; nothing is remembered without one. Threads may share it: an entry is only ever
added, and two threads that ask the same at the same time work it out twice.
"""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Any

from sesreport.policy.exposure import Exposure
from sesreport.policy.keys import ValueType, key
from sesreport.policy.model import Policy, Statement
from sesreport.policy.patterns import parse, variables_of
from sesreport.policy.reader import read_policy


class ExposureCache:
    """What :func:`sesreport.policy.analyze` is given to judge an equal question once.

    Holds at most ``most`` exposures and as many policies; past that it starts again from empty.
    """

    def __init__(self, most: int = 50_000):
        self._most = most
        self._lock = Lock()
        self._exposures: dict[Hashable, Exposure] = {}
        self._policies: dict[tuple[str, str], Policy] = {}

    def read(self, name: str, text: str) -> Policy:
        """One policy, read once for each name and text."""
        found = self._policies.get((name, text))
        if found is None:
            found = read_policy(text, name)
            self._add(self._policies, (name, text), found)
        return found

    def get(self, question: Hashable) -> Exposure | None:
        """The exposure of an equal question; None when there was none."""
        return self._exposures.get(question)

    def put(self, question: Hashable, exposure: Exposure) -> None:
        """Keep an exposure."""
        self._add(self._exposures, question, exposure)

    def _add(self, kept: dict[Any, Any], name: Hashable, value: object) -> None:
        with self._lock:
            if len(kept) >= self._most:
                kept.clear()
            kept[name] = value

    def __getstate__(self) -> dict[str, object]:
        """A copy in another process starts empty."""
        return {"_most": self._most}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.__init__(state["_most"])  # type: ignore[misc]


def depends_on_the_day(statement: Statement) -> bool:
    """Whether a condition key or a variable of a statement is a time that is the same for everybody."""
    values = [value for condition in statement.conditions for value in condition.values]
    named = {condition.name for condition in statement.conditions}
    for value in (*values, *statement.resources):
        if "${" in value:
            named |= {one.key for one in variables_of(parse(value, wildcards=True, variables=True))}
    return any(key(name).value_type is ValueType.DATE for name in named)
