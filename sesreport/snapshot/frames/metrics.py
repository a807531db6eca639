"""The frame of the dataset ``metrics``."""

from __future__ import annotations

from datetime import datetime

from sesreport.core.schema import Frame, account_id, at, real, text
from sesreport.snapshot.collected import collected

METRICS = collected(Frame(
    "metrics",
    "One row per account × Region, dimension, metric and day for which CloudWatch has a value.",
    keys={
        "account_id": account_id("The sending account."),
        "region": text("The Region."),
        "dimension": text("'account' for account-wide metrics, else 'name=value'."),
        "metric": text("CloudWatch's name, as in 'Send' or 'Reputation.BounceRate'."),
        "at": at("Midnight UTC at which the day begins."),
    },
    columns={
        "value": real("Sum of the day for counts; the day's highest value for Reputation.* (a share, 0..1).",
                      required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "dimension": "account", "metric": "Send",
         "at": datetime.fromisoformat("2026-10-31T00:00+00:00"), "value": 211934.0},
        {"account_id": "210000000001", "region": "eu-west-1", "dimension": "account", "metric": "Bounce",
         "at": datetime.fromisoformat("2026-10-31T00:00+00:00"), "value": 644.0},
        {"account_id": "210000000001", "region": "eu-west-1", "dimension": "account",
         "metric": "Reputation.BounceRate", "at": datetime.fromisoformat("2026-10-31T00:00+00:00"), "value": 0.0031},
    ),
))  # fmt: skip
