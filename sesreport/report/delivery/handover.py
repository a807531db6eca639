"""Delivers a made pack to every configured destination; one that fails does not stop the others."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sesreport.core.errors import ConfigError, SesReportError
from sesreport.core.period import Period
from sesreport.report.delivery.parcel import open_parcel
from sesreport.report.delivery.registry import destinations
from sesreport.settings.config import Config


@dataclass(frozen=True)
class DeliveryOutcome:
    """What became of one destination."""

    destination: str
    said: str
    """What was done; for a failure, what is wrong and what to do."""
    failed: bool = False


def check(config: Config, *, profile: str | None = None) -> list[DeliveryOutcome]:
    """Looks at every destination without delivering anything; to be asked before an hour of collecting.

    Raises ConfigError for wrong keys in ``[delivery]``.
    """
    outcomes = []
    for each in destinations(config, profile=profile):
        try:
            each.check()
            outcomes.append(DeliveryOutcome(each.name, "can be delivered to"))
        except SesReportError as error:
            outcomes.append(DeliveryOutcome(each.name, str(error), failed=True))
    return outcomes


def deliver(
    config: Config,
    period: Period,
    *,
    now: datetime,
    output: Path | None = None,
    profile: str | None = None,
    again: bool = False,
) -> list[DeliveryOutcome]:
    """Delivers the pack in ``<output>/<period>/`` to every destination of ``[delivery]``; one outcome each.

    Delivering the same pack twice leaves folders and buckets as they are, and sends no second e-mail to an address that
    has a receipt for it, unless ``again`` is set. Raises ConfigError when nothing is configured or there is no complete
    pack, SnapshotError when the pack was changed.
    """
    chosen = destinations(config, profile=profile)
    if not chosen:
        raise ConfigError("no destination: name one in [delivery] of sesreport.toml")
    parcel = open_parcel(output or Path(config.paths.output), period, now=now, again=again)
    outcomes = []
    for each in chosen:
        try:
            outcomes.append(DeliveryOutcome(each.name, each.deliver(parcel)))
            if each.place:
                parcel = dataclasses.replace(parcel, places=(*parcel.places, each.place(parcel.period)))
        except SesReportError as error:
            outcomes.append(DeliveryOutcome(each.name, str(error), failed=True))
        except OSError as error:
            outcomes.append(
                DeliveryOutcome(each.name, f"{error.filename or 'read'}: {error.strerror or error}", failed=True)
            )
    return outcomes
