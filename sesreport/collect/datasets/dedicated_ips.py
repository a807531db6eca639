"""Dedicated IP addresses, each charged by the month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.schema import Row
from sesreport.snapshot.frames.dedicated_ips import DEDICATED_IPS

IPS = Operation("sesv2", "get_dedicated_ips", items="DedicatedIps")


@collector(DEDICATED_IPS, permissions=("ses:GetDedicatedIps",))
def dedicated_ips(lane: Lane) -> Iterator[tuple[str, Row]]:
    """GetDedicatedIps, every page."""

    def row(address: dict[str, Any]) -> Row:
        percentage = address.get("WarmupPercentage")
        return {
            "account_id": lane.account_id,
            "region": lane.region,
            "ip": address["Ip"],
            "pool": address.get("PoolName"),
            "warmup_status": address.get("WarmupStatus"),
            "warmup_percentage": percentage if percentage is not None and percentage >= 0 else None,
        }

    return lane.each("dedicated_ips", lane.pages(IPS, PageSize=100), row)
