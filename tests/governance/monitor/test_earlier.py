"""Where the text of a policy before a change comes from."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from sesreport.governance.monitor.earlier import earlier_text
from sesreport.governance.monitor.event import Change, read_event
from sesreport.governance.monitor.watch import handler
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import write_snapshot
from tests.governance.monitor.cloudtrail import (
    ARN,
    CONTEXT,
    IDENTITY,
    OUTSIDER,
    OWN,
    REGION,
    Account,
    allow,
    deny,
    event,
    policy,
    put,
)

CHANGE = read_event(put(policy(allow())))
STRICT = policy(deny())


def snapshot(folder: Path, at: datetime, *, whole: bool = True, **policies: str) -> Path:
    """A snapshot with one identity; not ``whole``: its policies could not be read."""
    place = {"account_id": OWN, "region": REGION, "identity": IDENTITY}
    identity = {**place, "arn": ARN, "identity_type": "DOMAIN", "policies": len(policies) if whole else None}
    rows: dict[str, list[dict[str, Any]]] = {
        "identities": [identity],
        "policies": [{**place, "policy_name": n, "document": d, "sha256": ""} for n, d in policies.items()],
    }
    made = {name: declared.from_rows(rows.get(name, [])) for name, declared in frames().items()}
    return write_snapshot(folder, made, started_at=at, finished_at=at + timedelta(minutes=20), about={})


def day(number: int) -> datetime:
    return datetime(2026, 11, number, 6, tzinfo=UTC)


def test_a_created_policy_was_not_there_before() -> None:
    created = read_event(event("CreateEmailIdentityPolicy", {"emailIdentity": IDENTITY, "policyName": "agency"}))
    found = earlier_text(created, "")
    assert found.known and found.text is None and "refuses a taken name" in found.since


def test_without_snapshots_the_text_is_not_known() -> None:
    assert not earlier_text(CHANGE, "").known


def test_the_last_snapshot_finished_before_the_change_counts(tmp_path: Path) -> None:
    snapshot(tmp_path, day(1), agency="{}")
    snapshot(tmp_path, day(18), agency=STRICT, other="{}")
    snapshot(tmp_path, CHANGE.at - timedelta(minutes=5), agency=policy(allow()))  # still running when it happened
    (tmp_path / "20261119T000000Z").mkdir()  # not a whole snapshot
    found = earlier_text(CHANGE, str(tmp_path))
    assert (found.known, found.text, found.since) == (
        True,
        STRICT,
        "the policy's text in the snapshot 20261118T060000Z",
    )


def test_a_policy_the_snapshot_does_not_have_was_not_there(tmp_path: Path) -> None:
    snapshot(tmp_path, day(1))
    found = earlier_text(CHANGE, str(tmp_path))
    assert found.known and found.text is None and found.bare


def test_a_snapshot_that_did_not_read_the_identity_says_nothing(tmp_path: Path) -> None:
    snapshot(tmp_path, day(1), whole=False)
    found = earlier_text(CHANGE, str(tmp_path))
    assert not found.known and "were not read in it" in found.note


def test_an_identity_the_snapshot_does_not_know_is_not_known(tmp_path: Path) -> None:
    snapshot(tmp_path, day(1), agency=STRICT)
    other = read_event(put(policy(allow()), identity="shop.example.com"))
    assert not earlier_text(other, str(tmp_path)).known


def test_of_an_identity_the_event_does_not_name_nothing_is_known(tmp_path: Path) -> None:
    snapshot(tmp_path, day(1), agency=STRICT)
    found = earlier_text(replace(CHANGE, identity=None), str(tmp_path))
    assert not found.known and "does not say which identity" in found.note


def test_a_changed_snapshot_is_not_believed(tmp_path: Path) -> None:
    made = snapshot(tmp_path, day(1), agency=STRICT)
    file = made / "policies.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    found = earlier_text(CHANGE, str(tmp_path))
    assert not found.known and "changed after it was written" in found.note


@pytest.mark.parametrize("location", ["nowhere", "ftp://example.com/x"])
def test_a_location_that_cannot_be_listed_is_a_note(tmp_path: Path, location: str) -> None:
    found = earlier_text(CHANGE, location if "://" in location else str(tmp_path / location))
    assert not found.known and "cannot be listed" in found.note


def test_without_pyarrow_the_snapshot_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot(tmp_path, day(1), agency=STRICT)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = earlier_text(CHANGE, str(tmp_path))
    assert not found.known and "pyarrow" in found.note


@pytest.fixture
def weakened(account: Account) -> Change:
    """A Deny that was put in place of a stricter one, on an identity that another policy opens."""
    weak = policy(deny(Condition={"Bool": {"aws:SecureTransport": "false"}}))
    account.identity(open=policy(allow(OUTSIDER)), agency=weak)
    return read_event(put(weak))


def test_a_snapshot_in_s3_shows_what_a_weakened_deny_newly_allows(
    account: Account, weakened: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = snapshot(tmp_path, day(1), open=policy(allow(OUTSIDER)), agency=STRICT)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="snapshots", CreateBucketConfiguration={"LocationConstraint": REGION})
    for file in made.iterdir():
        s3.upload_file(str(file), "snapshots", f"ses/{made.name}/{file.name}")
    monkeypatch.setenv("SESREPORT_WATCH_SNAPSHOTS", "s3://snapshots/ses")
    assert handler(put(weakened.policy), CONTEXT)["outcome"] == "newly allows"
    message = account.heard()[0]["Message"]
    assert (
        "Compared   with the policy's text in the snapshot 20261101T060000Z" in message
        and "open, statement 1 allows it" in message
    )


def test_a_bucket_that_is_not_there_is_told_in_the_message(
    account: Account, weakened: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESREPORT_WATCH_SNAPSHOTS", "s3://nowhere/ses")
    assert handler(put(weakened.policy), CONTEXT)["outcome"] == "cannot be judged"
    assert "no snapshot could be used: s3://nowhere/ses" in account.heard()[0]["Message"]
