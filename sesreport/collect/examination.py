"""Tries out what a collection needs in every account and Region, and says what is missing and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sesreport.aws.clients import HOME_REGION
from sesreport.collect.glance import Glance
from sesreport.collect.lane import Lane
from sesreport.collect.places import Regions, regions_of
from sesreport.collect.registry import Collector, collectors
from sesreport.collect.run import check_regions
from sesreport.collect.site import Site
from sesreport.core.errors import ConfigError, OutageError, SesReportError
from sesreport.settings.config import Config
from sesreport.snapshot.coverage import DENIED, EVERYTHING, NOT_OFFERED, OK

MISSING = 3
"""Exit code of a check that failed, where nothing worse is to be said."""
NEEDED = "identities"
"""The dataset that holds identities and their policies."""


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    what: str
    ok: bool
    said: str
    """What was found; for a failed check, what to do."""
    exit_code: int = MISSING
    """That of a failed check."""


def failed(what: str, error: SesReportError) -> Check:
    """A check that an error ended."""
    said = str(error)
    if isinstance(error, OutageError):  # its message speaks of a collection, and nothing is collected here
        said = said.partition(": nothing was sealed")[0]
        said = "AWS does not answer" if "--resume" in said else said
    return Check(what, False, said, error.exit_code)


def examine(
    config: Config, *, clock: Callable[[], datetime], profile: str | None = None, single_account: bool = False
) -> Iterator[Check]:
    """Looks at credentials, organization, accounts and every account × Region × dataset.

    Each operation is called once in each place, for the first of what it lists, and none that AWS charges for. The
    caller's own lists are read whole.
    """
    site = Site(config, clock(), clock, profile, single_account)
    yield from _settings(config)
    try:
        caller = site.aws.caller
        yield Check("credentials", True, f"{caller.arn} (account {caller.account_id})")
    except SesReportError as error:
        yield failed("credentials", error)
        return
    try:
        check_regions(config, site.aws)
    except SesReportError as error:
        yield failed("Regions", error)
        return
    try:
        yield from _estate(site)
    except OutageError as error:
        yield failed("AWS", error)
    except SesReportError as error:
        yield failed("organization", error)


def _settings(config: Config) -> Iterator[Check]:
    """A dataset that is left out and without which nothing can be said."""
    if NEEDED in config.collect.datasets_skip:
        said = f"collect.datasets_skip leaves out {NEEDED}: who can send is not known, and nobody can be judged"
        yield Check("settings", False, f"{said}; take it out of the list")


def _estate(site: Site) -> Iterator[Check]:
    config, caller = site.config, site.aws.caller.account_id
    home = Lane(site, caller, HOME_REGION)
    costs = Glance(site, caller, HOME_REGION)
    unasked: set[str] = set()
    all_listed = False
    for collector in _collectors(config, "organization"):
        lane = home if collector.name == "accounts" else costs
        lane.run(collector.name, collector.read, collector.frames)
        yield from (_dataset(row, "the caller") for row in lane.coverage if not costs.unasked)
        all_listed |= any(row["dataset"] == "accounts" and row["status"] == OK for row in lane.coverage)
        lane.coverage = []
        unasked |= costs.unasked
        costs.unasked.clear()
    accounts = home.rows.get("accounts", [])
    statuses = {str(row["account_id"]): str(row["status"]) for row in accounts}
    active = {account for account, status in statuses.items() if status == "ACTIVE"}
    yield from _chosen_accounts(config, statuses, all_listed=all_listed)
    include = set(config.organization.accounts_include) or active
    wanted = sorted((active & include) - set(config.organization.accounts_exclude))
    yield Check("accounts", bool(wanted), f"{len(wanted)} to read, {len(accounts)} in all")
    with ThreadPoolExecutor(config.collect.workers) as pool:
        asked = list(pool.map(regions_of, [Lane(site, account, HOME_REGION) for account in wanted]))
        places = [Glance(site, found.account_id, region) for found in asked for region in found.enabled]
        list(pool.map(_look, places))
    for found in asked:
        yield from _account(config, found, [place for place in places if place.account_id == found.account_id])
    unasked |= {name for place in places for name in place.unasked}
    left = f"each call was tried once in a place; not tried, since AWS charges for them: {', '.join(sorted(unasked))}"
    yield Check("not checked", True, left)


def _chosen_accounts(config: Config, statuses: Mapping[str, str], *, all_listed: bool) -> Iterator[Check]:
    """Accounts of the settings that there are not, or that cannot be read; statuses of all accounts by id."""
    chosen = config.organization
    named = {"accounts_include": chosen.accounts_include, "accounts_exclude": chosen.accounts_exclude}
    for option, accounts in named.items() if all_listed else ():  # one that is not listed may still be there
        if missing := sorted(set(accounts) - statuses.keys()):
            verb = "is not an account" if len(missing) == 1 else "are not accounts"
            said = f"{', '.join(missing)} {verb} of the organization; correct the id or take it out"
            yield Check(f"organization.{option}", False, said, ConfigError.exit_code)
    for account in sorted(set(chosen.accounts_include) - set(chosen.accounts_exclude)):
        if (status := statuses.get(account, "ACTIVE")) != "ACTIVE":
            said = f"the account is {status}, so it cannot be read; take it out of organization.accounts_include"
            yield Check(f"account {account}", False, said)


def _collectors(config: Config, scope: str) -> list[Collector]:
    skipped = set(config.collect.datasets_skip) - {"accounts"}  # those are always read
    return [one for one in collectors().values() if one.scope == scope and one.name not in skipped]


def _look(place: Glance) -> None:
    for collector in _collectors(place.config, "region"):
        place.run(collector.name, collector.read, collector.frames)
        if place.unreachable:
            return


def _account(config: Config, found: Regions, places: list[Glance]) -> list[Check]:
    """One line for an account in which all can be read, else one for each thing that cannot."""
    name = f"account {found.account_id}"
    if found.unreadable:
        status, reason = found.unreadable
        told = _advice(status, reason) or (
            f"create the role {config.organization.role_name} there (templates/aws) or leave the account out "
            "(organization.accounts_exclude)"
        )
        return [Check(name, False, f"{reason}: {told}")]
    if not places:
        return [Check(name, False, "no Region is both enabled and wanted; see organization.regions")]
    where: dict[tuple[str, str, str], list[str]] = {}
    not_entered: dict[str, Mapping[str, Any]] = {}
    for row in [row for place in places for row in _rows(place) if row["status"] != OK]:
        if "AssumeRole: " in row["reason"]:
            not_entered.setdefault(row["region"], row)
            continue
        where.setdefault((row["dataset"], row["status"], row["reason"]), []).append(row["region"])
    bad = [check for check in (_dataset(row, name) for row in found.coverage) if not check.ok]
    if not_entered:
        first = next(iter(not_entered.values()))
        told = _advice(first["status"], first["reason"]) or "see the role's trust policy (templates/aws), and try again"
        said = f"the role could not be assumed again: {first['reason']}: {told}"
        bad.append(Check(f"{name}, {', '.join(not_entered)}", False, said))
    for (dataset, status, reason), names in where.items():
        about = {"dataset": dataset, "status": status, "reason": reason}
        bad.append(_dataset(about, f"{name}, {', '.join(names)}"))
    regions = f"{len(places)} Region{'s' * (len(places) != 1)}"
    return bad or [Check(name, True, f"{regions}: all datasets can be read in {'each' if len(places) > 1 else 'it'}")]


def _rows(place: Glance) -> Sequence[Mapping[str, Any]]:
    """Coverage of a place; one row where nothing in it can be reached."""
    if place.unreachable is None:
        return place.coverage
    status, reason = place.unreachable
    return [{"region": place.region, "dataset": EVERYTHING, "status": status, "reason": reason}]


def _dataset(row: Mapping[str, Any], where: str) -> Check:
    status, dataset, reason = str(row["status"]), row["dataset"], str(row["reason"])
    if status == OK:
        return Check(f"{where}: {dataset}", True, f"{row['rows']} rows")
    advice = _advice(status, reason) or {
        DENIED: "add the action to the policy ('sesreport permissions' prints it)",
        NOT_OFFERED: "the endpoint does not have it; the pack will show the gap",
    }.get(status, "the pack will show the gap")
    return Check(f"{where}: {dataset}", False, f"{reason}: {advice}")


def _advice(status: str, reason: str) -> str | None:
    """What to do about a denial that no role's policy can lift (IAM User Guide, "Access denied error messages")."""
    for policy, advice in _ELSEWHERE.items():
        if status == DENIED and (f"in a {policy}" in reason or f"because no {policy}" in reason):
            return advice
    return None


_ELSEWHERE = {
    "service control policy": "a service control policy of the organization denies or does not allow it, so the role's "
    "own policy cannot allow it; ask whoever keeps the SCPs, or leave the Region or account out",
    "resource control policy": "a resource control policy of the organization denies or does not allow it; ask whoever "
    "keeps the RCPs",
    "permissions boundary": "the permissions boundary of the role denies or does not allow it; widen the boundary",
    "session policy": "the session's own policy denies or does not allow it; ask whoever issues the session",
    "VPC endpoint policy": "the policy of the VPC endpoint denies or does not allow it; widen that policy, or use "
    "another network",
}
"""By the policy that a denial names, explicit ("in a …") or implicit ("because no … allows"): what to do."""
