"""One collection, from credentials to a sealed snapshot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sesreport.aws.clients import HOME_REGION, Aws, known_ses_regions
from sesreport.collect import schedule
from sesreport.collect.earlier import EarlierPlace, earlier_places, known_dimensions
from sesreport.collect.harvest import Harvest
from sesreport.collect.journal import Journal
from sesreport.collect.lane import Lane
from sesreport.collect.places import Regions, default_regions, row, unread
from sesreport.collect.plan import Plan, Progress
from sesreport.collect.registry import Collector, collectors
from sesreport.collect.site import Site
from sesreport.core.errors import CollectError, ConfigError, OutageError, SesReportError, SnapshotError, suggestion
from sesreport.core.period import Period
from sesreport.core.vocabulary import PlaceKey
from sesreport.settings.config import Config
from sesreport.snapshot import coverage
from sesreport.snapshot.coverage import COVERAGE, EVERYTHING, GLOBAL
from sesreport.snapshot.storage import is_url, publish, snapshots_folder
from sesreport.snapshot.store import Snapshot, load, snapshots, write_snapshot

log = logging.getLogger(__name__)
CLOSED = ("SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")
"""States of an account that cannot be entered (Organizations API Reference, Account); one in any other is tried."""


def collect(
    config: Config,
    *,
    clock: Callable[[], datetime],
    profile: str | None = None,
    single_account: bool = False,
    progress: Progress = lambda what, done, total: None,
    incremental: bool = False,
    resume: bool = False,
    executor: Executor | None = None,
    speaks_for: Period | None = None,
) -> Path:
    """Reads the organization (or one account) and writes a snapshot; returns its path.

    account × Region lanes are read side by side, ``config.collect.workers`` at a time, on threads or on ``executor``
    (processes or a cluster; ``clock`` then has to be picklable), each at the rate its services allow. What cannot be
    read is a row of the frame ``coverage``.

    With ``incremental``, identities that have no change event since the newest snapshot of the same scope, whose list
    entry is the same, and that were observed within ``config.collect.refresh_days`` keep their rows and their
    ``observed_at``. With ``resume``, the newest collection that was cut off in this calendar month goes on, asking
    nothing it has an answer to; where there is none, a new one begins. ``speaks_for`` names the closed month for which
    this snapshot is to stand in place of an earlier one (see :func:`sesreport.snapshot.store.snapshot_of`).

    Raises CredentialsError when the caller may not list accounts, CollectError when they cannot all be listed,
    ConfigError for an unknown account, Region or dataset, or to resume with other settings, WriteError when the
    snapshot or an answer cannot be written, and OutageError when AWS answers nowhere. A collection that is interrupted
    leaves no snapshot; it can be resumed.
    """
    chosen = _chosen(config)
    folder = snapshots_folder(config)
    site = Site(config, clock(), clock, profile, single_account)
    check_regions(config, site.aws)
    journal = _journal(folder, site, incremental, resume, speaks_for)
    try:
        site.now = datetime.fromisoformat(journal.begun["started_at"])
        site.calls = journal
        resumed, harvest = journal.answers, Harvest()
        try:
            _read_organization(site, chosen, harvest)
            readable, excluded = _readable(config, harvest)
        except SesReportError as error:
            if not resumed and not isinstance(error, OutageError):  # nothing was read that would be worth going on with
                journal.close(remove=True)
            raise
        try:
            path = _collect(site, journal, harvest, readable, excluded, progress, executor, resumed)
        except BrokenExecutor as error:
            raise CollectError(
                f"a worker of the executor ended ({type(error).__name__}): nothing was sealed; go on with --resume"
            ) from error
    except BaseException:
        journal.close(remove=journal.answers == 0)
        raise
    journal.close(remove=True)
    if is_url(config.paths.snapshots):
        path = publish(folder, config.paths.snapshots).get(path, path)
    return path


def _collect(
    site: Site,
    journal: Journal,
    harvest: Harvest,
    readable: list[str],
    excluded: list[Regions],
    progress: Progress,
    executor: Executor | None,
    resumed: int,
) -> Path:
    """Reads every place of the readable accounts, and seals the snapshot."""
    config, aws = site.config, site.aws
    based_on, earlier = _earlier(site, journal.folder.parent, journal.begun["based_on"])
    dimensions = known_dimensions(journal.folder.parent)
    plan = Plan(
        journal, earlier, dimensions, tuple(config.collect.datasets_skip), progress, hand_over=executor is not None
    )
    first = plan.begin(readable)
    if executor is None:
        with ThreadPoolExecutor(config.collect.workers, thread_name_prefix="lane") as pool:
            schedule.run(pool, site, config.collect.workers, first, plan.finished)
    else:
        schedule.run(executor, site, config.collect.workers, first, plan.finished)
    expected = sorted({r for found in plan.regions for r in found.enabled} or default_regions(aws))
    for found in [*plan.regions, *excluded]:
        harvest.rows[COVERAGE.name] += [*found.coverage, *unread(found, expected)]
    plan.gather(harvest)
    frames = harvest.frames()
    return write_snapshot(
        journal.folder.parent,
        frames,
        started_at=site.now,
        finished_at=site.clock(),
        about={
            "caller": {"account_id": aws.caller.account_id, "arn": aws.caller.arn},
            "configuration_sha256": config.sha256,
            "scope": journal.begun["scope"],
            "datasets_skipped": sorted(config.collect.datasets_skip),
            "limited_to": limits(config),
            **({"speaks_for": journal.begun["speaks_for"]} if journal.begun["speaks_for"] else {}),
            "mode": "incremental" if based_on else "full",
            "metric_days": config.collect.metric_days,
            "based_on": {"id": based_on.id, "sha256": based_on.sha256} if based_on else None,
            "identities_carried": int((frames["identities"]["observed_at"] < site.now).sum()) if based_on else 0,
            "answers_before_resuming": resumed,
        },
    )


def limits(config: Config) -> dict[str, list[str]]:
    """Regions and accounts beyond which a collection does not look; coverage counts no other as missing."""
    chosen = config.organization
    return {"regions": sorted(set(chosen.regions)), "accounts_include": sorted(set(chosen.accounts_include))}


def _read_organization(site: Site, chosen: dict[str, Collector], harvest: Harvest) -> None:
    """Accounts and what else has no Region; raises CollectError when accounts could be missed."""
    caller = site.aws.caller.account_id
    organization = Lane(site, caller, HOME_REGION, calls=site.calls)
    for collector in chosen.values():
        if collector.scope == "organization":
            organization.run(collector.name, collector.read, collector.frames)
    harvest.add(organization.rows, [{**entry, "region": GLOBAL} for entry in organization.coverage])
    for name in dict.fromkeys(site.config.collect.datasets_skip):
        reason = "left out by the configuration (collect.datasets_skip)"
        harvest.add({}, [row(caller, GLOBAL, name, coverage.SKIPPED, reason)])
    listed = next(entry for entry in organization.coverage if entry["dataset"] == "accounts")
    if not harvest.rows["accounts"] or listed["status"] != coverage.OK:  # nobody would miss what is not listed
        reason = listed["reason"] or "there are none"
        raise CollectError(f"the accounts could not be listed, so nothing was read: {reason}")


def _journal(folder: Path, site: Site, incremental: bool, resume: bool, speaks_for: Period | None) -> Journal:
    """A new journal, or that of the collection to go on with."""
    begun: dict[str, Any] = {
        "configuration_sha256": site.config.sha256,
        "scope": "single account" if site.single_account else "organization",
        "account_id": site.aws.caller.account_id,
        "speaks_for": str(speaks_for) if speaks_for else None,
    }
    others: list[Path] = []
    for found in Journal.unfinished(folder) if resume else ():
        if str(found.begun.get("started_at"))[:7] != f"{site.now:%Y-%m}":  # it would speak for another month
            log.error("%s was begun in another month and is not gone on with; remove the folder", found.folder)
            found.close(remove=False)
            continue
        if (newest := _newest_begun(folder, begun)) and str(found.begun.get("started_at")) < newest.isoformat():
            # Its snapshot would be the first of the month, in place of the one that is sealed.
            log.error("%s is older than the newest snapshot and is not gone on with; remove the folder", found.folder)
            found.close(remove=False)
            continue
        if {name: found.begun.get(name) for name in begun} == begun:
            return found
        found.close(remove=False)
        others.append(found.folder)
    if others:
        raise ConfigError(
            f"{others[0]}: was begun with other settings, scope, credentials or month to stand for, so it cannot go "
            "on; use the same, or remove the folder to begin anew"
        )
    based_on = next(_ours(folder, begun), None) if incremental else None
    return Journal.begin(
        folder, {**begun, "started_at": site.now.isoformat(), "based_on": based_on.name if based_on else None}
    )


def _newest_begun(folder: Path, begun: Mapping[str, Any]) -> datetime | None:
    """When the newest snapshot of the same caller and scope was begun."""
    return next((datetime.fromisoformat(load(path).manifest["started_at"]) for path in _ours(folder, begun)), None)


def _ours(folder: Path, begun: Mapping[str, Any]) -> Iterator[Path]:
    """Sound snapshots of the same caller and scope, newest first."""
    for path in reversed(snapshots(folder)):
        try:
            manifest = load(path).manifest
        except SnapshotError as error:
            log.warning("%s", error)
            continue
        caller = manifest.get("caller", {}).get("account_id")
        if (caller, manifest.get("scope")) == (begun["account_id"], begun["scope"]):
            yield path


def _earlier(site: Site, folder: Path, based_on: str | None) -> tuple[Snapshot | None, dict[PlaceKey, EarlierPlace]]:
    if based_on is None:
        return None, {}
    snapshot = load(folder / based_on)
    oldest = site.now - timedelta(days=site.config.collect.refresh_days)
    return snapshot, earlier_places(snapshot, oldest=oldest)


def check_datasets(config: Config) -> None:
    """Raises ConfigError for a dataset left out that there is not."""
    _chosen(config)


def _chosen(config: Config) -> dict[str, Collector]:
    known = collectors()
    for name in config.collect.datasets_skip:
        if name not in known:
            raise ConfigError(f"collect.datasets_skip: no dataset {name!r}{suggestion(name, known)}")
    return {name: c for name, c in known.items() if name not in config.collect.datasets_skip or name == "accounts"}


def check_region_names(config: Config) -> None:
    """Raises ConfigError for a Region that exists nowhere; :func:`check_regions` knows the caller's partition."""
    excepted = {
        f"findings.exceptions.{number}.region": each.region
        for number, each in enumerate(config.findings.exceptions)
        if each.region is not None
    }
    if excepted or config.organization.regions:
        known = known_ses_regions()
        _check_regions(config, known)
        for where, region in excepted.items():
            _check_region(where, region, known)


