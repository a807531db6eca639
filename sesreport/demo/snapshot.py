"""The demonstration organization collected: settings, and a snapshot for notebooks to start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

from platformdirs import user_cache_path

from sesreport import __version__
from sesreport.config import Config, load_config
from sesreport.resources import shipped


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


def demo_snapshot(today: date) -> Path:
    """A snapshot of the demonstration organization, collected once per version and kept in the user's cache."""
    from sesreport.collection.run import collect
    from sesreport.store import snapshots

    folder = user_cache_path("sesreport") / f"demo-{__version__}-{today}"
    if found := snapshots(folder):
        return found[0]
    with demo_environment(today):
        return collect(demo_config(snapshots=folder), clock=lambda: demo_clock(today))
