"""Dedicated IP addresses, each charged by the month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sesreport.collection.lane import Lane
from sesreport.collection.operation import Operation
from sesreport.collection.registry import Row, collector
from sesreport.schema import Frame, account_id, count, text

DEDICATED_IPS = Frame(
    "dedicated_ips",
    "One row per dedicated IP address.",
    keys={"account_id": account_id("The account."), "region": text("The Region."), "ip": text("The address.")},
    columns={
        "pool": text("Pool it belongs to."),
        "warmup_status": text("IN_PROGRESS, DONE or NOT_APPLICABLE."),
        "warmup_percentage": count("How far it is warmed up, 0..100; NA when SES says -1."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "ip": "198.51.100.10", "pool": "shop",
         "warmup_status": "DONE", "warmup_percentage": 100},
        {"account_id": "210000000001", "region": "eu-west-1", "ip": "198.51.100.11", "pool": "shop",
         "warmup_status": "IN_PROGRESS", "warmup_percentage": 40},
        {"account_id": "210000000001", "region": "us-east-1", "ip": "198.51.100.12"},
    ),
)  # fmt: skip


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
