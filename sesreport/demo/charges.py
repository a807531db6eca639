"""What SES costs the demonstration organization: usage by day, the same for Cost Explorer and the cost export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sesreport.demo.traffic import SLOTS, Counts, Sender
from sesreport.demo.world import World

SERVICE = "Amazon Simple Email Service"

Days = NDArray[np.float64]
"""One value for each day of the history."""


@dataclass(frozen=True)
class Charge:
    """One usage type of one account and Region: quantity and cost (USD) per day of the history."""

    dimensions: dict[str, str]
    quantity: Days
    cost: Days


@lru_cache(maxsize=8)
def charges_of(world: World) -> list[Charge]:
    """All usage that is charged."""
    return [
        _charge(world, place, usage, quantity)
        for place, used in _used(world)
        for usage, quantity in used.items()
        if quantity.any()
    ]


def _used(world: World) -> Iterator[tuple[tuple[str, str], dict[str, Days]]]:
    """Quantities by account and Region, and by usage type without its prefix."""
    days = world.history_start.toordinal() + np.arange((world.today - world.history_start).days)
    for place, sender in world.senders.items():
        send = world.volume(sender, world.history_start, world.today).grouped(SLOTS).send
        yield place, _usage(world, sender, send, days)
    for place, idle in world.idle.items():
        yield place, {"DIP-Hours": (days >= idle.since.toordinal()).astype(np.float64) * 24.0 * len(idle.dedicated_ips)}


def _usage(world: World, sender: Sender, send: Counts, days: NDArray[np.int64]) -> dict[str, Days]:
    sent = send.astype(np.float64)
    planned = (days >= sender.plan_since.toordinal()) & (sender.plan == "ESSENTIALS")
    active = (days >= sender.since.toordinal()).astype(np.float64)
    return {
        "Recipients": np.where(planned, 0.0, sent),
        "Essentials-Outbound-Email": np.where(planned, sent, 0.0),
        "AttachmentsSize-Bytes": sent * world.prices.attachments.get(sender.profile_name, 0.0),
        "Recipients-VirtDelivMgr": sent * sender.vdm,
        "DIP-Hours": active * 24.0 * len(sender.dedicated_ips),
    }


def _charge(world: World, place: tuple[str, str], usage: str, quantity: Days) -> Charge:
    account, region = place
    dimensions = {
        "LINKED_ACCOUNT": account,
        "REGION": region,
        "USAGE_TYPE": world.prices.prefixes.get(region, "") + usage,
        "SERVICE": SERVICE,
        "OPERATION": "Send",
        "RECORD_TYPE": "Usage",
    }
    return Charge(dimensions, quantity, quantity * world.prices.usage[usage])
