"""Destinations: one file in ``destinations/`` each, found by being there.

``[[delivery.<kind>]]`` in sesreport.toml names one; ``kind`` is the name of the registered function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.registry import Registry
from sesreport.settings.config import Config, describe

if TYPE_CHECKING:
    from sesreport.report.delivery.parcel import Parcel


class DestinationSettings(BaseModel):
    """The keys of one ``[[delivery.<kind>]]``; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Destination:
    """One configured destination."""

    name: str
    """As told to the user: ``folder /mnt/board``, ``s3://packs/ses``, ``e-mail to a@example.com``."""
    check: Callable[[], None]
    """Raises SesReportError when a delivery could not succeed as things are; changes and sends nothing."""
    deliver: Callable[[Parcel], str]
    """Delivers, and says in a few words what was done. Raises SesReportError."""
    place: Callable[[str], str] | None = None
    """Where the pack of a period is found there; None for a destination that only tells of it, which comes last."""


Make = Callable[[Any, str | None], Destination]
"""``(settings, profile) -> Destination``; ``profile`` is the AWS profile where the settings name none."""
Statements = Callable[[Any], list[dict[str, Any]]]


@dataclass(frozen=True)
class DestinationKind:
    """A registered kind of destination."""

    settings: type[DestinationSettings]
    make: Make
    permissions: Statements
    """The IAM statements one destination needs; ``sesreport permissions --delivery`` prints them."""


KINDS: Registry[DestinationKind] = Registry("destination")


def _none(settings: DestinationSettings) -> list[dict[str, Any]]:
    return []


def destination(settings: type[DestinationSettings], *, permissions: Statements = _none) -> Callable[[Make], Make]:
    """Registers a kind of destination under its function's name."""

    def register(make: Make) -> Make:
        name = getattr(make, "__name__")  # noqa: B009 (as for collectors)
        KINDS.add(name, DestinationKind(settings, make, permissions), make.__module__)
        return make

    return register


def kinds() -> dict[str, DestinationKind]:
    """All kinds by name."""
    return dict(sorted(KINDS.items()))


def chosen_destinations(
    delivery: Mapping[str, list[dict[str, Any]]],
) -> list[tuple[DestinationKind, DestinationSettings]]:
    """The destinations of ``[delivery]``, their keys checked. Raises ConfigError with place and remedy."""
    if not delivery:
        return []
    known = kinds()
    found = []
    for name, entries in delivery.items():
        if name not in known:
            raise ConfigError(f"delivery: no destination {name!r}{suggestion(name, known)}")
        for number, entry in enumerate(entries):
            try:
                found.append((known[name], known[name].settings.model_validate(entry)))
            except ValidationError as error:
                what = describe(error, known[name].settings)
                raise ConfigError(f"delivery.{name}.{number}: {what}") from error
    return found


def destinations(config: Config, *, profile: str | None = None) -> list[Destination]:
    """The configured destinations, those that hold the pack before those that tell of it. Raises ConfigError."""
    made = [kind.make(settings, profile) for kind, settings in chosen_destinations(config.delivery)]
    return sorted(made, key=lambda each: each.place is None)


def delivery_policy(config: Config) -> dict[str, Any]:
    """The least-privilege policy of whoever delivers; apart from collection's, which only reads. Raises ConfigError."""
    statements = [s for kind, settings in chosen_destinations(config.delivery) for s in kind.permissions(settings)]
    if not statements:
        raise ConfigError("[delivery] names no destination that needs AWS permissions")
    distinct = [s for i, s in enumerate(statements) if s not in statements[:i]]
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in distinct]}
