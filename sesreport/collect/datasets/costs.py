"""Monthly cost of SES by account, Region and usage type, from Cost Explorer.

AWS charges for each request, so that each is made once a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sesreport.aws.clients import HOME_REGION
from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.period import Period
from sesreport.core.schema import Row
from sesreport.snapshot.frames.costs import COSTS

SERVICE = "Amazon Simple Email Service"
MONTHS = 13
COST_AND_USAGE = Operation(
    "ce",
    "get_cost_and_usage",
    items="ResultsByTime",
    never_empty=True,
    token="NextPageToken",
    charged=True,
    once_a_day=True,
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
