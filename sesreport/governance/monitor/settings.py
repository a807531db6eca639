"""Settings of the two functions: environment variables that begin with ``SESREPORT_WATCH_``, checked name by name.

With the standard library alone: the functions are packed without any dependency of sesreport.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sesreport.core.errors import ConfigError, suggestion

PREFIX = "SESREPORT_WATCH_"
_TRUE, _FALSE = ("1", "on", "true", "yes"), ("0", "false", "no", "off")
_PATTERNS = {
    "topic_arn": ("arn:[a-z-]+:sns:.+", "the ARN of an SNS topic"),
    "organization_id": ("o-[a-z0-9]{10,32}", "the id of an organization, such as o-a1b2c3d4e5"),
    "notify": ("new|all", "new or all"),
}


@dataclass(frozen=True)
class MonitorSettings:
    """What the environment says; an empty variable counts as not set."""

    topic_arn: str = ""
    """The SNS topic that is told of changes; the policy watch needs it, the Config rule does not."""
    notify: str = "new"
    """``new``: what newly allows something, needs confirmation or cannot be judged; ``all``: every change that took
    effect."""
    security_hub: bool = False
    """``true`` imports the same findings into Security Hub, which must be enabled in the account and Region."""
    register: str = ""
    """The register: a path beside the function, ``s3://bucket/key`` or ``https://…`` (.csv or .toml; reading one needs
    pydantic beside the function). Without it, the one packed with the function, else the ``paths.register`` of a
    ``sesreport.toml`` beside the function, else ``data/register.csv`` there."""
    organization_id: str = ""
    """The organization's id, so that a grant to it counts as ``organization``; without it, the one packed."""
    accounts: str = ""
    """Ids of the organization's accounts, separated by commas, or where a text file with them is (as ``register``);
    without it, those packed."""
    ask_organizations: bool = False
    """``true`` asks DescribeOrganization and ListAccounts; members of the organization may only ask the first."""
    snapshots: str = ""
    """Where snapshots are (a folder or ``s3://bucket/prefix``): a policy is compared with its text in the last one
    finished before the change. Reading one needs pyarrow and pydantic beside the function."""


def variables() -> dict[str, str]:
    """Names of the environment variables, each with the field it sets."""
    return {f"{PREFIX}{field.name.upper()}": field.name for field in fields(MonitorSettings)}


def read_settings(environment: Mapping[str, str]) -> MonitorSettings:
    """The settings of an environment. Raises ConfigError for an unknown variable or a bad value."""
    known = variables()
    given = {name: value.strip() for name, value in environment.items() if name.startswith(PREFIX) and value.strip()}
    for name in given.keys() - known.keys():
        raise ConfigError(f"environment: unknown variable {name!r}{suggestion(name, known)}")
    return MonitorSettings(**{known[name]: _value(name, known[name], value) for name, value in given.items()})


def _value(name: str, field: str, value: str) -> Any:
    """A variable's value as its field takes it. Raises ConfigError."""
    if field in ("security_hub", "ask_organizations"):
        if value.lower() not in (*_TRUE, *_FALSE):
            raise ConfigError(f"environment: {name}: {value!r:.80} is neither true nor false")
        return value.lower() in _TRUE
    pattern, what = _PATTERNS.get(field, ("", ""))
    if pattern and not re.fullmatch(pattern, value):
        raise ConfigError(f"environment: {name}: {value!r:.80} is not {what}")
    return value
