"""Files and folders are whole or not there, as the umask says, and what killed processes leave is put right."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from sesreport.core import files
from sesreport.core.errors import WriteError
from sesreport.core.files import (
    check_writable,
    remove_folder,
    remove_leftovers,
    whole_folder,
    write_whole,
)

ONE_STEP = sys.platform == "linux"
"""Whether the system exchanges two folders in one step."""


def test_a_whole_folder_is_exchanged_only_when_the_new_one_is_done(tmp_path: Path) -> None:
    target = tmp_path / "pack"
    with whole_folder(target) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(RuntimeError), whole_folder(target, replace=True) as folder:
        (folder / "a").write_text("new")
        raise RuntimeError
    assert (target / "a").read_text() == "old"
    with whole_folder(target, replace=True) as folder:
        (folder / "a").write_text("new")
    assert (target / "a").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["pack"]


def test_a_taken_name_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(WriteError, match="already there"), whole_folder(tmp_path / "taken"):
        pass


def test_a_folder_that_cannot_be_exchanged_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "pack"
    with whole_folder(target) as folder:
        (folder / "a").write_text("old")
    rename = Path.rename

    def refuse(self: Path, other: Path) -> Path:
        if other == target and self.suffix == files._PART:
            raise OSError(errno.EACCES, "Permission denied", str(other))
        return rename(self, other)

    monkeypatch.setattr(files, "_swapped", lambda *_: False)
    monkeypatch.setattr(Path, "rename", refuse)
    with (
        pytest.raises(WriteError, match="pack: Permission denied; nothing was kept of it"),
        whole_folder(target, replace=True) as folder,
    ):
        (folder / "a").write_text("new")
    assert (target / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["pack"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_block_nothing_is_left(tmp_path: Path, stop: type[BaseException]) -> None:
    with pytest.raises(stop), whole_folder(tmp_path / "pack") as folder:
        (folder / "a").write_text("half")
        raise stop
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_renamed_leaves_the_old(tmp_path: Path) -> None:
    (tmp_path / "f" / "in").mkdir(parents=True)
    with pytest.raises(WriteError, match="/f could not be written: Is a directory"):
        write_whole(tmp_path / "f", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(tmp_path / "f", "one")
    with pytest.raises(WriteError):
        write_whole(tmp_path / "missing" / "f", "two")
    assert (tmp_path / "f").read_text() == "one"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "pack.xlsx"
    path.write_bytes(b"last month")

    def half(file: IO[bytes]) -> None:
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(path, half)
    assert path.read_bytes() == b"last month"
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027, 0o077])
def test_the_umask_holds_for_every_file_and_folder(mask: int, tmp_path: Path) -> None:
    with umask(mask):
        with whole_folder(tmp_path / "new" / "pack") as folder:
            write_whole(folder / "file", "text")
        with whole_folder(tmp_path / "new" / "pack", replace=True) as folder:
            write_whole(folder / "file", "other text")
    made = tmp_path / "new"
    assert {mode(made), mode(made / "pack")} == {0o777 & ~mask}
    assert mode(made / "pack" / "file") == 0o666 & ~mask


def test_a_folder_of_a_shared_group_hands_the_group_on(tmp_path: Path) -> None:
    tmp_path.chmod(0o2775)
    with whole_folder(tmp_path / "pack"):
        pass
    assert mode(tmp_path / "pack") & 0o2000


PACK = """
import os, pathlib, signal, sys
from sesreport.core import files

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def write(text):
    with files.whole_folder(pathlib.Path("pack"), replace=True) as folder:
        (folder / "a").write_text(text)
        (folder / "b").write_text(text)

write("older")
"""


def killed(folder: Path, code: str) -> None:
    """Runs a process that has written a pack and is killed while it writes the next."""
    done = subprocess.run([sys.executable, "-c", PACK + code], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr


def texts(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in ("a", "b")]


AT_THE_SECOND_RENAME = """
files._swapped = lambda *_: False
rename = pathlib.Path.rename
pathlib.Path.rename = lambda self, other: kill() if other.name == "pack" else rename(self, other)
write("newer")
"""


def test_what_was_taken_away_by_a_killed_process_is_put_back(tmp_path: Path) -> None:
    killed(tmp_path, AT_THE_SECOND_RENAME)
    assert not (tmp_path / "pack").exists()
    remove_leftovers(tmp_path)
    assert texts(tmp_path / "pack") == ["older", "older"]
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_the_next_pack_puts_the_older_back_before_it_takes_its_place(tmp_path: Path) -> None:
    killed(tmp_path, AT_THE_SECOND_RENAME)
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "pack", replace=True):
        raise RuntimeError
    assert texts(tmp_path / "pack") == ["older", "older"]


@pytest.mark.skipif(not ONE_STEP, reason="the system has two steps")
def test_a_pack_is_at_its_place_whenever_the_process_is_killed(tmp_path: Path) -> None:
    killed(tmp_path, "pathlib.Path.rename = kill\nwrite('newer')")  # what follows the exchange
    assert texts(tmp_path / "pack") == ["newer", "newer"]
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


@pytest.mark.parametrize(
    "code",
    [
        "with files.whole_folder(pathlib.Path('pack'), replace=True) as folder: (folder / 'a').touch(); kill()",
        "with files.whole_folder(pathlib.Path('20261101T060000Z')) as folder: (folder / 'a').touch(); kill()",
        "files.write_whole(pathlib.Path('receipts.json'), lambda file: kill())",
        "import shutil; shutil.rmtree = kill; files.remove_folder(pathlib.Path('pack'))",
    ],
)
def test_a_later_run_removes_what_a_killed_one_left(code: str, tmp_path: Path) -> None:
    killed(tmp_path, code)
    (left,) = [path for path in tmp_path.iterdir() if path.name != "pack"]
    assert left.name.startswith(".")
    write_whole(tmp_path / "another", "text")
    assert {path.name for path in tmp_path.iterdir()} <= {"pack", "another"}


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "pack") as mine:
        (mine / "a").write_text("mine")
        remove_leftovers(tmp_path)
        with whole_folder(tmp_path / "other"):
            pass
        assert (mine / "a").read_text() == "mine"
    assert (tmp_path / "pack" / "a").exists()


def test_without_locks_a_leftover_is_removed_when_it_is_a_day_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "fcntl", None)
    young, old = (tmp_path / f".pack-0000000{number}{files._PART}" for number in (1, 2))
    for path in (young, old):
        path.mkdir()
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [young]


def test_a_file_system_that_locks_no_folders_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    with whole_folder(tmp_path / "pack") as folder:
        (folder / "a").write_text("whole")
        remove_leftovers(tmp_path)
    assert (tmp_path / "pack" / "a").read_text() == "whole"


@pytest.mark.parametrize(
    "name", [".pack-abcdefgh", ".cache-deadbeef", ".x.sesreport-part", "pack-0a1b2c3d.sesreport-part", ".git"]
)
def test_what_bears_another_name_is_somebody_else_s(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    os.utime(tmp_path / name, (1, 1))
    write_whole(tmp_path / "another", "text")
    assert (tmp_path / name).is_dir()


def test_a_part_taken_for_a_leftover_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    locked = files._locked

    def take(path: Path):  # type: ignore[no-untyped-def]
        if not taken:
            taken.append(path)
            shutil.rmtree(path)
        return locked(path)

    monkeypatch.setattr(files, "_locked", take)
    with whole_folder(tmp_path / "pack") as folder:
        (folder / "a").write_text("whole")
    assert (tmp_path / "pack" / "a").read_text() == "whole"


def test_a_folder_is_removed_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "pack" / "data").mkdir(parents=True)
    (tmp_path / "pack" / "data" / "a").touch()
    remove_folder(tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_a_folder_gives_way_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "pack").symlink_to(tmp_path / "elsewhere")
    with whole_folder(tmp_path / "pack", replace=True) as folder:
        (folder / "a").write_text("new")
    assert not (tmp_path / "pack").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"pack", "elsewhere"}


def test_a_look_whether_a_folder_is_writable_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "out")
    assert list(tmp_path.iterdir()) == []
