"""Send statistics: 15-minute points of the last two weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sesreport.collection.lane import Lane
from sesreport.collection.operation import Operation
from sesreport.collection.registry import Row, collector
from sesreport.schema import Frame, account_id, at, count, text

SENDING = Frame(
    "sending",
    "One row per account × Region and 15 minutes in which SES counted something; a slot without a row is not a zero.",
    keys={
        "account_id": account_id("The sending account (delegates' mail counts in theirs)."),
        "region": text("The Region."),
        "at": at("Start of the 15 minutes."),
    },
    columns={
        "delivery_attempts": count("Messages SES tried to deliver.", required=True),
        "bounces": count("Hard bounces.", required=True),
        "complaints": count("Complaints.", required=True),
        "rejects": count("Messages SES rejected.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "at": datetime.fromisoformat("2026-10-31T23:30+00:00"),
         "delivery_attempts": 812, "bounces": 3, "complaints": 0, "rejects": 0},
        {"account_id": "210000000001", "region": "eu-west-1", "at": datetime.fromisoformat("2026-10-31T23:45+00:00"),
         "delivery_attempts": 790, "bounces": 2, "complaints": 1, "rejects": 0},
        {"account_id": "210000000005", "region": "us-east-1", "at": datetime.fromisoformat("2026-10-31T23:45+00:00"),
         "delivery_attempts": 40, "bounces": 4, "complaints": 0, "rejects": 1},
    ),
)  # fmt: skip


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
