"""The snapshot a closed month is made from: the one that stands for it, or a new collection."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sesreport.aws.clients import Aws
from sesreport.collect.plan import Progress
from sesreport.collect.run import collect, limits
from sesreport.core.errors import ConfigError
from sesreport.core.files import check_writable
from sesreport.core.period import Period
from sesreport.settings.config import Config
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import Snapshot, load, newest_with, organization_of, snapshots, standing_snapshot


@dataclass(frozen=True)
class MonthEvidence:
    """What a month's pack is made from."""

    snapshot: Snapshot
    collected: bool
    """Whether it was collected now; else it stood for the month already."""


def evidence_of(
    config: Config,
    period: Period,
    *,
    clock: Callable[[], datetime],
    profile: str | None = None,
    single_account: bool = False,
    anew: bool = False,
    progress: Progress = lambda what, done, total: None,
    incremental: bool = False,
    resume: bool = False,
    executor: Executor | None = None,
) -> MonthEvidence:
    """The snapshot that stands for a month, so that a rerun makes the same pack; collected where there is none yet.

    ``anew`` collects in any case, and the new snapshot stands for the month from then on. How it is collected
    is as with :func:`sesreport.collect.run.collect`. Snapshots of other organizations are passed over. See
    :func:`sesreport.snapshot.store.standing_snapshot` for when a month can be collected at all. Raises ConfigError also
    when the snapshot is another caller's or has another scope, and what :func:`collect` and :func:`load` raise.
    """
    folder = snapshots_folder(config)
    ours = _ours(folder, config, profile, single_account)
    standing = standing_snapshot(folder, period, now=clock(), anew=anew, of=ours)
    if standing is None:
        check_writable(folder)
        path = collect(
            config,
            clock=clock,
            profile=profile,
            single_account=single_account,
            progress=progress,
            incremental=incremental,
            resume=resume,
            executor=executor,
            speaks_for=period if anew else None,
        )
        return MonthEvidence(load(path), collected=True)
    snapshot = load(standing)
    _check_same_estate(snapshot, period, config, profile, single_account)
    return MonthEvidence(snapshot, collected=False)


def _ours(folder: Path, config: Config, profile: str | None, single_account: bool) -> str | None:
    """The organization of the caller as the snapshots name it; None where there are none."""
    if not snapshots(folder):
        return None
    account = Aws(config, profile).caller.account_id
    found = None if single_account else newest_with(folder, account)
    return organization_of(found) if found else account


def _check_same_estate(
    snapshot: Snapshot, period: Period, config: Config, profile: str | None, single_account: bool
) -> None:
    """A folder may hold snapshots of somebody else's accounts, the demonstration's above all."""
    theirs = snapshot.manifest.get("caller", {}).get("account_id"), snapshot.manifest.get("scope")
    ours = Aws(config, profile).caller.account_id, "single account" if single_account else "organization"
    if theirs != ours:
        raise ConfigError(
            f"snapshot {snapshot.path} stands for {period} but was collected by account {theirs[0]} ({theirs[1]}), not "
            f"by {ours[0]} ({ours[1]}): set paths.snapshots to a folder of your own, or collect in its place with "
            "--collect-again"
        )
    skipped = sorted(set(snapshot.manifest.get("datasets_skipped", ())) - set(config.collect.datasets_skip))
    if skipped:
        raise ConfigError(
            f"snapshot {snapshot.path} stands for {period} but was collected without {', '.join(skipped)}, which the "
            "settings ask for: set collect.datasets_skip back, or collect in its place with --collect-again"
        )
    # Snapshots of earlier versions do not say to what they were limited.
    if snapshot.manifest.get("limited_to", limits(config)) != limits(config):
        raise ConfigError(
            f"snapshot {snapshot.path} stands for {period} but was collected with other organization.regions or "
            "accounts_include: set them back, or collect in its place with --collect-again"
        )
