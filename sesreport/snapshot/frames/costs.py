"""The frame of the dataset ``costs``."""

from __future__ import annotations

from datetime import UTC, datetime

from sesreport.core.schema import Frame, account_id, at, real, text
from sesreport.snapshot.collected import collected

_OCT, _NOV, _DEC = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))

COSTS = collected(Frame(
    "costs",
    "One row per account, Region, usage type and month, in FOCUS's words.",
    keys={
        "account_id": account_id("FOCUS SubAccountId."),
        "region": text("FOCUS RegionId."),
        "usage_type": text("AWS usage type; the part after the Region's prefix says what was used."),
        "charge_period_start": at("First instant of the month."),
    },
    columns={
        "charge_period_end": at("First instant after it.", required=True),
        "billed_cost": real("Unblended cost.", required=True),
        "effective_cost": real("Net amortized cost."),
        "billing_currency": text("ISO 4217 code.", required=True),
        "consumed_quantity": real("Usage in the usage type's own unit."),
        "cost_basis": text("'billed', or 'estimated' while the month is open.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "usage_type": "EUW1-Recipients",
         "charge_period_start": _OCT, "charge_period_end": _NOV,
         "billed_cost": 612.4, "effective_cost": 612.4, "billing_currency": "USD", "consumed_quantity": 6124000.0,
         "cost_basis": "billed"},
        {"account_id": "210000000001", "region": "eu-west-1", "usage_type": "EUW1-DIP-Hours",
         "charge_period_start": _OCT, "charge_period_end": _NOV,
         "billed_cost": 49.9, "billing_currency": "USD", "cost_basis": "billed"},
        {"account_id": "210000000005", "region": "us-east-1", "usage_type": "Recipients",
         "charge_period_start": _NOV, "charge_period_end": _DEC,
         "billed_cost": 20.1, "billing_currency": "USD", "cost_basis": "estimated"},
    ),
))  # fmt: skip
