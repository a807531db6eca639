"""The demonstration organization collected: settings, and a snapshot for notebooks to start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from sesreport.core.errors import ConfigError
from sesreport.core.files import write_whole
from sesreport.core.period import Period
from sesreport.core.resources import shipped
from sesreport.core.version import __version__
from sesreport.demo.organization import load_organization
from sesreport.settings.config import Config, load_config
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import Snapshot, snapshot_of

try:
    import fcntl
except ImportError:  # not on Windows: there, two may collect it at once
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from sesreport.collect.plan import Progress


FOLDER = "data/demo-snapshots"
"""Where its snapshots are kept, apart from those of anybody's own organization."""
HISTORY = 12
"""Months before the reported one that ``run --demo`` collects."""
OF_HISTORY = ("accounts", "identities", "changes", "sending_accounts")
"""Datasets read for them."""
ANSWERS = "attestations.parquet"
"""What its reviewers answered, beside its snapshots."""
REGISTER = "register.csv"


def demo_config(*, snapshots: Path | None = None, output: Path | None = None) -> Config:
    """The settings under ``data/demo/sesreport.toml``, with snapshots and packs where the caller wants them.

    Reviewers' answers are those beside the snapshots; without ``snapshots`` there are none.
    """
    config = load_config(shipped("data/demo") / "sesreport.toml")
    update = {"snapshots": str(snapshots or Path(FOLDER)), "output": str(output or Path("out"))}
    if snapshots is not None:
        update["attestations"] = str(snapshots / ANSWERS)
    return config.model_copy(update={"paths": config.paths.model_copy(update=update)})


def kept_apart(config: Config, base: Path) -> Config:
    """Settings of one's own in the folder ``base``, for the demonstration: its snapshots and answers are kept apart.

    Paths that the settings name stay; the defaults are where one's own are.
    """
    defaults, paths = Config().paths, config.paths
    apart = {"snapshots": base / FOLDER, "attestations": base / FOLDER / ANSWERS}
    update = {
        name: str(to) for name, to in apart.items() if Path(getattr(paths, name)) == base / getattr(defaults, name)
    }
    return config.model_copy(update={"paths": paths.model_copy(update=update)})


def with_own_register(config: Config) -> Config:
    """The settings with a copy of the demonstration's register beside its snapshots, for updates to be written there.

    A register that the settings name stays. Raises WriteError.
    """
    theirs, own = shipped("data/demo") / REGISTER, Path(config.paths.snapshots) / REGISTER
    if Path(config.paths.register_file) != theirs:
        return config
    if not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        write_whole(own, theirs.read_bytes())
    return config.model_copy(update={"paths": config.paths.model_copy(update={"register_file": str(own)})})


@contextmanager
def demo_environment(today: date) -> Iterator[str]:
    """Serves the endpoint and points the SDK of this process at it; yields its URL."""
    from sesreport.demo import serve

    with serve(today=today) as endpoint, endpoint.activate():
        yield endpoint.url


def demo_clock(today: date) -> datetime:
    """Six in the morning of the day: the moment a demonstration is collected, whatever the clock says."""
    return datetime.combine(today, time(6), tzinfo=UTC)


def demo_history(config: Config, period: Period, today: date, progress: Progress) -> None:
    """Collects the demonstration as it stood at the end of each of the twelve months before ``period``, once.

    Only what changes from month to month is read: sending and CloudWatch's metrics reach back by themselves. Then
    writes what its reviewers had answered by ``today``, unless there are answers.
    """
    from sesreport.collect.registry import collectors
    from sesreport.collect.run import collect
    from sesreport.demo.answers import write_answers

    unread = [name for name in collectors() if name not in OF_HISTORY]
    light = config.model_copy(update={"collect": config.collect.model_copy(update={"datasets_skip": unread})})
    missing = [month for month in period.back(HISTORY + 1)[:-1] if not _stands(config, month)]
    for number, month in enumerate(missing, start=1):
        first = month.shift(1).start.date()
        with demo_environment(first):
            collect(light, clock=partial(demo_clock, first))
        progress("earlier months", number, len(missing))
    write_answers(config, today)


def _stands(config: Config, period: Period) -> bool:
    """Whether a snapshot speaks for the month."""
    try:
        snapshot_of(snapshots_folder(config), period)
    except ConfigError:
        return False
    return True


def demo_snapshot(near: Path) -> Path:
    """The demonstration's snapshot of its last closed month, with twelve earlier months beside it.

    That of ``sesreport run --demo`` in a folder or the nearest one above it; else it is collected, once per version,
    and kept in the user's cache. Only then is the extra ``sesreport[demo]`` needed; raises ConfigError without it.
    """
    from sesreport.collect.run import collect
    from sesreport.demo import reference_day

    today = reference_day()
    month = Period(today.year, today.month).shift(-1)
    for each in (near, *near.parents):
        config = demo_config(snapshots=each / FOLDER)
        if all(_stands(config, period) for period in month.back(HISTORY + 1)):
            return snapshot_of(snapshots_folder(config), month)
    folder = user_cache_path("sesreport") / f"demo-{__version__}-{today}"
    with _alone(folder):
        config = demo_config(snapshots=folder)
        if not _stands(config, month):
            with demo_environment(today):
                collect(config, clock=partial(demo_clock, today))
        demo_history(config, month, today, lambda *_: None)
    return snapshot_of(folder, month)


def is_demo(snapshot: Snapshot) -> bool:
    """Whether a snapshot is of the demonstration organization."""
    return snapshot.organization == load_organization(shipped("data/demo")).id


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits while another process fills the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
