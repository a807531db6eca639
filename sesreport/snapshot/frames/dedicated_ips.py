"""The frame of the dataset ``dedicated_ips``."""

from __future__ import annotations

from sesreport.core.schema import Frame, account_id, count, text
from sesreport.snapshot.collected import collected

DEDICATED_IPS = collected(Frame(
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
))  # fmt: skip
