"""A folder and a bucket end up with the pack, whole, once."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from delivery_aws import OCTOBER, Aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from sesreport.core.errors import ConfigError, SnapshotError
from sesreport.report.delivery import DeliveryOutcome, check, deliver
from sesreport.settings.config import Config

NOW = datetime(2026, 11, 3, 7, tzinfo=UTC)


def delivered(output: Path, **delivery: Any) -> list[DeliveryOutcome]:
    return deliver(Config(delivery=delivery), OCTOBER, now=NOW, output=output)


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


def to(share: Path) -> dict[str, Any]:
    return {"folder": [{"path": str(share)}]}


def test_a_folder_holds_every_file_of_the_pack(output: Path, share: Path) -> None:
    (outcome,) = delivered(output, **to(share))
    assert not outcome.failed
    assert content(share / "2026-10") == content(output / "2026-10")
    assert [path.name for path in share.iterdir()] == ["2026-10"]


def test_what_is_no_part_of_the_pack_stays_where_it_is(output: Path, share: Path) -> None:
    (output / "2026-10" / "~$notes.xlsx").write_text("open in Excel")
    delivered(output, **to(share))
    assert "~$notes.xlsx" not in content(share / "2026-10")


def test_a_folder_that_holds_the_pack_is_not_written_again(output: Path, share: Path) -> None:
    delivered(output, **to(share))
    before = (share / "2026-10").stat().st_ino
    (outcome,) = delivered(output, **to(share))
    assert outcome.said == "is there already, file by file; nothing was written"
    assert (share / "2026-10").stat().st_ino == before


def test_a_changed_copy_is_replaced_whole(output: Path, share: Path) -> None:
    delivered(output, **to(share))
    (share / "2026-10" / "results.json").write_text("{}")
    (share / "2026-10" / "old.txt").write_text("of an earlier pack")
    delivered(output, **to(share))
    assert content(share / "2026-10") == content(output / "2026-10")


def test_a_share_that_is_not_mounted_is_not_made(output: Path, share: Path) -> None:
    away = share / "not" / "mounted"
    assert "is not a folder that is there" in check(Config(delivery=to(away)))[0].said
    (outcome,) = delivered(output, **to(away))
    assert outcome.failed
    assert list(share.iterdir()) == []


def test_one_that_fails_does_not_stop_the_others(output: Path, share: Path) -> None:
    outcomes = delivered(output, folder=[{"path": str(share / "away")}, {"path": str(share)}])
    assert [outcome.failed for outcome in outcomes] == [True, False]
    assert (share / "2026-10" / "manifest.json").is_file()


def test_a_pack_that_was_changed_is_not_delivered(output: Path, share: Path) -> None:
    (output / "2026-10" / "results.json").write_text("{}")
    with pytest.raises(SnapshotError, match=r"results\.json was changed after the pack was made"):
        delivered(output, **to(share))
    assert list(share.iterdir()) == []


def test_a_manifest_cannot_name_files_outside_the_pack(output: Path, share: Path) -> None:
    secret = output / "secret"
    secret.write_text("key")
    path = output / "2026-10" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../secret"] = {"sha256": hashlib.sha256(b"key").hexdigest(), "bytes": 3}
    path.write_text(json.dumps(manifest))
    with pytest.raises(SnapshotError, match=r"\.\./secret is missing"):
        delivered(output, **to(share))


def test_a_pack_with_a_failed_notebook_is_not_delivered(output: Path, share: Path) -> None:
    path = output / "2026-10" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "status": "failed notebooks"}))
    with pytest.raises(ConfigError, match="failed notebooks; only a complete pack is delivered"):
        delivered(output, **to(share))


def test_without_a_pack_the_line_says_how_to_make_one(tmp_path: Path, share: Path) -> None:
    with pytest.raises(ConfigError, match=r"no pack of 2026-10 in .*; make it with 'sesreport run --period 2026-10'"):
        delivered(tmp_path / "none", **to(share))


BUCKET: dict[str, Any] = {"url": "s3://packs/governance"}


def bucket(aws: Aws) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="packs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket="packs", VersioningConfiguration={"Status": "Enabled"})
    return client


def keys_in(client: Any, name: str) -> list[str]:
    """All keys: a pack may have more files than one answer names."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def versions(client: Any) -> list[tuple[str, str]]:
    return [(v["Key"], v["VersionId"]) for v in client.list_object_versions(Bucket="packs")["Versions"]]


