"""Content kept on disk is whole, of the very key, or not there, whoever else writes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sesreport.core.kept import Kept

KEYS = ("aa11", "bb22")
CONTENTS = {key: [f"{key} {number}\n".encode() * 20_000 for number in range(3)] for key in KEYS}


def write_and_read(folder: str, times: int) -> list[str]:
    """What another process saw that was neither nothing nor whole."""
    kept = Kept(Path(folder), 10)
    wrong = []
    for number in range(times):
        for key in KEYS:
            kept.write(key, CONTENTS[key][number % 3])
            found = kept.read(key)
            if found is not None and found not in CONTENTS[key]:
                wrong.append(key)
    return wrong


def test_processes_that_write_at_once_read_whole_content(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        others = [pool.apply_async(write_and_read, (str(tmp_path), 40)) for _ in range(2)]
        here = write_and_read(str(tmp_path), 40)
        assert [here, *(other.get(timeout=60) for other in others)] == [[], [], []]
    assert {path.name for path in tmp_path.iterdir()} == set(KEYS)


def test_threads_that_write_at_once_read_whole_content(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: write_and_read(str(tmp_path), 10), range(4))) == [[]] * 4


def test_content_of_another_key_is_not_there(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 10)
    kept.write("aa11", b"one")
    (tmp_path / "aa11").replace(tmp_path / "bb22")
    assert kept.read("bb22") is None


@pytest.mark.parametrize("damage", [b"", b"sesreport-kept/1 ", b"\xff\x00", b"sesreport-kept/2 0\none"])
def test_damaged_content_is_not_there(tmp_path: Path, damage: bytes) -> None:
    kept = Kept(tmp_path, 10)
    kept.write("aa11", b"one")
    (tmp_path / "aa11").write_bytes(damage)
    assert kept.read("aa11") is None


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 2)
    for second, key in enumerate(("aa11", "bb22", "cc33")):
        kept.write(key, b"one")
        os.utime(tmp_path / key, (second, second))
    assert [kept.read(key) for key in ("aa11", "bb22", "cc33")] == [None, b"one", b"one"]


def test_a_folder_that_cannot_be_written_keeps_nothing_and_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Kept(tmp_path / "file" / "below", 10)
    kept.write("aa11", b"one")
    assert kept.read("aa11") is None
