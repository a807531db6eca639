"""Monthly cost of SES by account, Region and usage type, from Cost Explorer. AWS charges for each request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sesreport.aws import HOME_REGION
from sesreport.collection.lane import Lane
from sesreport.collection.operation import Operation
from sesreport.collection.registry import Row, collector
from sesreport.period import Period
from sesreport.schema import Frame, account_id, at, real, text

_OCT, _NOV, _DEC = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))

COSTS = Frame(
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
)  # fmt: skip

SERVICE = "Amazon Simple Email Service"
MONTHS = 13
COST_AND_USAGE = Operation(
    "ce", "get_cost_and_usage", items="ResultsByTime", never_empty=True, token="NextPageToken", charged=True
)
MEASURES = ("UnblendedCost", "NetAmortizedCost", "UsageQuantity")


@collector(COSTS, scope="organization", permissions=("ce:GetCostAndUsage",))
def costs(lane: Lane) -> Iterator[tuple[str, Row]]:
    """One question for the Regions, then one per Region: Cost Explorer groups by two dimensions at most."""
    this_month = Period(lane.now.year, lane.now.month)
    span = {"Start": f"{this_month.shift(1 - MONTHS)}-01", "End": f"{this_month.shift(1)}-01"}
    service = {"Dimensions": {"Key": "SERVICE", "Values": [SERVICE]}}
    regions = {group["Keys"][0] for _, group in _groups(lane, span, service, "REGION")}
    for region in sorted(regions):
        place = {"And": [service, {"Dimensions": {"Key": "REGION", "Values": [region]}}]}
        for result, group in _groups(lane, span, place, "LINKED_ACCOUNT", "USAGE_TYPE"):
            account, usage_type = group["Keys"]
            amounts = group["Metrics"]
            yield (
                "costs",
                {
                    "account_id": account,
                    "region": region,
                    "usage_type": usage_type,
                    "charge_period_start": _day(result["TimePeriod"]["Start"]),
                    "charge_period_end": _day(result["TimePeriod"]["End"]),
                    "billed_cost": float(amounts["UnblendedCost"]["Amount"]),
                    "billing_currency": amounts["UnblendedCost"]["Unit"],
                    "effective_cost": _amount(amounts, "NetAmortizedCost"),
                    "consumed_quantity": _amount(amounts, "UsageQuantity"),
                    "cost_basis": "estimated" if result.get("Estimated") else "billed",
                },
            )


def _groups(
    lane: Lane, span: dict[str, str], where: dict[str, Any], *dimensions: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for result in lane.pages(
        COST_AND_USAGE,
        region=HOME_REGION,
        TimePeriod=span,
        Granularity="MONTHLY",
        Metrics=list(MEASURES),
        Filter=where,
        GroupBy=[{"Type": "DIMENSION", "Key": key} for key in dimensions],
    ):
        for group in result["Groups"]:
            yield result, group


def _amount(amounts: dict[str, Any], measure: str) -> float | None:
    return float(amounts[measure]["Amount"]) if measure in amounts else None


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