def check_regions(config: Config, aws: Aws) -> None:
    """Raises ConfigError for a Region that does not exist: it would look like one that is not enabled."""
    _check_regions(config, aws.ses_regions())


def _check_regions(config: Config, known: Collection[str]) -> None:
    for region in config.organization.regions:
        _check_region("organization.regions", region, known)


def _check_region(where: str, region: str, known: Collection[str]) -> None:
    if region not in known:
        raise ConfigError(f"{where}: SES has no Region {region!r}{suggestion(region, sorted(known))}")


def _readable(config: Config, harvest: Harvest) -> tuple[list[str], list[Regions]]:
    """Accounts to enter, and those left out; a suspended one gets its coverage row here."""
    include, exclude = set(config.organization.accounts_include), set(config.organization.accounts_exclude)
    known = {str(account["account_id"]): account for account in harvest.rows["accounts"]}
    if missing := sorted((include | exclude) - known.keys()):
        raise ConfigError(f"organization.accounts: {missing[0]} is not an account of the organization")
    readable, excluded = [], []
    for account_id, account in known.items():
        if account["status"] in CLOSED:
            reason = f"the account is {account['status']}; its identities cannot be read"
            harvest.rows[COVERAGE.name].append(row(account_id, GLOBAL, EVERYTHING, coverage.SKIPPED, reason))
        elif account_id in exclude or (include and account_id not in include):
            excluded.append(Regions(account_id, unreadable=(coverage.SKIPPED, "left out by the configuration")))
        else:
            readable.append(account_id)
    return readable, excluded


__all__ = ["Progress", "Regions", "collect"]
