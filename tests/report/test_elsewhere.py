"""Months worked out in processes of their own: the same pack as without them, whatever becomes of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from sesreport.analysis import elsewhere, remembered
from sesreport.analysis.elsewhere import Elsewhere, Step
from sesreport.core.period import Period
from sesreport.findings import beforehand
from sesreport.report import compute
from sesreport.report.contents import Pack
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import Snapshot, load, write_snapshot

OCTOBER = Period(2026, 10)
ACCOUNT, REGION, VENDOR = "210000000001", "eu-west-1", "310000000001"
BEGUN = [datetime.fromisoformat(f"2026-{month:02}-03T06:00+00:00") for month in (9, 10, 11)]
POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Sid": "%s", "Effect": "Allow", "Principal": {"AWS": "%s"}, '
    '"Action": "ses:SendEmail", "Resource": "*"}]}'
)


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    """Snapshots of three months, just large enough for the disk to keep what is computed of them."""
    folder = tmp_path_factory.mktemp("snapshots")
    return [load(_month(folder, number, begun)) for number, begun in enumerate(BEGUN)]


def _month(folder: Path, number: int, begun: datetime) -> Path:
    declared = frames()
    made = {name: frame.empty() for name, frame in declared.items()}
    made["accounts"] = declared["accounts"].from_rows(
        [{"account_id": ACCOUNT, "name": "shop", "status": "ACTIVE", "management_account": True,
          "in_organization": True, "organization_id": "o-examplecorp1"}]
    )  # fmt: skip
    names = [f"d{n}.example.com" for n in range(remembered.WORTH)]
    texts = {name: POLICY % (n, VENDOR if n != number else "*") for n, name in enumerate(names[:9])}
    where = {"account_id": ACCOUNT, "region": REGION}
    made["identities"] = declared["identities"].from_rows(
        {**where, "identity": name, "identity_type": "DOMAIN", "policies": int(name in texts),
         "arn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{name}", "tags": "{}" if n % 2 else '{"owner": "shop"}'}
        for n, name in enumerate(names)
    )  # fmt: skip
    made["policies"] = declared["policies"].from_rows(
        {**where, "identity": name, "policy_name": "p", "document": text, "sha256": text}
        for name, text in texts.items()
    )
    days = pd.date_range(pd.Timestamp(begun).floor("D") - pd.Timedelta(days=150), periods=150, freq="D")
    sent = [900.0 + 60 * (day * 5 % 7) + 20_000.0 * (day == 140) for day in range(150)]
    made["metrics"] = declared["metrics"].from_rows(
        {**where, "metric": "Send", "dimension": "account", "at": day.to_pydatetime(), "value": value}
        for day, value in zip(days, sent, strict=True)
    )
    made["coverage"] = declared["coverage"].from_rows(
        {**where, "dataset": name, "status": "ok", "calls": 1, "retries": 0, "rows": 1, "seconds": 0.1}
        for name in ("identities", "policies", "sending", "metrics", "changes", "sending_accounts")
    )
    return write_snapshot(folder, made, started_at=begun, finished_at=begun, about={})


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def plain(months: list[Snapshot], tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The pack without any other process."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compute, "cores", lambda: 1)
        patched.setattr(elsewhere, "Elsewhere", None)
        return _pack(months, tmp_path_factory.mktemp("plain"))


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """On a machine of two cores: the processes that were begun, all of which must have ended."""
    begun: list[subprocess.Popen[bytes]] = []
    start = Elsewhere._start

    def kept(self: Elsewhere) -> subprocess.Popen[bytes] | None:
        if process := start(self):
            begun.append(process)
        return process

    monkeypatch.setattr(Elsewhere, "_start", kept)
    monkeypatch.setattr(compute, "cores", lambda: 2)
    yield begun
    assert begun
    assert all(process.poll() is not None for process in begun)


def _pack(months: list[Snapshot], cache: Path) -> Pack:
    config = Config.model_validate({"paths": {"cache": str(cache)}})
    earlier = {Period(2026, 8): months[0], Period(2026, 9): months[1]}
    return compute.make_pack(months[2], config, OCTOBER, earlier=earlier)


def _same(one: Pack, other: Pack) -> None:
    assert one.results.to_json().replace(one.results.configuration_sha256, "") == other.results.to_json().replace(
        other.results.configuration_sha256, ""
    )
    assert list(one.frames) == list(other.frames)
    for name, frame in one.frames.items():
        pd.testing.assert_frame_equal(frame, other.frames[name], obj=name)


def test_the_pack_is_the_same_and_its_months_were_worked_out_elsewhere(
    months: list[Snapshot], plain: Pack, ended: list[subprocess.Popen[bytes]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sesreport.findings.findings.find", lambda _: pytest.fail("was found here"))
    monkeypatch.setattr("sesreport.findings.fixes._fixes", lambda _: pytest.fail("was narrowed here"))
    _same(_pack(months, tmp_path / "cache"), plain)
    assert len(ended) == 2


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "print('something else')"])
def test_what_a_process_that_ends_leaves_is_worked_out_here(
    months: list[Snapshot], plain: Pack, ended: list[subprocess.Popen[bytes]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, program: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(elsewhere, "_SERVE", program)
    _same(_pack(months, tmp_path / "cache"), plain)


def test_a_process_that_is_killed_at_work_loses_nothing(
    months: list[Snapshot], plain: Pack, ended: list[subprocess.Popen[bytes]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    wait = Elsewhere.wait

    def killed(self: Elsewhere, *asked: object) -> None:
        for process in ended:
            process.kill()
        wait(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Elsewhere, "wait", killed)
    _same(_pack(months, tmp_path / "cache"), plain)


def test_no_process_outlives_an_interrupt(
    months: list[Snapshot], ended: list[subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        while not ended:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(compute, "score", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _pack(months, tmp_path / "cache")


def test_nobody_is_asked_for_what_is_kept(
    months: list[Snapshot], plain: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compute, "cores", lambda: 1)
    _pack(months, tmp_path / "cache")
    monkeypatch.setattr(compute, "cores", lambda: 2)
    monkeypatch.setattr(Elsewhere, "begin", lambda *_: pytest.fail("was begun"))
    _same(_pack(months, tmp_path / "cache"), plain)


def test_who_waits_after_all_processes_ended_need_not(
    months: list[Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "_SERVE", "raise SystemExit(1)")
    config = Config.model_validate({"paths": {"cache": str(tmp_path)}})
    analysis = compute.analysis_of(months[0], config, Period(2026, 8))
    with Elsewhere([(analysis.period, months[0].path)], config, 1) as there:
        for _ in range(3):
            step = Step(beforehand.found, ["found"])
            there.begin(analysis.period, step)
            there.wait(analysis.period, "found")
