"""Fixtures shared by all tests: the demonstration organization, collected once for all workers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sesreport.analysis import Analysis, analyze
from sesreport.collection.run import collect
from sesreport.demo import reference_day
from sesreport.demo.snapshot import demo_clock, demo_config, demo_environment
from sesreport.store import Snapshot, load, snapshots


def once(folder: Path, make: object) -> Path:
    """Fills a folder once for all xdist workers; the others wait for the one that came first."""
    assert callable(make)
    done = folder / "done"
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 180
        while not done.exists():
            assert time.monotonic() < deadline, f"{folder} was never finished"
            time.sleep(0.1)
        return folder
    make()
    done.touch()
    return folder


def _shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of snapshots with the demonstration organization as of the day it was written for."""
    folder = _shared(tmp_path_factory, worker_id) / "demo-snapshots"

    def make() -> None:
        day = reference_day()
        with demo_environment(day):
            collect(demo_config(snapshots=folder), clock=lambda: demo_clock(day))

    return once(folder, make)


@pytest.fixture(scope="session")
def demo(demo_folder: Path) -> Snapshot:
    return load(snapshots(demo_folder)[0])


@pytest.fixture(scope="session")
def demo_analysis(demo: Snapshot) -> Analysis:
    return analyze(demo, demo_config())
