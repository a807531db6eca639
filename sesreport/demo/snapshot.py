"""The demonstration organization collected: settings, and a snapshot for notebooks to start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from sesreport import __version__
from sesreport.config import Config, load_config
from sesreport.errors import ConfigError
from sesreport.period import Period
from sesreport.resources import shipped
from sesreport.storage import snapshots_folder
from sesreport.store import snapshot_of

if TYPE_CHECKING:
    from sesreport.collection.plan import Progress


HISTORY = 12
"""Months before the reported one that ``run --demo`` collects."""
OF_HISTORY = ("accounts", "identities", "changes", "sending_accounts")
"""Datasets read for them."""


def demo_config(*, snapshots: Path | None = None, output: Path | None = None) -> Config:
    """The settings under ``data/demo/sesreport.toml``, with snapshots and packs where the caller wants them."""
    config = load_config(shipped("data/demo") / "sesreport.toml")
    paths = config.paths.model_copy(
        update={"snapshots": str(snapshots or Path("data/snapshots")), "output": str(output or Path("out"))}
    )
    return config.model_copy(update={"paths": paths})


@contextmanager
def demo_environment(today: date) -> Iterator[str]:
    """Serves the endpoint and points the SDK of this process at it; yields its URL."""
    from sesreport.demo import serve

    with serve(today=today) as endpoint, endpoint.activate():
        yield endpoint.url


def demo_clock(today: date) -> datetime:
    """Six in the morning of the day: the moment a demonstration is collected, whatever the clock says."""
    return datetime.combine(today, time(6), tzinfo=UTC)


def demo_history(config: Config, period: Period, progress: Progress) -> None:
    """Collects the demonstration as it stood at the end of each of the twelve months before ``period``, once.

    Only what changes from month to month is read: sending and CloudWatch's metrics reach back by themselves.
    """
    from sesreport.collection.registry import collectors
    from sesreport.collection.run import collect

    unread = [name for name in collectors() if name not in OF_HISTORY]
    light = config.model_copy(update={"collect": config.collect.model_copy(update={"datasets_skip": unread})})
    missing = [month for month in period.back(HISTORY + 1)[:-1] if not _stands(config, month)]
    for number, month in enumerate(missing, start=1):
        first = month.shift(1).start.date()
        with demo_environment(first):
            collect(light, clock=partial(demo_clock, first))
        progress("earlier months", number, len(missing))


def _stands(config: Config, period: Period) -> bool:
    """Whether a snapshot speaks for the month."""
    try:
        snapshot_of(snapshots_folder(config), period)
    except ConfigError:
        return False
    return True


def demo_snapshot(today: date) -> Path:
    """A snapshot of the demonstration organization, collected once per version and kept in the user's cache."""
    from sesreport.collection.run import collect
    from sesreport.store import snapshots

    folder = user_cache_path("sesreport") / f"demo-{__version__}-{today}"
    if found := snapshots(folder):
        return found[0]
    with demo_environment(today):
        return collect(demo_config(snapshots=folder), clock=lambda: demo_clock(today))
