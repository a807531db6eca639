"""One collection, from credentials to a sealed snapshot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pandas as pd

from sesreport.aws import HOME_REGION, Aws
from sesreport.collection import coverage
from sesreport.collection.coverage import COVERAGE, EVERYTHING, GLOBAL
from sesreport.collection.lane import Lane
from sesreport.collection.places import Regions, default_regions, regions_of, row, unread
from sesreport.collection.registry import Collector, Row, collectors, frames
from sesreport.config import Config, suggestion
from sesreport.errors import CollectError, ConfigError, SchemaError
from sesreport.period import Period
from sesreport.schema import Frame
from sesreport.store import write_snapshot

log = logging.getLogger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")

Progress = Callable[[str, int, int], None]
"""Told ``(what, done, of how many)`` after each step."""


@dataclass
class _Harvest:
    """Rows of all lanes so far."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in frames()})

    def add(self, lane: Lane) -> None:
        for name, rows in lane.rows.items():
            self.rows[name].extend(rows)
        self.rows[COVERAGE.name].extend(lane.coverage)

    def frames(self) -> dict[str, pd.DataFrame]:
        """All frames; where one cannot hold what a place answered, the place's coverage says so instead."""
        made = {}
        for name, declared in frames().items():
            if name == COVERAGE.name:
                continue
            try:
                made[name] = _frame(declared, self.rows[name])
            except SchemaError:
                made[name] = _frame(declared, self._sound(declared))
        return {**made, COVERAGE.name: _frame(COVERAGE, self.rows[COVERAGE.name])}

    def _sound(self, declared: Frame) -> list[Row]:
        """The rows of the account × Region places whose rows all keep the frame's promises."""
        places: dict[tuple[str, str], list[Row]] = {}
        for entry in self.rows[declared.name]:
            places.setdefault((str(entry["account_id"]), str(entry.get("region"))), []).append(entry)
        sound: list[Row] = []
        for (account_id, region), rows in places.items():
            try:
                declared.from_rows(rows)
                sound += rows
            except SchemaError as error:
                self._not_held(declared.name, account_id, region, str(error))
        return sound

    def _not_held(self, dataset: str, account_id: str, region: str, reason: str) -> None:
        regional = any(c.scope == "region" and dataset in {f.name for f in c.frames} for c in collectors().values())
        for index, entry in enumerate(self.rows[COVERAGE.name]):
            here = (entry["account_id"], entry["region"]) == (account_id, region) or not regional
            if here and entry["dataset"] == dataset:
                changed = {"status": coverage.ERROR, "reason": f"unexpected answer: {reason}"[:300], "rows": 0}
                self.rows[COVERAGE.name][index] = {**entry, **changed}


def collect(
    config: Config,
    *,
    clock: Callable[[], datetime],
    profile: str | None = None,
    single_account: bool = False,
    progress: Progress = lambda what, done, total: None,
    speaks_for: Period | None = None,
) -> Path:
    """Reads the organization (or one account) and writes a snapshot; returns its path.

    Accounts and Regions are read in parallel by ``config.collect.workers`` threads. What cannot be read is a row of
    the frame ``coverage``. Raises CredentialsError when the caller may not list accounts, CollectError when they
    cannot all be listed, ConfigError for an unknown account, Region or dataset, WriteError when the snapshot cannot be
    written.
    An interruption leaves no snapshot. ``speaks_for`` names the closed month for which this snapshot is to stand in
    place of an earlier one (see :func:`sesreport.store.snapshot_of`).
    """
    chosen = _chosen(config)
    aws = Aws(config, profile)
    _check_regions(config, aws)
    now = clock()
    stop = threading.Event()
    harvest = _Harvest()

    def lane(account_id: str, region: str) -> Lane:
        return Lane(aws, account_id, region, now, stop)

    organization = Lane(aws, aws.caller.account_id, HOME_REGION, now, stop, single_account=single_account)
    for collector in chosen.values():
        if collector.scope == "organization":
            organization.run(collector)
    for entry in organization.coverage:
        harvest.rows[COVERAGE.name].append({**entry, "region": GLOBAL})
    for name in dict.fromkeys(config.collect.datasets_skip):
        reason = "left out by the configuration (collect.datasets_skip)"
        harvest.rows[COVERAGE.name].append(row(aws.caller.account_id, GLOBAL, name, coverage.SKIPPED, reason))
    for name, rows in organization.rows.items():
        harvest.rows[name].extend(rows)

    listed = next(entry for entry in organization.coverage if entry["dataset"] == "accounts")
    if not harvest.rows["accounts"] or listed["status"] != coverage.OK:  # nobody would miss what is not listed
        reason = listed["reason"] or "there are none"
        raise CollectError(f"the accounts could not be listed, so nothing was read: {reason}")
    readable, excluded = _readable(config, harvest)
    regional = [c for c in chosen.values() if c.scope == "region"]
    with ThreadPoolExecutor(config.collect.workers, thread_name_prefix="lane") as pool:
        try:
            account_regions = list(
                _parallel(pool, regions_of, [lane(a, HOME_REGION) for a in readable], progress, "accounts")
            )
            expected = sorted({r for found in account_regions for r in found.enabled} or default_regions(aws))
            for found in [*account_regions, *excluded]:
                harvest.rows[COVERAGE.name] += [*found.coverage, *unread(found, expected)]
            lanes = [lane(f.account_id, region) for f in account_regions for region in f.enabled]
            for done in _parallel(pool, lambda x: _read(x, regional), lanes, progress, "account × Region lanes"):
                harvest.add(done)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return write_snapshot(
        Path(config.paths.snapshots),
        harvest.frames(),
        started_at=now,
        finished_at=clock(),
        about={
            "caller": {"account_id": aws.caller.account_id, "arn": aws.caller.arn},
            "configuration_sha256": config.sha256,
            "scope": "single account" if single_account else "organization",
            "datasets_skipped": sorted(config.collect.datasets_skip),
            **({"speaks_for": str(speaks_for)} if speaks_for else {}),
        },
    )


