"""What is made once for all xdist workers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest


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


def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent
