"""A closed month is made from one snapshot, however often and late; reruns and failures leave the pack whole."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import nbformat
import pytest

from sesreport.cli import given
from sesreport.cli import main as cli
from sesreport.collect import closing
from sesreport.collect.run import collect
from sesreport.core.errors import ConfigError, SesReportError, WriteError
from sesreport.core.files import check_writable
from sesreport.core.period import Period
from sesreport.demo import Endpoint
from sesreport.report import build
from sesreport.report.contents import Pack
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, snapshot_of, snapshots, speaks_for, standing_snapshot, write_snapshot

outputs = build.outputs
OCTOBER = Period(2026, 10)
ACCOUNT = "210000000001"
LATE = datetime(2026, 12, 1, tzinfo=UTC)


def at(month: int, day: int, hour: int = 6) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def write(folder: Path, moment: datetime, **about: Any) -> Path:
    made = {name: frame.from_rows(frame.samples) for name, frame in frames().items()}
    return write_snapshot(folder, made, started_at=moment, finished_at=moment, about=about)


def test_the_first_after_the_month_stands_for_it_however_late_it_is_asked(tmp_path: Path) -> None:
    paths = [write(tmp_path, at(10, 20)), write(tmp_path, at(11, 2)), write(tmp_path, at(11, 20))]
    for now in (at(11, 21), LATE):
        assert standing_snapshot(tmp_path, OCTOBER, now=now) == paths[1]


def test_a_snapshot_of_within_does_not_keep_the_end_of_the_month_from_being_read(tmp_path: Path) -> None:
    path = write(tmp_path, at(10, 31, 23))
    assert standing_snapshot(tmp_path, OCTOBER, now=at(11, 30, 23)) is None
    assert standing_snapshot(tmp_path, OCTOBER, now=LATE) == path  # but then it is all there is


def test_a_month_is_never_made_from_a_later_state(tmp_path: Path) -> None:
    write(tmp_path, LATE)
    assert standing_snapshot(tmp_path / "none", OCTOBER, now=at(11, 1, 0)) is None
    for anew in (False, True):
        with pytest.raises(ConfigError, match="a snapshot collected now shows 2026-12-01, not the end of 2026-10"):
            standing_snapshot(tmp_path, OCTOBER, now=LATE, anew=anew)


def test_collected_in_its_place_it_stands_for_the_month_and_for_no_other(tmp_path: Path) -> None:
    first, other, again = (
        write(tmp_path, at(11, 2)),
        write(tmp_path, at(11, 3), speaks_for="2026-09"),
        write(tmp_path, at(11, 4), speaks_for="2026-10"),
    )
    assert snapshot_of(tmp_path, OCTOBER) == again
    shutil.rmtree(again)
    assert snapshot_of(tmp_path, OCTOBER) == first
    assert other in snapshots(tmp_path)


def test_which_months_a_snapshot_may_speak_for(tmp_path: Path) -> None:
    snapshot = load(write(tmp_path, at(11, 1, 0)))
    assert [month for month in range(8, 13) if speaks_for(snapshot, Period(2026, month))] == [10, 11]


def test_what_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="file/out: cannot be written to"):
        check_writable(tmp_path / "file" / "out")


@pytest.fixture
def here(
    demo_folder: Path, demo_pack: Pack, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The current folder, with the demonstration's snapshot of October; packs are made without documents.

    Their numbers are those of that snapshot, and what is collected is one account.
    """
    folder = tmp_path / "data" / "demo-snapshots"
    folder.mkdir(parents=True)
    shutil.copytree(snapshots(demo_folder)[0], folder / "20261103T060000Z")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "notebooks", list)
    monkeypatch.setattr(build, "outputs", dict)
    monkeypatch.setattr(build, "new_pack", lambda *_, **__: demo_pack)
    monkeypatch.setattr(closing, "collect", one_account)
    monkeypatch.setattr("sesreport.demo.snapshot.demo_environment", lambda _: endpoint.activate())
    monkeypatch.setattr("sesreport.demo.snapshot.demo_history", lambda *_: None)
    monkeypatch.setattr(given, "now", lambda: at(11, 3, 12))
    return tmp_path


def sesreport(*arguments: str) -> int:
    """Exit code of a command, as :func:`sesreport.cli.main.main` ends it."""
    try:
        return int(cli.cli.main(list(arguments), standalone_mode=False) or 0)
    except SesReportError as error:
        click.echo(f"sesreport: {error}", err=True)
        return error.exit_code


def one_account(config: Config, **how: Any) -> Path:
    chosen = config.organization.model_copy(update={"accounts_include": [ACCOUNT]})
    return collect(config.model_copy(update={"organization": chosen}), **how)


def never(*_: object, **__: object) -> Path:
    raise AssertionError("collected")


def documents(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_a_rerun_collects_nothing_and_makes_the_same_pack(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(closing, "collect", never)
    monkeypatch.setattr(build, "outputs", lambda: {"pptx": outputs()["pptx"]})
    assert sesreport("run", "--demo", "-q") == 0
    before = documents(here / "out" / "2026-10")
    assert "snapshot 20261103T060000Z stands for 2026-10: nothing was collected" in capsys.readouterr().err
    assert sesreport("run", "--demo", "-q") == 0
    assert documents(here / "out" / "2026-10") == before
    assert len(before) > 20


def test_asked_to_it_collects_in_its_place(here: Path) -> None:
    assert sesreport("run", "--demo", "-q", "--collect-again") == 0
    names = [path.name for path in snapshots(here / "data" / "demo-snapshots")]
    assert names == ["20261103T060000Z", "20261103T060000Z-2"]
    assert snapshot_of(here / "data" / "demo-snapshots", OCTOBER).name == names[1]
    manifest = json.loads((here / "out" / "2026-10" / "manifest.json").read_text())
    assert manifest["inputs"]["snapshot"]["id"] == names[1]


def test_too_late_to_collect_is_said_before_anything_is(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(closing, "collect", never)
    assert sesreport("run", "--demo", "-q", "--period", "2026-08") == 2
    assert "no snapshot for 2026-08" in capsys.readouterr().err
    assert not (here / "out").exists()


@pytest.mark.parametrize("changed", [{"caller": {"account_id": "999999999999"}}, {"scope": "single account"}])
def test_a_snapshot_of_other_accounts_is_not_taken_for_ours(
    here: Path, changed: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = here / "data" / "demo-snapshots" / "20261103T060000Z" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    assert sesreport("run", "--demo", "-q") == 2
    assert "set paths.snapshots to a folder of your own" in capsys.readouterr().err
    assert not (here / "out").exists()


@pytest.mark.parametrize("limit", [{"regions": ["eu-west-1"]}, {"accounts_include": ["210000000001"]}])
def test_a_snapshot_that_was_limited_to_less_is_not_taken_for_the_whole(
    here: Path, limit: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = here / "data" / "demo-snapshots" / "20261103T060000Z" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "limited_to": {**manifest["limited_to"], **limit}}))
    assert sesreport("run", "--demo", "-q") == 2
    assert "was collected with other organization.regions or accounts_include" in capsys.readouterr().err
    assert not (here / "out").exists()


def test_an_output_that_cannot_be_written_is_noticed_before_collecting(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(closing, "collect", never)
    shutil.rmtree(here / "data" / "demo-snapshots")
    (here / "a-file").write_text("")
    assert sesreport("run", "--demo", "-q", "--output", "a-file/out") == 4
    assert "a-file/out: cannot be written to (Not a directory)" in capsys.readouterr().err


def test_a_report_from_another_month_must_be_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["report", "--demo", "-q", "--period", "2026-08", "--snapshot", "data/demo-snapshots/20261103T060000Z"]
    assert sesreport(*given) == 2
    assert "was begun in 2026-11, which says nothing of 2026-08" in capsys.readouterr().err
    assert not (here / "out").exists()
    assert sesreport(*given, "--other-month") == 0
    assert (here / "out" / "2026-08" / "manifest.json").is_file()


def failing(folder: Path) -> list[Path]:
    path = folder / "50_failing.ipynb"
    cells = [nbformat.v4.new_code_cell('period: str = ""  # month', metadata={"tags": ["parameters"]})]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell("1 / 0")], metadata=kernel), path)
    return [path]


def test_a_pack_with_a_failed_notebook_does_not_replace_a_complete_one(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["report", "--demo", "-q", "--period", "2026-10"]
    assert sesreport(*given) == 0
    before = (here / "out" / "2026-10" / "manifest.json").read_bytes()
    monkeypatch.setattr(build, "notebooks", lambda: failing(here))
    monkeypatch.setattr(build, "outputs", lambda: {"pptx": outputs()["pptx"]})
    assert sesreport(*given) == 4
    told = capsys.readouterr()
    assert "Pack: out/2026-10-failed" in told.out
    assert "notebook 50_failing failed: ZeroDivisionError" in told.err
    failed = json.loads((here / "out" / "2026-10-failed" / "manifest.json").read_text())
    assert failed["status"] == build.FAILED_NOTEBOOKS
    assert failed["notebooks"]["50_failing"]["cell"] == 3  # of the executed copy, which has the parameters given
    assert "ses-governance-2026-10.pptx" in failed["files"]
    assert (here / "out" / "2026-10" / "manifest.json").read_bytes() == before
    assert sorted(p.name for p in (here / "out").iterdir()) == ["2026-10", "2026-10-failed"]
    monkeypatch.setattr(build, "notebooks", list)
    assert sesreport(*given) == 0
    assert [p.name for p in (here / "out").iterdir()] == ["2026-10"]  # the good one has taken its place


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_rerun_that_does_not_end_leaves_the_old_pack_whole(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["report", "--demo", "-q", "--period", "2026-10"]
    assert sesreport(*given) == 0
    before = documents(here / "out" / "2026-10")
    monkeypatch.setattr(build, "outputs", lambda: {"xlsx": full})
    assert sesreport(*given) == 4
    monkeypatch.setattr(build, "outputs", lambda: {"xlsx": stopped})
    with pytest.raises((KeyboardInterrupt, click.exceptions.Abort)):
        sesreport(*given)
    assert documents(here / "out" / "2026-10") == before
    assert [p.name for p in (here / "out").iterdir()] == ["2026-10"]


def test_a_stop_by_the_scheduler_leaves_nothing_half_written(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib, sesreport.cli.main as cli\n"
        "from sesreport.core.files import whole_folder\n"
        "def work(**_):\n"
        "    with whole_folder(pathlib.Path('pack')):\n"
        "        print('at work', flush=True); time.sleep(60)\n"
        "cli.cli.main = work\n"
        "cli.main()\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "at work\n"
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said == f"sesreport: {cli.STOPPED}\n"
    assert list(tmp_path.iterdir()) == []


def settings(here: Path, text: str) -> Path:
    """Settings of a real run, whose endpoint is the demonstration's."""
    path = here / "sesreport.toml"
    path.write_text(f'[collect]\npace = 0\ndatasets_skip = []\n[paths]\nregister = "{here}/register.csv"\n{text}')
    (here / "register.csv").write_text("account_id,name\n")
    return path


def test_run_delivers_a_made_pack_and_says_5_when_one_destination_fails(
    here: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "good").mkdir()
    (here / "later").mkdir()
    settings(here, f'[[delivery.folder]]\npath = "{here}/later"\n[[delivery.folder]]\npath = "{here}/good"\n')
    with endpoint.activate():
        assert sesreport("run", "-q", "--strict", "--fail-on", "low") == 3
        (here / "later" / "2026-10" / "results.json").unlink()
        (here / "later" / "2026-10").rename(here / "taken")
        (here / "later").rmdir()
        capsys.readouterr()
        assert sesreport("deliver") == 5
    told = capsys.readouterr()
    assert told.err == (
        f"sesreport: not delivered to folder {here}/later: {here}/later is not a folder that is there: "
        "mount or create it\n"
    )
    assert f"Delivered to folder {here}/good: is there already" in told.out
    assert (here / "good" / "2026-10" / "manifest.json").is_file()


def test_a_destination_that_cannot_be_reached_is_told_before_collecting(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(closing, "collect", never)
    settings(here, f'[[delivery.folder]]\npath = "{here}/away"\n')
    shutil.rmtree(here / "data" / "demo-snapshots")
    assert sesreport("run", "-q") == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"sesreport: cannot deliver to folder {here}/away: ")
    assert said[1].startswith("sesreport: nothing was collected")


def test_the_doctor_looks_at_destinations_too(
    here: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = f'[[delivery.folder]]\npath = "{here}/away"\n[[delivery.folder]]\npath = "{here}"\n'
    settings(here, f'{folders}[organization]\naccounts_include = ["{ACCOUNT}"]\n')
    with endpoint.activate():
        assert sesreport("doctor") == 3
    told = capsys.readouterr().out
    assert f"MISSING  delivery to folder {here}/away: {here}/away is not a folder that is there" in told
    assert f"ok       delivery to folder {here}: can be delivered to" in told


def test_asked_not_to_nothing_is_delivered(here: Path, endpoint: Endpoint) -> None:
    settings(here, f'[[delivery.folder]]\npath = "{here}/away"\n')
    with endpoint.activate():
        assert sesreport("run", "-q", "--no-deliver") == 0


def test_the_demonstration_is_delivered_to_nobody(here: Path) -> None:
    (here / "good").mkdir()
    path = settings(here, f'[[delivery.folder]]\npath = "{here}/good"\n')
    assert sesreport("run", "-q", "--demo", "--config", str(path)) == 0
    assert list((here / "good").iterdir()) == []


def test_deliver_without_a_destination_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sesreport("deliver") == 2
    assert "no destination: name one in [delivery]" in capsys.readouterr().err
