"""Send statistics: 15-minute points of the last two weeks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from sesreport.collection.lane import Lane
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


@collector(SENDING, permissions=("ses:GetSendStatistics",))
def sending(lane: Lane) -> Iterator[tuple[str, Row]]:
    """GetSendStatistics; points of the same 15 minutes are one."""
    slots: dict[datetime, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for point in lane.call("ses", "get_send_statistics").get("SendDataPoints") or []:
        moment = point["Timestamp"].replace(microsecond=0)
        for index, field in enumerate(("DeliveryAttempts", "Bounces", "Complaints", "Rejects")):
            slots[moment][index] += point.get(field, 0)
    for moment, values in sorted(slots.items()):
        yield (
            "sending",
            {
                "account_id": lane.account_id,
                "region": lane.region,
                "at": moment,
                **dict(zip(("delivery_attempts", "bounces", "complaints", "rejects"), values, strict=True)),
            },
        )