def test_a_bucket_holds_every_file_encrypted_and_typed(aws: Aws, output: Path) -> None:
    client = bucket(aws)
    (outcome,) = delivered(output, s3=[BUCKET])
    assert not outcome.failed, outcome.said
    found = {}
    for key in keys_in(client, "packs"):
        got = client.get_object(Bucket="packs", Key=key)
        found[key.removeprefix("governance/2026-10/")] = got["Body"].read()
        assert got["ServerSideEncryption"] == "AES256"
        assert got["ContentType"] != "binary/octet-stream"
    assert found == content(output / "2026-10")
    page = client.head_object(Bucket="packs", Key="governance/2026-10/ses-governance-2026-10.html")
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_a_key_of_the_customer_encrypts_where_one_is_named(aws: Aws, output: Path) -> None:
    client = bucket(aws)
    key = f"arn:aws:kms:eu-west-1:{DEFAULT_ACCOUNT_ID}:key/1234"
    delivered(output, s3=[{**BUCKET, "kms_key": key}])
    head = client.head_object(Bucket="packs", Key="governance/2026-10/results.json")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_the_manifest_is_put_last(aws: Aws, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sesreport.report.delivery.destinations import s3

    bucket(aws)
    order: list[str] = []
    put = s3._put

    def noted(client: Any, settings: Any, parcel: Any, name: str, key: str) -> None:
        order.append(name)
        put(client, settings, parcel, name, key)

    monkeypatch.setattr(s3, "_put", noted)
    delivered(output, s3=[BUCKET])
    assert order[-1] == "manifest.json"
    assert len(order) == len(content(output / "2026-10"))


def test_the_same_pack_makes_no_second_version(aws: Aws, output: Path) -> None:
    client = bucket(aws)
    delivered(output, s3=[BUCKET])
    before = versions(client)
    (outcome,) = delivered(output, s3=[BUCKET])
    assert outcome.said == "is there already"
    assert versions(client) == before


def test_only_what_differs_is_put(aws: Aws, output: Path) -> None:
    client = bucket(aws)
    delivered(output, s3=[BUCKET])
    client.put_object(Bucket="packs", Key="governance/2026-10/results.json", Body=b"{}")
    (outcome,) = delivered(output, s3=[BUCKET])
    assert outcome.said.startswith("1 of ")
    body = client.get_object(Bucket="packs", Key="governance/2026-10/results.json")["Body"].read()
    assert body == (output / "2026-10" / "results.json").read_bytes()


def test_a_bucket_that_is_not_there_is_one_line_before_collecting(aws: Aws) -> None:
    (outcome,) = check(Config(delivery={"s3": [BUCKET]}))
    assert outcome.failed
    assert "Not Found: look at the bucket packs" in outcome.said
    assert "\n" not in outcome.said


def test_a_bucket_that_is_there_passes_the_check_and_stays_empty(aws: Aws) -> None:
    client = bucket(aws)
    assert not check(Config(delivery={"s3": [BUCKET]}))[0].failed
    assert "Contents" not in client.list_objects_v2(Bucket="packs")


def test_the_role_named_is_the_one_that_puts(aws: Aws, output: Path) -> None:
    other = "210000000002"
    role = {"role_arn": f"arn:aws:iam::{other}:role/PackWriter", "region": "eu-west-1"}
    assumed = aws.client("sts").assume_role(RoleArn=role["role_arn"], RoleSessionName="test")["Credentials"]
    client = boto3.client(
        "s3", endpoint_url=aws.url, aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"], aws_session_token=assumed["SessionToken"],
    )  # fmt: skip
    client.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    (outcome,) = delivered(output, s3=[{"url": "s3://theirs", "bucket_owner": other, **role}])
    assert not outcome.failed, outcome.said
    assert len(keys_in(client, "theirs")) == len(content(output / "2026-10"))


def test_without_credentials_it_is_said(aws: Aws, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (outcome,) = delivered(output, s3=[BUCKET])
    assert outcome.said == "no AWS credentials to use"
