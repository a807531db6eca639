"""Snapshots kept at a URL: S3 served by moto over HTTP, and fsspec's own memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import fsspec
import pandas as pd
import pytest
from fsspec.implementations.arrow import ArrowFSWrapper
from moto.server import ThreadedMotoServer

from sesreport.core.errors import ConfigError, SnapshotError, WriteError
from sesreport.settings.config import Config
from sesreport.snapshot import storage
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, snapshots, write_snapshot

Frames = dict[str, pd.DataFrame]
NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(storage, "user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path


@pytest.fixture
def collected() -> Frames:
    return {name: frame.from_rows(frame.samples) for name, frame in frames().items()}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": s3, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="evidence")
    yield "evidence"
    keys = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket="evidence").get("Contents", [])]
    for key in keys:
        boto3.client("s3").delete_object(Bucket="evidence", Key=key)


def refuse(*_: object) -> None:
    raise PermissionError("no")


def config_of(url: str) -> Config:
    return Config.model_validate({"paths": {"snapshots": url}})


def written(folder: Path, collected: Frames) -> Path:
    return write_snapshot(folder, collected, started_at=NOW, finished_at=NOW, about={"scope": "organization"})


def keys_in(bucket: str) -> list[str]:
    return [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]


def test_a_snapshot_in_s3_is_read_from_another_machine(bucket: str, collected: Frames, cache: Path) -> None:
    url = f"s3://{bucket}/ses/snapshots"
    folder = storage.snapshots_folder(config_of(url))
    path = written(folder, collected)
    storage.publish(folder, url)
    assert f"ses/snapshots/{path.name}/manifest.json" in keys_in(bucket)
    (cache / "cache").rename(cache / "gone")
    (found,) = snapshots(storage.snapshots_folder(config_of(url)))
    assert load(found).sha256 == load(cache / "gone" / path.relative_to(cache / "cache")).sha256


def test_a_snapshot_without_its_manifest_is_not_there_yet(bucket: str, collected: Frames, tmp_path: Path) -> None:
    path = written(tmp_path / "local", collected)
    for file in path.glob("*.parquet"):
        boto3.client("s3").upload_file(str(file), bucket, f"s/{path.name}/{file.name}")
    assert snapshots(storage.mirror(f"s3://{bucket}/s")) == []


def test_what_could_not_be_published_is_published_with_the_next(
    bucket: str, collected: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = storage.mirror(f"s3://{bucket}/s")
    first = written(folder, collected)
    with monkeypatch.context() as denied, pytest.raises(WriteError, match=f"the snapshot is kept at {first}"):
        denied.setattr(ArrowFSWrapper, "put_file", refuse)
        storage.publish(folder, f"s3://{bucket}/s")
    second = written(folder, collected)
    storage.publish(folder, f"s3://{bucket}/s")
    assert {key for key in keys_in(bucket) if key.endswith("manifest.json")} == {
        f"s/{first.name}/manifest.json",
        f"s/{second.name}/manifest.json",
    }


def test_a_changed_byte_in_s3_is_noticed(bucket: str, collected: Frames, cache: Path) -> None:
    url = f"s3://{bucket}/s"
    folder = storage.mirror(url)
    path = written(folder, collected)
    storage.publish(folder, url)
    boto3.client("s3").put_object(Bucket=bucket, Key=f"s/{path.name}/identities.parquet", Body=b"other")
    (cache / "cache").rename(cache / "gone")
    (found,) = snapshots(storage.mirror(url))
    with pytest.raises(SnapshotError, match=r"identities\.parquet was changed"):
        load(found)


def test_any_scheme_of_fsspec_will_do(collected: Frames) -> None:
    folder = storage.mirror("memory://evidence")
    path = written(folder, collected)
    storage.publish(folder, "memory://evidence")
    assert fsspec.filesystem("memory").exists(f"/evidence/{path.name}/manifest.json")


def test_a_folder_may_be_named_by_its_url(collected: Frames, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared/snapshots"
    folder = storage.mirror(url)
    path = written(folder, collected)
    storage.publish(folder, url)
    assert load(tmp_path / "shared" / "snapshots" / path.name).sha256 == load(path).sha256


def test_two_machines_that_began_in_the_same_second_both_keep_their_snapshot(
    collected: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seals = f"file://{tmp_path}/shared", []
    for machine in ("one", "two"):
        monkeypatch.setattr(storage, "user_cache_path", lambda name, machine=machine: tmp_path / machine / name)
        folder = storage.mirror(url if machine == "one" else f"file://{tmp_path}/nothing-yet")
        path = write_snapshot(folder, collected, started_at=NOW, finished_at=NOW, about={"by": machine})
        renamed = storage.publish(folder, url)
        seals.append(load(renamed.get(path, path)).sha256)
    found = snapshots(tmp_path / "shared")
    assert [path.name for path in found] == ["20261101T060000Z", "20261101T060000Z-2"]
    assert [load(path).sha256 for path in found] == seals


def test_a_snapshot_that_was_taken_away_is_not_put_back(collected: Frames, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    folder = storage.mirror(url)
    path = written(folder, collected)
    storage.publish(folder, url)
    shutil.rmtree(tmp_path / "shared" / path.name)
    second = written(folder, collected)
    storage.publish(folder, url)
    assert [one.name for one in snapshots(tmp_path / "shared")] == [second.name]


@pytest.mark.parametrize("url", ["nothing://x", "s3://no-such-bucket/x"])
def test_a_url_that_cannot_be_read_is_said(bucket: str, url: str) -> None:
    with pytest.raises(ConfigError, match=rf"paths.snapshots: {url} cannot be"):
        storage.mirror(url)
