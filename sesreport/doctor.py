"""Checks before a run: credentials, organization, role, Regions, permissions; and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sesreport.aws import HOME_REGION
from sesreport.collection.coverage import DENIED, NOT_OFFERED, OK
from sesreport.collection.lane import Lane
from sesreport.collection.places import regions_of
from sesreport.collection.registry import collectors
from sesreport.collection.site import Site
from sesreport.config import Config
from sesreport.delivery import check as check_delivery
from sesreport.errors import CollectError


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    what: str
    ok: bool
    said: str
    """What was found; for a failed check, what to do."""


def doctor(
    config: Config, *, clock: Callable[[], datetime], profile: str | None = None, single_account: bool = False
) -> list[Check]:
    """Looks at what a collection needs, in one Region of each account, and at every destination; writes nothing."""
    try:
        site = Site(config, clock(), clock, profile, single_account)
        aws = site.aws
    except CollectError as error:
        return [Check("credentials", False, str(error))]
    checks = [Check("credentials", True, f"{aws.caller.arn} (account {aws.caller.account_id})")]
    home = Lane(site, aws.caller.account_id, HOME_REGION)
    try:
        for collector in collectors().values():
            if collector.scope == "organization" and collector.name not in config.collect.datasets_skip:
                home.run(collector)
                checks += [_coverage(row, "the caller") for row in home.coverage]
                home.coverage = []
    except CollectError as error:
        return [*checks, Check("organization", False, str(error))]
    accounts = home.rows.get("accounts", [])
    active = [str(row["account_id"]) for row in accounts if row["status"] == "ACTIVE"]
    wanted = [
        a
        for a in active
        if a not in config.organization.accounts_exclude
        and (not config.organization.accounts_include or a in config.organization.accounts_include)
    ]
    checks.append(Check("accounts", bool(wanted), f"{len(wanted)} to read, {len(accounts)} in all"))
    with ThreadPoolExecutor(config.collect.workers) as pool:
        lanes = [Lane(site, account, HOME_REGION) for account in wanted]
        for found in pool.map(_account, lanes):
            checks += found
    outcomes = check_delivery(config, profile=profile)
    return [*checks, *(Check(f"delivery to {o.destination}", not o.failed, o.said) for o in outcomes)]


def _account(lane: Lane) -> list[Check]:
    """Role, Regions, and every regional collector once, in the account's first enabled Region."""
    found = regions_of(lane)
    name = f"account {lane.account_id}"
    if found.unreadable:
        return [
            Check(
                name,
                False,
                f"{found.unreadable[1]}: create the role {lane.config.organization.role_name} there (templates/aws) "
                "or leave the account out (organization.accounts_exclude)",
            )
        ]
    if not found.enabled:
        return [Check(name, False, "no Region is both enabled and wanted; see organization.regions")]
    place = Lane(lane.site, lane.account_id, found.enabled[0])
    for collector in collectors().values():
        if collector.scope == "region" and collector.name not in lane.config.collect.datasets_skip:
            place.run(collector)
    rows = [_coverage(row, f"{name}, {place.region}") for row in [*found.coverage, *place.coverage]]
    bad = [check for check in rows if not check.ok]
    return bad or [Check(name, True, f"{len(found.enabled)} Regions enabled; all datasets can be read")]


def _coverage(row: object, where: str) -> Check:
    assert isinstance(row, dict)
    status, dataset = row["status"], row["dataset"]
    if status == OK:
        return Check(f"{where}: {dataset}", True, f"{row['rows']} rows")
    advice = {
        DENIED: "add the action to the policy ('sesreport permissions' prints it)",
        NOT_OFFERED: "the endpoint does not have it; the pack will show the gap",
    }.get(str(status), "the pack will show the gap")
    return Check(f"{where}: {dataset}", False, f"{row['reason']}: {advice}")
