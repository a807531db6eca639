"""Snapshots are whole, sealed, and never changed."""

from __future__ import annotations

import errno
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from sesreport.collection.registry import frames
from sesreport.errors import ConfigError, SnapshotError, WriteError
from sesreport.files import whole_folder, write_whole
from sesreport.period import Period
from sesreport.store import load, snapshot_of, snapshots, write_snapshot

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


def write(folder: Path, moment: datetime = NOW) -> Path:
    made = {name: frame.from_rows(frame.samples) for name, frame in frames().items()}
    return write_snapshot(folder, made, started_at=moment, finished_at=moment, about={"scope": "organization"})


def test_every_frame_comes_back_as_it_was_written(tmp_path: Path) -> None:
    snapshot = load(write(tmp_path))
    for name, declared in frames().items():
        pd.testing.assert_frame_equal(getattr(snapshot, name), declared.from_rows(declared.samples))


def test_the_manifest_seals_every_file(tmp_path: Path) -> None:
    snapshot = load(write(tmp_path))
    assert set(snapshot.manifest["files"]) == set(frames())
    assert snapshot.manifest["coverage"] == {"denied": 1, "ok": 1, "region_disabled": 1}
    assert {"sesreport", "botocore"} <= snapshot.manifest["tool"].keys()


def test_a_changed_byte_is_detected(tmp_path: Path) -> None:
    path = write(tmp_path)
    file = path / "identities.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"identities\.parquet was changed"):
        load(path)


def test_a_missing_file_is_detected(tmp_path: Path) -> None:
    path = write(tmp_path)
    (path / "policies.parquet").unlink()
    with pytest.raises(SnapshotError, match=r"policies\.parquet is missing"):
        load(path)


@pytest.mark.parametrize("manifest", ["", "{", "[]", '{"format": "other/9"}', '{"format": "sesreport-snapshot/1"}'])
def test_a_manifest_that_is_none_is_one_clear_error(tmp_path: Path, manifest: str) -> None:
    path = write(tmp_path)
    (path / "manifest.json").write_text(manifest)
    with pytest.raises(SnapshotError, match=str(path)):
        load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"started_at": "yesterday"},
        {"finished_at": "2026-11-01T06:00:00"},
        {"started_at": None},
        {"files": []},
        {"files": {"coverage": {}}},
        {"files": {}},
        {"tool": "sesreport"},
    ],
)
def test_a_manifest_with_an_odd_value_is_one_clear_error(tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path)
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(SnapshotError, match=r"manifest\.json cannot be read"):
        load(path)


def test_a_folder_without_a_manifest_is_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="not a snapshot, or not a whole one"):
        load(tmp_path)


def test_a_frame_of_another_shape_is_detected(tmp_path: Path) -> None:
    path = write(tmp_path)
    file = path / "accounts.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["status"]), file)
    manifest = json.loads((path / "manifest.json").read_text())
    from sesreport.files import sha256_of

    manifest["files"]["accounts"]["sha256"] = sha256_of(file)
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SnapshotError, match=r"accounts\.parquet cannot be read"):
        _ = load(path).accounts


def test_two_collections_of_the_same_second_keep_both(tmp_path: Path) -> None:
    first, second = write(tmp_path), write(tmp_path)
    assert first != second
    assert snapshots(tmp_path) == [first, second]


def test_a_full_disk_leaves_nothing_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = write(tmp_path)
    written = []

    def full(table: object, file: Path, **options: object) -> None:
        written.append(file)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        file.write_bytes(b"partly")

    monkeypatch.setattr("sesreport.store.pq.write_table", full)
    with pytest.raises(WriteError, match="No space left on device; nothing was kept"):
        write(tmp_path, NOW.replace(day=2))
    assert snapshots(tmp_path) == [old]
    assert [p.name for p in tmp_path.iterdir()] == [old.name]
    load(old)


def test_an_unfinished_folder_is_never_listed(tmp_path: Path) -> None:
    (tmp_path / ".20261101T060000Z-abc").mkdir()
    (tmp_path / ".20261101T060000Z-abc" / "manifest.json").write_text("{}")
    (tmp_path / "20261102T060000Z").mkdir()
    assert snapshots(tmp_path) == []


def test_a_folder_of_another_name_is_not_taken_for_a_snapshot(tmp_path: Path) -> None:
    path = write(tmp_path)
    shutil.copytree(path, tmp_path / "2026 backup")
    shutil.copytree(path, tmp_path / f"{path.name}.old")
    assert snapshots(tmp_path) == [path]
    assert snapshot_of(tmp_path, Period(2026, 10)) == path


def test_many_collections_of_one_second_stay_in_order(tmp_path: Path) -> None:
    made = [write(tmp_path) for _ in range(11)]
    assert snapshots(tmp_path) == made


def test_the_snapshot_of_a_month_is_the_first_after_its_end(tmp_path: Path) -> None:
    days = [
        datetime(2026, 10, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2026, 11, 20, tzinfo=UTC),
    ]
    paths = [write(tmp_path, day) for day in days]
    assert snapshot_of(tmp_path, Period(2026, 10)) == paths[1]


def test_without_one_after_it_is_the_last_within(tmp_path: Path) -> None:
    paths = [write(tmp_path, datetime(2026, 10, day, tzinfo=UTC)) for day in (2, 30)]
    assert snapshot_of(tmp_path, Period(2026, 10)) == paths[1]


def test_a_month_without_a_snapshot_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no snapshot for 2026-08 .* collect one"):
        snapshot_of(tmp_path, Period(2026, 8))


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


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(tmp_path / "f", "one")
    with pytest.raises(WriteError):
        write_whole(tmp_path / "missing" / "f", "two")
    assert (tmp_path / "f").read_text() == "one"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
