"""What is made once for all xdist workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sesreport.cli.main import main

TIMES = int(os.environ.get("SESREPORT_TIMES", "1"))
"""How many times as many random cases as the suite has: ``make properties`` sets it."""


def examples(number: int) -> settings:
    """So many examples of a property, the same in every run of the suite; many more, and others, in a long run."""
    return settings(
        max_examples=number * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        print_blob=TIMES > 1,
        suppress_health_check=list(HealthCheck),
    )


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


UMASK = 0o027
"""Under which the command line runs."""


def run(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "sesreport", *arguments],
        cwd=cwd, env={**os.environ, **(env or {})}, umask=UMASK, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


EXTRA = ("moto", "flask", "flask_cors", "werkzeug")
"""What only the extra of the demonstration brings."""
_BLOCK = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def without(folder: Path, *packages: str) -> dict[str, str]:
    """An environment in which Python finds none of the packages, as if they were not installed."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_BLOCK.format(packages=packages))
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


def ended_with(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    """The exit code of the command line in this process, which heeds signals afterwards as it did before."""
    monkeypatch.setattr(sys, "argv", ["sesreport", *arguments])
    heeded = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)
    return ended.value.code


def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent
