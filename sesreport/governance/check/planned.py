"""What a file plans for identity policies, the same whatever kind of file it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.core.registry import Registry
from sesreport.governance.check.policy_json import read_json, resources
from sesreport.policy import Identity, read_identity

CREATE, UPDATE, REPLACE, DELETE, UNCHANGED, GIVEN = "create", "update", "replace", "delete", "unchanged", "given"
"""What is done to a policy; ``given`` where a file only holds it."""
STANDARD_INPUT = Path("-")
_IDENTITY_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):ses:(?P<region>[a-z0-9-]*):(?P<account>[0-9]*):identity/(?P<name>[^*?$\"\\\s]+)"
)


@dataclass(frozen=True)
class Asked:
    """What the command was told beside the files; it counts where a file does not say."""

    account: str = ""
    region: str = ""
    identity: Identity | None = None


@dataclass(frozen=True)
class Where:
    """A place in a source file; ``line`` is 0 where only the file is known."""

    path: str
    line: int = 0


@dataclass(frozen=True)
class PlannedPolicy:
    """One identity policy of a plan, as it will stand when the plan has been applied."""

    address: str
    """The resource that holds it, as its file names it; the file itself, as a relative path, for a single policy."""
    policy_name: str
    identity: Identity | None
    """None where the file does not say whose it is; then ``unknown`` says why."""
    action: str
    text: str | None = None
    """None where there will be none, or it is not known."""
    before: str | None = None
    """What it was, where the plan says so."""
    unknown: str = ""
    """Why it cannot be judged; empty where it can."""
    remedy: str = ""
    """How it could be."""
    where: Where | None = None
    sensitive: bool = False
    """Whether its text must not be shown."""

    @property
    def identity_name(self) -> str:
        return self.identity.name if self.identity else ""


@dataclass(frozen=True)
class Planned:
    """All identity policies of one file."""

    path: Path
    kind: str
    """In words: ``Terraform plan``."""
    policies: tuple[PlannedPolicy, ...]
    notes: tuple[str, ...] = field(default=())
    """What else the reader of a verdict should know."""


Recognize = Callable[[Any], bool]
Read = Callable[[Path, Any, Asked], Planned]


@dataclass(frozen=True)
class PlanFormat:
    """A kind of file."""

    name: str
    recognize: Recognize
    """Whether parsed JSON is one."""
    read: Read
    """Raises ConfigError for one that cannot be judged."""


FORMATS: Registry[PlanFormat] = Registry("plan format")


def plan_format(*, name: str, recognize: Recognize) -> Callable[[Read], Read]:
    """Registers the function that reads a kind of file."""

    def register(read: Read) -> Read:
        FORMATS.add(name, PlanFormat(name, recognize, read), read.__module__)
        return read

    return register


def identity_arns(text: str) -> Iterator[re.Match[str]]:
    """Every ARN of an SES identity in a text, with the groups partition, region, account and name."""
    return _IDENTITY_ARN.finditer(text)


def identity_at(name: str, *, partition: str, account: str, region: str, address: str) -> Identity:
    """The identity of a name or an ARN. Raises ConfigError where its account or Region is not known."""
    found = _IDENTITY_ARN.fullmatch(name)
    if found:
        name, partition = found["name"], found["partition"]
        account, region = found["account"] or account, found["region"] or region
    for what, value in (("account", account), ("region", region)):
        if not value:
            raise ConfigError(f"{address}: the file does not say the {what} of {name}; give --{what}")
    try:
        return read_identity(f"arn:{partition}:ses:{region}:{account}:identity/{name}")
    except ValueError as error:
        raise ConfigError(f"{address}: {error}") from error


def place_of_text(text: str) -> Identity | None:
    """The identity that a policy names, in full and in every statement; None where it does not.

    One statement alone says little: a second one for all resources would then be taken for another account's.
    """
    try:
        document = read_json(text)
    except (ValueError, RecursionError):
        return None
    named = [_IDENTITY_ARN.fullmatch(each) if isinstance(each, str) else None for each in resources(document)]
    arns = {found[0] if found and found["account"] and found["region"] else "" for found in named}
    try:
        return read_identity(arns.pop()) if len(arns) == 1 else None
    except ValueError:
        return None


def relative(path: Path) -> str:
    """The path from the current folder with forward slashes; of one outside of it the name alone."""
    if path == STANDARD_INPUT:
        return "standard-input"
    if path.is_absolute():
        near = os.path.relpath(path)
        path = Path(path.name) if near.startswith("..") else Path(near)
    return Path(os.path.normpath(path)).as_posix()


def only(values: Collection[str] | Sequence[str]) -> str:
    """The one value, or the empty text where there are none or several."""
    distinct = {value for value in values if value}
    return distinct.pop() if len(distinct) == 1 else ""
