"""Open recommendations of SES itself: DKIM, DMARC, SPF, BIMI, bounces, complaints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.schema import Row
from sesreport.snapshot.frames.recommendations import RECOMMENDATIONS

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
