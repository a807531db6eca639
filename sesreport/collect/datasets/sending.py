"""Send statistics: 15-minute points of the last two weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.schema import Row
from sesreport.snapshot.frames.sending import SENDING

STATISTICS = Operation("ses", "get_send_statistics", items="SendDataPoints")
COUNTS = {
    "delivery_attempts": "DeliveryAttempts",
    "bounces": "Bounces",
    "complaints": "Complaints",
    "rejects": "Rejects",
}


@collector(SENDING, permissions=("ses:GetSendStatistics",))
def sending(lane: Lane) -> Iterator[tuple[str, Row]]:
    """GetSendStatistics; a point that comes twice counts once, the larger where they differ."""

    def row(point: dict[str, Any]) -> Row:
        return {
            "account_id": lane.account_id,
            "region": lane.region,
            "at": point["Timestamp"].replace(microsecond=0),
            **{column: point[member] for column, member in COUNTS.items()},
        }

    points = lane.call(STATISTICS).get("SendDataPoints") or []
    slots: dict[datetime, Row] = {}
    for _, found in lane.each("sending", points, row):
        known = slots.get(found["at"], found)
        slots[found["at"]] = {**found, **{column: max(found[column], known[column]) for column in COUNTS}}
    yield from (("sending", slots[moment]) for moment in sorted(slots))
