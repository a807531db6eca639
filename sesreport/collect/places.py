"""Which account × Region places there are to read, and a coverage row for each that is not."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import HOME_REGION, Aws
from sesreport.aws.statuses import status_of
from sesreport.collect.lane import Lane, StoppedError
from sesreport.collect.operation import Operation
from sesreport.core.errors import SesReportError
from sesreport.core.schema import Row
from sesreport.settings.config import Config
from sesreport.settings.reference import opt_in_regions
from sesreport.snapshot import coverage
from sesreport.snapshot.coverage import EVERYTHING, GLOBAL

log = logging.getLogger(__name__)
REGIONS = Operation("account", "list_regions", items="Regions", never_empty=True)


@dataclass
class Regions:
    """What one account says of its Regions."""

    account_id: str
    enabled: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    unreadable: tuple[str, str] | None = None
    """Status and reason when the account could not be entered."""
    coverage: list[Row] = field(default_factory=list)


def wanted_regions(aws: Aws) -> list[str]:
    """The configured Regions, else all in which SES is offered."""
    return list(dict.fromkeys(aws.config.organization.regions or aws.ses_regions()))


def default_regions(aws: Aws) -> list[str]:
    """Those of them that no account has to enable first."""
    return [region for region in wanted_regions(aws) if region not in opt_in_regions()]


def is_default(region: str, config: Config) -> bool:
    """Whether a Region is asked for by name, or one that no account can switch off: it cannot be missing."""
    return region in config.organization.regions or region not in opt_in_regions()


def regions_of(lane: Lane) -> Regions:
    """Asks an account for its Regions; the first call in it, so this is where a missing role shows.

    Where only the question is denied or unknown, the Regions that are enabled by default are read.
    """
    offered = wanted_regions(lane.aws)
    found = Regions(lane.account_id)
    try:
        answers = list(lane.pages(REGIONS, region=HOME_REGION, MaxResults=50))
        statuses = {answer["RegionName"]: answer["RegionOptStatus"] for answer in answers}
    except (SesReportError, StoppedError):
        raise
    except Exception as error:  # as in a lane: an answer of another shape than documented must not end the run
        if not isinstance(error, ClientError | BotoCoreError):
            log.warning("regions of %s", lane.account_id, exc_info=True)
        status, reason = status_of(error)
        if getattr(error, "operation_name", "") == "AssumeRole" or status == coverage.REGION_DISABLED:
            found.unreadable = (status if status != coverage.REGION_DISABLED else coverage.ERROR, reason)
            return found
        found.enabled = default_regions(lane.aws)
        left_out = sorted({*lane.aws.ses_regions()} - {*offered} - opt_in_regions())
        but = f" but for those that organization.regions leaves out: {', '.join(left_out)}" if left_out else ""
        reason = f"{reason}; read the default Regions{but}"
        found.coverage.append(row(lane.account_id, GLOBAL, "regions", status, reason))
        return found
    for region in offered:
        if region in statuses:  # one that is being enabled may hold identities of earlier: only what is off is left out
            (found.disabled if statuses[region] == "DISABLED" else found.enabled).append(region)
        elif is_default(region, lane.config):
            reason = "list_regions does not name the Region"
            found.coverage.append(row(lane.account_id, region, EVERYTHING, coverage.ERROR, reason))
        else:
            found.disabled.append(region)
    left_out = sorted({r for r in lane.aws.ses_regions() if statuses.get(r, "DISABLED") != "DISABLED"} - set(offered))
    told = f"left out by organization.regions, though enabled: {', '.join(left_out)}" if left_out else None
    found.coverage.append(row(lane.account_id, GLOBAL, "regions", coverage.OK, told, rows=len(answers), calls=1))
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
        "throttles": 0,
        "rows": rows,
        "seconds": 0.0,
    }
