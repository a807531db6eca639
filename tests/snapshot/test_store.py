"""Snapshots are whole, sealed, and never changed."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from sesreport.core.errors import ConfigError, SchemaError, SnapshotError, WriteError
from sesreport.core.period import Period
from sesreport.snapshot import store
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, snapshot_of, snapshots, write_snapshot

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


def test_the_umask_holds_for_a_snapshot(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write(tmp_path / "snapshots")
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in (path.parent, path)} == {0o750}
    assert {each.stat().st_mode & 0o777 for each in path.iterdir()} == {0o640}


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
        {"files": []},
        {"files": {"accounts": "abc"}},
        {"files": {"accounts": {"rows": 3}}},
        {"files": {"accounts": {"sha256": "abc", "rows": "three"}}},
        {"started_at": "yesterday"},
        {"finished_at": None},
    ],
)
def test_a_manifest_with_a_wrong_part_is_one_clear_error(tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path)
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(SnapshotError, match=r"manifest\.json cannot be read") as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_truncated_manifest_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = write(tmp_path)
    text = (path / "manifest.json").read_bytes()
    (path / "manifest.json").write_bytes(text[: int(len(text) * kept)])
    with pytest.raises(SnapshotError, match=r"manifest\.json cannot be read"):
        load(path)


def test_another_format_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text.replace("sesreport-snapshot/1", "sesreport-snapshot/2"))
    with pytest.raises(SnapshotError, match="format 'sesreport-snapshot/2', not 'sesreport-snapshot/1'"):
        load(path)


def test_a_file_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SnapshotError, match="cannot be read"):
        load(tmp_path / "file")


def test_na_and_text_of_every_kind_come_back(tmp_path: Path) -> None:
    """Every collected frame with all NA but its keys, and with awkward text where text goes."""
    made = {}
    for name, frame in frames().items():
        sample = frame.samples[0]
        bare = {k: sample[k] for k, c in frame.all_columns.items() if k in frame.keys or c.required}
        awkward = {k: "=1+1\n\x00\u202e 'é 𝄞" for k, c in frame.columns.items() if c.kind == "text"}
        changed = {k: v for k, v in frame.samples[1].items() if k in frame.keys}
        made[name] = frame.from_rows([bare, {**bare, **awkward, **changed}])
    snapshot = load(write_snapshot(tmp_path, made, started_at=NOW, finished_at=NOW, about={}))
    for name, frame in made.items():
        pd.testing.assert_frame_equal(getattr(snapshot, name), frame)


def test_an_unknown_frame_is_an_attribute_error(tmp_path: Path) -> None:
    snapshot = load(write(tmp_path))
    with pytest.raises(AttributeError, match="no frame 'identity'"):
        _ = snapshot.identity
    assert not hasattr(snapshot, "__array__")


def test_a_dataset_that_is_newer_than_the_snapshot_is_empty(tmp_path: Path) -> None:
    made = {n: frame.from_rows(frame.samples) for n, frame in frames().items() if n != "costs"}
    path = write_snapshot(tmp_path, made, started_at=NOW, finished_at=NOW, about={})
    assert load(path).costs.empty


def test_a_frame_that_breaks_its_schema_leaves_no_snapshot(tmp_path: Path) -> None:
    made = {name: frame.from_rows(frame.samples) for name, frame in frames().items()}
    made["accounts"] = pd.concat([made["accounts"]] * 2, ignore_index=True)
    with pytest.raises(SchemaError, match="frame accounts: two rows with the key"):
        write_snapshot(tmp_path, made, started_at=NOW, finished_at=NOW, about={})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_manifest_is_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="not a snapshot, or not a whole one"):
        load(tmp_path)


def test_a_frame_of_another_shape_is_detected(tmp_path: Path) -> None:
    path = write(tmp_path)
    file = path / "accounts.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["status"]), file)
    manifest = json.loads((path / "manifest.json").read_text())
    from sesreport.core.files import sha256_of

    manifest["files"]["accounts"]["sha256"] = sha256_of(file)
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SnapshotError, match=r"accounts\.parquet cannot be read"):
        _ = load(path).accounts


def test_two_collections_of_the_same_second_keep_both(tmp_path: Path) -> None:
    first, second = write(tmp_path), write(tmp_path)
    assert first != second
    assert snapshots(tmp_path) == [first, second]


def test_collections_that_end_at_the_same_moment_keep_both(tmp_path: Path) -> None:
    meet = threading.Barrier(4)

    def together(_: int) -> Path:
        meet.wait()
        return write(tmp_path)

    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(together, range(4)))
    assert len(set(paths)) == 4
    assert set(snapshots(tmp_path)) == set(paths) == set(tmp_path.iterdir())
    for path in paths:
        load(path)


def test_a_name_taken_while_writing_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "20261101T060000Z"
    seal = store.sha256_of

    def late(file: Path) -> str:
        other.mkdir(exist_ok=True)
        (other / "manifest.json").write_text("theirs")
        return seal(file)

    monkeypatch.setattr(store, "sha256_of", late)
    assert write(tmp_path).name == "20261101T060000Z-2"
    assert (other / "manifest.json").read_text() == "theirs"


def test_a_disk_that_is_really_full_leaves_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        old = write(disk)
        (disk / "filler").write_bytes(b"x" * 4096)
        with pytest.raises(WriteError, match="No space left on device; nothing was kept"):
            for day in range(2, 9):
                write(disk, NOW.replace(day=day))
        assert snapshots(disk)[0] == old
        for path in snapshots(disk):
            load(path)
        assert {p.name for p in disk.iterdir()} == {"filler", *(p.name for p in snapshots(disk))}
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_the_system_refuses_to_grow_leaves_nothing(tmp_path: Path) -> None:
    """The limit on a file's size stands for a quota: the error comes from the system, in the middle of a file."""
    old = write(tmp_path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limit[1]))
    try:
        with pytest.raises(WriteError, match="nothing was kept of it"):
            write(tmp_path, NOW.replace(day=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(tmp_path.iterdir()) == [old]


def test_a_full_disk_leaves_nothing_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = write(tmp_path)
    written = []

    def full(table: object, file: Path, **options: object) -> None:
        written.append(file)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        file.write_bytes(b"partly")

    monkeypatch.setattr("sesreport.snapshot.store.pq.write_table", full)
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


def test_a_folder_of_another_name_is_no_snapshot(tmp_path: Path) -> None:
    path = write(tmp_path)
    for name in ("2026-kept", "20261101", "20261101T060000Z.bak", "20261101T060000Z-"):
        shutil.copytree(path, tmp_path / name)
    assert snapshots(tmp_path) == [path]
    assert snapshot_of(tmp_path, Period(2026, 10)) == path


def test_many_of_one_second_stay_in_order(tmp_path: Path) -> None:
    path = write(tmp_path)
    later = [shutil.copytree(path, tmp_path / f"{path.name}-{number}") for number in (10, 2)]
    assert snapshots(tmp_path) == [path, *reversed(later)]


def test_a_month_of_snapshots_is_half_open(tmp_path: Path) -> None:
    last, first = (
        write(tmp_path, datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)),
        write(tmp_path, datetime(2026, 12, 1, tzinfo=UTC)),
    )
    assert snapshot_of(tmp_path, Period(2026, 10)) == last
    assert snapshot_of(tmp_path, Period(2026, 11)) == first
    with pytest.raises(ConfigError, match="no snapshot for 2027-01"):
        snapshot_of(tmp_path, Period(2027, 1))


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
