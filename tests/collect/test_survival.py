"""Collections that are cut off, refused, killed, or meet an API on a bad day: nothing is lost, nothing is made up."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sesreport.aws.clients
from sesreport.cli.lines import tell_cut_off
from sesreport.collect.executors import executor_at
from sesreport.collect.run import collect
from sesreport.core.errors import ConfigError
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot, load, snapshots

ROOT = Path(__file__).resolve().parents[2]
REGIONS = ["eu-west-1", "us-east-1"]
SIZES = "25,3,18,0,9,31,14,7,22,5"
DENIED = ["210000000003", "210000000004", "210000000005"]


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *options: str) -> Iterator[str]:
    """The endpoint, with the SDK of this process and its children pointed at it."""
    command = [sys.executable, "-m", "tests.collect.endpoint", "--regions", ",".join(REGIONS), *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        url = server.stdout.readline().strip()
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": os.devnull, "AWS_DEFAULT_REGION": REGIONS[0], "PYTHONPATH": str(ROOT),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield url
        server.stdin.close()


def seen(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/_seen") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def answers(url: str) -> int:
    return sum(seen(url)["answered"].values())


def settings(folder: Path, **collect: Any) -> Config:
    told = {
        "organization": {"regions": REGIONS},
        "collect": {"pace": 0, "timeout": 1, "workers": 8, **collect},
        "paths": {"snapshots": str(folder)},
    }
    return Config.model_validate(told)


now: Callable[[], datetime] = partial(datetime.now, UTC)  # of the standard library, so that a cluster knows it


def read(folder: Path, clock: Callable[[], datetime] = now, **how: Any) -> Snapshot:
    return load(collect(settings(folder), clock=clock, **how))


def command(folder: Path, *options: str) -> list[str]:
    """The command line of a collection into a folder."""
    file = folder.parent / "sesreport.toml"
    file.write_text(
        f"[organization]\nregions = {json.dumps(REGIONS)}\n[collect]\npace = 0\ntimeout = 1\nworkers = 8\n"
        f'[paths]\nsnapshots = "{folder}"\n'
    )
    return [sys.executable, "-m", "sesreport", "collect", "--quiet", "--config", str(file), *options]


def what_was_read(snapshot: Snapshot, accounts: set[str]) -> dict[str, pd.DataFrame]:
    """Frames less the times at which they were read."""
    frames = {name: frame for name, frame in snapshot.frames.items() if name not in ("coverage", "accounts")}
    return {
        name: frame[frame["account_id"].isin(accounts)]
        .drop(columns="observed_at", errors="ignore")
        .reset_index(drop=True)
        for name, frame in frames.items()
    }


def assert_same(one: Snapshot, other: Snapshot, accounts: set[str]) -> None:
    theirs = what_was_read(other, accounts)
    for name, frame in what_was_read(one, accounts).items():
        pd.testing.assert_frame_equal(frame, theirs[name])


def ok_accounts(snapshot: Snapshot) -> set[str]:
    regional = snapshot.coverage[snapshot.coverage["region"] != "global"]
    return set(regional["account_id"]) - set(regional.loc[regional["status"] != "ok", "account_id"])


def test_a_bad_day_with_two_kills_ends_like_a_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(monkeypatch, "--sizes", SIZES):
        good = read(tmp_path / "good")
    bad, kills = tmp_path / "bad", 0
    options = ("--sizes", SIZES, "--failing", "0.1", "--denied", ",".join(DENIED), "--seed", "4")
    with serving(monkeypatch, *options) as url:
        for threshold in (20, 45):
            with subprocess.Popen(command(bad, "--resume"), stdout=subprocess.DEVNULL) as running:
                while answers(url) < threshold and running.poll() is None:
                    time.sleep(0.01)
                kills += running.poll() is None
                running.send_signal(signal.SIGKILL)
        assert snapshots(bad) == []
        tell_cut_off(settings(bad), resume=False, day=now().date())
        hinted = capsys.readouterr().err
        read(bad, resume=True)
        told = seen(url)
    assert kills == 2
    assert hinted.count("go on with --resume") == 1
    (path,) = snapshots(bad)
    assert not list(bad.glob(".collecting-*"))
    snapshot = load(path)
    assert snapshot.manifest["answers_before_resuming"] > 0
    whole = snapshot.coverage[snapshot.coverage["dataset"] == "everything"]
    assert set(whole["account_id"]) == set(DENIED)
    assert set(whole["status"]) == {"denied"}
    fine = ok_accounts(snapshot)
    assert fine == {"210000000001", "210000000002"}
    assert_same(snapshot, good, fine)
    faults = ("500", "503", "reset", "garbage", "cut", "expired", "skew", "hang", "throttled")
    assert sum(told["calls"].get(name, 0) for name in faults) > 10
    again = {key: times for key, times in told["answered"].items() if times > 1 and "AssumeRole" not in key}
    again = {key: times for key, times in again.items() if "GetCallerIdentity" not in key}
    assert sum(again.values()) - len(again) <= kills * 8  # what was on its way when the process was killed
    assert snapshot.coverage["retries"].sum() > 0


def test_nothing_is_asked_again_after_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", SIZES) as url:
        told: list[int] = []

        def interrupt(what: str, done: int, total: int) -> None:
            if what != "accounts" and done > 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            read(tmp_path, progress=interrupt)
        told.append(answers(url))
        snapshot = read(tmp_path, resume=True)
        questions = seen(url)["answered"]
    assert {key for key, times in questions.items() if times > 1} <= {
        key for key in questions if "AssumeRole" in key or "GetCallerIdentity" in key
    }
    assert ok_accounts(snapshot) == {f"{210000000001 + n}" for n in range(5)}
    assert snapshot.started_at < snapshot.finished_at


def test_other_settings_cannot_go_on_with_a_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done > 1:
            raise KeyboardInterrupt

    with serving(monkeypatch, "--sizes", SIZES):
        with pytest.raises(KeyboardInterrupt):
            read(tmp_path, progress=interrupt)
        with pytest.raises(ConfigError, match="was begun with other settings, scope, credentials or month"):
            collect(settings(tmp_path, metric_days=30), clock=now, resume=True)


def test_two_collections_at_once_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", "5,5,5,5") as url:
        both = [subprocess.Popen(command(tmp_path / "s", "--resume"), stdout=subprocess.DEVNULL) for _ in range(2)]
        assert [one.wait(60) for one in both] == [0, 0]
        lists = [times for key, times in seen(url)["answered"].items() if "ListEmailIdentities" in key]
    assert lists == [2] * 4
    one, two = map(load, snapshots(tmp_path / "s"))
    assert_same(one, two, ok_accounts(one))


def test_a_full_disk_is_one_line_and_old_snapshots_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", SIZES):
        before = read(tmp_path / "s")
        full = subprocess.run(
            command(tmp_path / "s"),
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)),
        )
        assert full.returncode == 4
        assert full.stderr.strip().count("\n") == 0
        assert "go on with --resume" in full.stderr
        assert [load(path).sha256 for path in snapshots(tmp_path / "s")] == [before.sha256]
        after = read(tmp_path / "s", resume=True)
    assert_same(after, before, ok_accounts(before))


def test_a_role_whose_sessions_are_revoked_is_assumed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sesreport.aws.clients, "FRESH", 0)
    with serving(monkeypatch, "--sizes", SIZES, "--revoke-after", "60") as url:
        snapshot = read(tmp_path)
        assert seen(url)["calls"]["revoked"] > 0
    assert len(ok_accounts(snapshot)) == 5


def test_an_incremental_collection_reads_only_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", "12,9,6,6") as url:
        first = read(tmp_path)
        told = answers(url)
        urllib.request.urlopen(f"{url}/_change/210000000001/eu-west-1/d3.example.com").close()
        urllib.request.urlopen(f"{url}/_change/210000000001/eu-west-1/d6.example.com/silent").close()
        second = read(tmp_path, incremental=True)
        calls = answers(url) - told
    assert second.manifest["mode"] == "incremental"
    assert second.manifest["based_on"] == {"id": first.id, "sha256": first.sha256}
    fresh = second.identities[second.identities["observed_at"] >= second.started_at]
    assert fresh[["account_id", "region", "identity"]].to_dict("records") == [
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "d3.example.com"}
    ]
    assert second.manifest["identities_carried"] == 32
    documents = second.policies.set_index(["account_id", "region", "identity"])["document"]
    assert "change1" in documents["210000000001", "eu-west-1", "d3.example.com"]
    assert len(second.policies) == len(first.policies)
    assert calls < 4 * 12 + 20
    assert second.changes["identity"].tolist() == ["d3.example.com"]


def test_a_row_older_than_the_configured_age_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", "4"):
        read(tmp_path)
        later = read(tmp_path, clock=lambda: now() + timedelta(days=8), incremental=True)
    assert (later.identities["observed_at"] >= later.started_at).all()
    assert later.manifest["identities_carried"] == 0


def test_a_full_collection_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", "4"):
        read(tmp_path)
        second = read(tmp_path)
    assert second.manifest["mode"] == "full"
    assert (second.identities["observed_at"] >= second.started_at).all()


def test_processes_read_what_threads_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, "--sizes", SIZES, "--denied", DENIED[0]):
        threads = read(tmp_path / "threads")
        with executor_at("processes://2") as pool:
            processes = read(tmp_path / "processes", executor=pool)
    assert_same(threads, processes, set(threads.accounts["account_id"]))
    about = ["account_id", "region", "dataset", "status", "calls", "rows"]
    pd.testing.assert_frame_equal(threads.coverage[about], processes.coverage[about])


def test_a_cluster_that_loses_a_worker_still_reads_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed: no cluster to lose a worker of")
    with serving(monkeypatch, "--sizes", SIZES) as url:
        threads = read(tmp_path / "threads")
        before = answers(url)
        dask = [sys.executable, "-m", "distributed.cli"]
        with cluster(dask, tmp_path) as (address, workers), executor_at(f"dask://{address}") as pool:

            def kill(what: str, done: int, total: int) -> None:
                if what != "accounts" and done >= 2 and workers[0].poll() is None:
                    workers[0].send_signal(signal.SIGKILL)

            snapshot = read(tmp_path / "cluster", executor=pool, progress=kill)
            assert workers[0].wait(10) == -signal.SIGKILL
        assert answers(url) > before
    assert_same(threads, snapshot, set(threads.accounts["account_id"]))


@contextmanager
def cluster(dask: list[str], folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers in processes of their own; the scheduler's address and the workers."""
    file = folder / "scheduler.json"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    scheduler_module, worker_module = f"{dask[2]}.dask_scheduler", f"{dask[2]}.dask_worker"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    running = [subprocess.Popen([*dask[:2], scheduler_module, *common, "--host", "127.0.0.1", "--port", "0"], **quiet)]
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    options = [*common, "--nthreads", "4", "--no-nanny", "--death-timeout", "60"]
    running += [subprocess.Popen([*dask[:2], worker_module, *options], **quiet) for _ in range(2)]
    try:
        address = json.loads(file.read_text())["address"].removeprefix("tcp://")
        yield address, running[1:]
    finally:
        for one in running:
            one.kill()
            one.wait()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("dusk://host:1", "no such scheme; did you mean 'dask'"),
        ("processes://many", "say how many"),
    ],
)
def test_an_executor_that_cannot_be_is_said(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says), executor_at(url):
        pass
