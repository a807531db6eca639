"""Without the extra of the demonstration: what works all the same, and what says in one line how to install it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from tests_shared import EXTRA, without

import sesreport
from sesreport.cli import main as cli
from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.demo import reference_day, serve
from sesreport.demo import snapshot as demonstration
from sesreport.demo.open import open_pack
from sesreport.demo.organization import load_organization
from sesreport.demo.snapshot import FOLDER, HISTORY, demo_snapshot
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import write_snapshot

PACKAGE = Path(sesreport.__file__).parent
ADVICE = "pip install 'sesreport[demo]'"
LOADED_WITHOUT = ("sesreport.demo.open", "sesreport.demo", "sesreport.demo.endpoint", "sesreport.demo.snapshot")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and an empty cache, without the extra."""
    monkeypatch.setenv("PYTHONPATH", without(tmp_path / "blocked", *EXTRA)["PYTHONPATH"])
    monkeypatch.setattr(demonstration, "user_cache_path", lambda name: tmp_path / "cache")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def collected(folder: Path) -> Path:
    """Thirteen snapshots as the demonstration leaves them, with nothing in them; the newest."""
    day = reference_day()
    empty = {name: frame.from_rows([]) for name, frame in frames().items()}
    about = {"organization_id": load_organization(PACKAGE.parent / "data" / "demo").id}
    for month in Period(day.year, day.month).back(HISTORY + 1):
        at = datetime.combine(month.start.date(), time(6), tzinfo=UTC)
        made = write_snapshot(folder, empty, started_at=at, finished_at=at + timedelta(minutes=1), about=about)
    return made


@pytest.mark.parametrize("missing", EXTRA)
def test_an_endpoint_that_lacks_a_package_says_what_to_install(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", without(tmp_path / "blocked", missing)["PYTHONPATH"])
    with pytest.raises(ConfigError) as told:
        serve(today=reference_day())
    assert f"No module named '{missing}" in str(told.value) and str(told.value).endswith(ADVICE)


@pytest.mark.parametrize("command", ["demo", "demo --serve", "run --demo", "collect --demo", "doctor --demo"])
def test_a_command_on_the_demonstration_says_what_to_install(
    command: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sesreport", *command.split()])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sesreport: ") and line.endswith(ADVICE)
    assert list(elsewhere.iterdir()) == []


def test_a_notebook_without_collected_snapshots_says_what_to_install(elsewhere: Path) -> None:
    with pytest.raises(ConfigError) as told:
        open_pack()
    assert str(told.value).endswith(ADVICE)


def test_snapshots_in_a_folder_above_are_opened(elsewhere: Path) -> None:
    newest = collected(elsewhere / FOLDER)
    (elsewhere / "notebooks").mkdir()
    assert demo_snapshot(elsewhere / "notebooks") == newest


def test_snapshots_in_the_user_s_cache_are_opened(elsewhere: Path, tmp_path: Path) -> None:
    newest = collected(tmp_path / "cache" / f"demo-{sesreport.__version__}-{reference_day()}")
    assert demo_snapshot(elsewhere) == newest


def test_what_others_import_of_the_demonstration_loads_without_the_extra(elsewhere: Path) -> None:
    code = "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)"
    command = [sys.executable, "-c", code, *LOADED_WITHOUT]
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(PACKAGE.parent)])
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_others_import_nothing_of_the_demonstration_but_what_loads_without_the_extra() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "demo" not in path.parents]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module is not None}
    named |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found = {name for name in named if name.startswith("sesreport.demo")}
    assert found and found <= set(LOADED_WITHOUT)