def _chosen(config: Config) -> dict[str, Collector]:
    known = collectors()
    for name in config.collect.datasets_skip:
        if name not in known:
            raise ConfigError(f"collect.datasets_skip: no dataset {name!r}; they are {', '.join(known)}")
    return {name: c for name, c in known.items() if name not in config.collect.datasets_skip or name == "accounts"}


def _check_regions(config: Config, aws: Aws) -> None:
    """A Region that does not exist would look like one that is not enabled, and never be missed."""
    known = aws.ses_regions()
    for region in config.organization.regions:
        if region not in known:
            raise ConfigError(f"organization.regions: SES has no Region {region!r}{suggestion(region, known)}")


def _readable(config: Config, harvest: _Harvest) -> tuple[list[str], list[Regions]]:
    """Accounts to enter, and those left out; a suspended one gets its coverage row here."""
    include, exclude = set(config.organization.accounts_include), set(config.organization.accounts_exclude)
    known = {str(account["account_id"]): account for account in harvest.rows["accounts"]}
    if missing := sorted((include | exclude) - known.keys()):
        raise ConfigError(f"organization.accounts: {missing[0]} is not an account of the organization")
    readable, excluded = [], []
    for account_id, account in known.items():
        if account["status"] != "ACTIVE":
            reason = f"the account is {account['status']}; its identities cannot be read"
            harvest.rows[COVERAGE.name].append(row(account_id, GLOBAL, EVERYTHING, coverage.SKIPPED, reason))
        elif account_id in exclude or (include and account_id not in include):
            excluded.append(Regions(account_id, unreadable=(coverage.SKIPPED, "left out by the configuration")))
        else:
            readable.append(account_id)
    return readable, excluded


def _read(lane: Lane, regional: Iterable[Collector]) -> Lane:
    """Runs all collectors in one lane; one row instead of many when the Region cannot be reached at all."""
    for collector in regional:
        lane.run(collector)
        if lane.unreachable:
            status, reason = lane.unreachable
            if status == coverage.REGION_DISABLED:  # the account says otherwise, so this is a gap
                status, reason = coverage.DENIED, f"{reason} (the Region is enabled)"
            lane.coverage = [row(lane.account_id, lane.region, EVERYTHING, status, reason, calls=1)]
            break
    return lane


def _parallel(
    pool: ThreadPoolExecutor, work: Callable[[In], Out], items: list[In], progress: Progress, what: str
) -> Iterator[Out]:
    """Results in the order of the items, so that a snapshot does not depend on which lane was faster."""
    futures: list[Future[Out]] = [pool.submit(work, item) for item in items]
    progress(what, 0, len(futures))
    pending = set(futures)
    while pending:
        finished, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            future.result()
        progress(what, len(futures) - len(pending), len(futures))
    for future in futures:
        yield future.result()


def _frame(declared: Frame, rows: list[Row]) -> pd.DataFrame:
    """Rows as a frame; what was listed twice (pages that overlap, an account that moved) counts once, the last."""
    frame = declared.from_rows(declared.distinct(rows))
    return frame.sort_values(list(declared.keys), kind="stable", ignore_index=True)


__all__ = ["Progress", "Regions", "collect"]
