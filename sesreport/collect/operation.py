"""What an answer of each operation must hold to be one, and what "nothing there" looks like for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sesreport.aws.wire import UnreadableAnswerError


@dataclass(frozen=True)
class Operation:
    """An API operation as a collector asks it. A lane makes no call without one."""

    service: str
    """botocore's name of the service."""
    name: str
    """botocore's name of the method."""
    must: tuple[str, ...] = ()
    """Members without which an answer says nothing; an empty map or text is a member."""
    items: str | None = None
    """The member that lists. Where an answer of AWS has none, there is nothing on the page."""
    never_empty: bool = False
    """Whether AWS always has something to list."""
    token: str = "NextToken"
    """The member that names the next page."""
    charged: bool = False
    """Whether AWS charges for each call."""
    once_a_day: bool = False
    """Whether the answer of a day is kept, and another collection of that day takes it."""

    def check(self, answer: Mapping[str, Any]) -> None:
        """Raises UnreadableAnswerError for an answer that lacks what it must have."""
        if problem := self.problem(answer):
            raise UnreadableAnswerError(operation=self.name, problem=problem)

    def problem(self, answer: Mapping[str, Any]) -> str | None:
        """What keeps an answer from being one, or None."""
        missing = [name for name in self.must if answer.get(name) is None]
        if missing:
            return f"the answer has no {', '.join(missing)}"
        if self.items is None:
            return None
        listed = answer.get(self.items)
        if listed is not None and not isinstance(listed, list):
            return f"{self.items} is no list"
        if self.never_empty and not listed and not answer.get(self.token):
            return f"{self.items} is empty, which it never is"
        return None
