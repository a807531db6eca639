"""Settings of the two functions: environment variables that begin with ``SESREPORT_WATCH_``, checked name by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sesreport.core.errors import ConfigError, suggestion
from sesreport.settings.config import describe

PREFIX = "SESREPORT_WATCH_"


class MonitorSettings(BaseModel):
    """What the environment says; an empty variable counts as not set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic_arn: Annotated[str, Field(pattern="^(arn:[a-z-]+:sns:.+)?$")] = ""
    """The SNS topic that is told of changes; the policy watch needs it, the Config rule does not."""
    notify: Literal["new", "all"] = "new"
    """``new``: what newly allows something, needs confirmation or cannot be judged; ``all``: every change that took
    effect."""
    security_hub: bool = False
    """``true`` imports the same findings into Security Hub, which must be enabled in the account and Region."""
    register_file: Annotated[str, Field(alias="register")] = ""
    """The register: a path beside the function, ``s3://bucket/key`` or ``https://…`` (.csv or .toml). Without it, the
    ``paths.register`` of a ``sesreport.toml`` packed beside the function, else ``data/register.csv`` packed there."""
    organization_id: Annotated[str, Field(pattern="^(o-[a-z0-9]{10,32})?$")] = ""
    """The organization's id, so that a grant to it counts as ``organization``."""
    accounts: str = ""
    """Ids of the organization's accounts, separated by commas, or where a text file with them is (as ``register``)."""
    ask_organizations: bool = False
    """``true`` asks DescribeOrganization and ListAccounts; members of the organization may only ask the first."""
    snapshots: str = ""
    """Where snapshots are (a folder or ``s3://bucket/prefix``): a policy is compared with its text in the last one
    finished before the change. Reading one needs pyarrow beside the function."""


def variables() -> dict[str, str]:
    """Names of the environment variables, each with the field it sets."""
    return {f"{PREFIX}{(field.alias or name).upper()}": name for name, field in MonitorSettings.model_fields.items()}


def read_settings(environment: Mapping[str, str]) -> MonitorSettings:
    """The settings of an environment. Raises ConfigError for an unknown variable or a bad value."""
    known = variables()
    given = {name: value.strip() for name, value in environment.items() if name.startswith(PREFIX) and value.strip()}
    for name in given.keys() - known.keys():
        raise ConfigError(f"environment: unknown variable {name!r}{suggestion(name, known)}")
    try:
        return MonitorSettings.model_validate(
            {name.removeprefix(PREFIX).lower(): value for name, value in given.items()}
        )
    except ValidationError as error:
        field, _, what = describe(error, MonitorSettings).partition(":")
        raise ConfigError(f"environment: {PREFIX}{field.upper()}:{what}") from error
