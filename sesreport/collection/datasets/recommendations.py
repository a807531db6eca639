"""Open recommendations of SES itself: DKIM, DMARC, SPF, BIMI, bounces, complaints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sesreport.collection.lane import Lane
from sesreport.collection.operation import Operation
from sesreport.collection.registry import Row, collector
from sesreport.schema import Frame, account_id, at, text

RECOMMENDATIONS = Frame(
    "recommendations",
    "One row per recommendation SES makes about a resource.",
    keys={
        "account_id": account_id("The account."),
        "region": text("The Region."),
        "resource_arn": text("What it is about."),
        "type": text("DKIM, DMARC, SPF, BIMI, COMPLAINT, BOUNCE, FEEDBACK_3P, IP_LISTING."),
    },
    columns={
        "description": text("SES's own words."),
        "status": text("OPEN or FIXED."),
        "impact": text("LOW or HIGH."),
        "created_at": at("First seen by SES."),
        "updated_at": at("Last changed."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1",
         "resource_arn": "arn:aws:ses:eu-west-1:210000000001:identity/shop.example.com", "type": "DMARC",
         "status": "OPEN", "impact": "HIGH"},
        {"account_id": "210000000001", "region": "eu-west-1",
         "resource_arn": "arn:aws:ses:eu-west-1:210000000001:identity/shop.example.com", "type": "SPF",
         "status": "FIXED", "impact": "LOW"},
        {"account_id": "210000000003", "region": "us-east-1",
         "resource_arn": "arn:aws:ses:us-east-1:210000000003:identity/example.org", "type": "DKIM",
         "status": "OPEN", "impact": "HIGH"},
    ),
    unique=False,
)  # fmt: skip


RECOMMENDED = Operation("sesv2", "list_recommendations", items="Recommendations")


@collector(RECOMMENDATIONS, permissions=("ses:ListRecommendations",))
def recommendations(lane: Lane) -> Iterator[tuple[str, Row]]:
    """ListRecommendations, every page."""

    def row(item: dict[str, Any]) -> Row:
        return {
            "account_id": lane.account_id,
            "region": lane.region,
            "resource_arn": item["ResourceArn"],
            "type": item["Type"],
            "description": item.get("Description"),
            "status": item.get("Status"),
            "impact": item.get("Impact"),
            "created_at": item.get("CreatedTimestamp"),
            "updated_at": item.get("LastUpdatedTimestamp"),
        }

    return lane.each("recommendations", lane.pages(RECOMMENDED, PageSize=100), row)
