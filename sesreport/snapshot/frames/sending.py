"""The frame of the dataset ``sending``."""

from __future__ import annotations

from datetime import datetime

from sesreport.core.schema import Frame, account_id, at, count, text
from sesreport.snapshot.collected import collected

SENDING = collected(Frame(
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
))  # fmt: skip
