"""Which account × Region places there are to read, and a coverage row for each that is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws import HOME_REGION
from sesreport.collection import coverage
from sesreport.collection.coverage import EVERYTHING, GLOBAL
from sesreport.collection.lane import Lane
from sesreport.collection.registry import Row
from sesreport.reference import opt_in_regions


@dataclass
class Regions:
    """What one account says of its Regions."""

    account_id: str
    enabled: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    unreadable: tuple[str, str] | None = None
    """Status and reason when the account could not be entered."""
    coverage: list[Row] = field(default_factory=list)


def regions_of(lane: Lane) -> Regions:
    """Asks an account for its Regions; the first call in it, so this is where a missing role shows.

    Where only the question is denied or unknown, the Regions that are enabled by default are read.
    """
    offered = lane.config.organization.regions or lane.aws.ses_regions()
    found = Regions(lane.account_id)
    try:
        answers = list(lane.pages("account", "list_regions", "Regions", region=HOME_REGION, MaxResults=50))
    except (ClientError, BotoCoreError) as error:
        status, reason = coverage.status_of(error)
        if getattr(error, "operation_name", "") == "AssumeRole" or status == coverage.REGION_DISABLED:
            found.unreadable = (status if status != coverage.REGION_DISABLED else coverage.ERROR, reason)
            return found
        found.enabled = [region for region in offered if region not in opt_in_regions()]
        found.coverage.append(row(lane.account_id, GLOBAL, "regions", status, f"{reason}; read the default Regions"))
        return found
    statuses = {answer["RegionName"]: answer["RegionOptStatus"] for answer in answers}
    for region in offered:
        enabled = statuses.get(region, "DISABLED") in ("ENABLED", "ENABLED_BY_DEFAULT", "DISABLING")
        (found.enabled if enabled else found.disabled).append(region)
    found.coverage.append(row(lane.account_id, GLOBAL, "regions", coverage.OK, None, rows=len(answers), calls=1))
    return found


def unread(found: Regions, expected: Iterable[str]) -> list[Row]:
    """Coverage rows for the places of an account that will not be read."""
    rows: list[Row] = []
    if found.unreadable:
        status, reason = found.unreadable
        rows += [row(found.account_id, region, EVERYTHING, status, reason) for region in expected]
    reason = "the Region is not enabled in this account"
    rows += [row(found.account_id, region, EVERYTHING, coverage.REGION_DISABLED, reason) for region in found.disabled]
    return rows


def row(
    account: str, region: str, dataset: str, status: str, reason: str | None, *, rows: int = 0, calls: int = 0
) -> Row:
    """A coverage row that no collector made."""
    return {
        "account_id": account,
        "region": region,
        "dataset": dataset,
        "status": status,
        "reason": reason,
        "calls": calls,
        "retries": 0,
        "rows": rows,
        "seconds": 0.0,
    }
