"""An outage ends a collection before it is sealed; a dead place is a gap; a call ends at its deadline."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from sesreport.aws.clients import Aws
from sesreport.aws.deadlines import DeadlineError
from sesreport.collect.journal import cut_off
from sesreport.collect.outage import Outage
from sesreport.collect.run import collect
from sesreport.core.errors import CollectError, CredentialsError, OutageError
from sesreport.settings.config import Config
from sesreport.snapshot.store import load, snapshots
from tests.collect.double import OWN, REGION, Answer, Double, named, running

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
NAMES = [f"d{number}.example.com" for number in range(6)]
Lead = Callable[[str], None]


@dataclass
class Breaking(Double):
    """A double that cuts every connection while it is broken."""

    broken: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, path: str, headers: dict[str, str], body: str) -> Answer:
        if self.broken.is_set():
            raise ConnectionResetError
        return super().answer(method, path, headers, body)


def breaking(after: int = 10**6) -> Breaking:
    """Six identities, and an endpoint that breaks when so many of them were asked for."""
    asked: list[str] = []

    def detail(path: str, parameters: dict[str, str]) -> Answer:
        asked.append(path)
        if len(asked) == after:
            double.broken.set()
        return 200, {"Policies": {"p": "{}"}, "Tags": [], "IdentityType": "DOMAIN"}

    entries = [named(name) for name in NAMES]
    double = Breaking({"identities": (200, {"EmailIdentities": entries}), "identity": detail})
    return double


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Lead:
    """Leads the SDK to an endpoint."""

    def to(url: str) -> None:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            monkeypatch.setenv(name, value)

    return to


def settings(folder: Path, *, outage: float = 0.5, **more: object) -> Config:
    """``outage`` may be shorter than the settings allow."""
    config = Config.model_validate(
        {
            "organization": {"regions": [REGION]},
            "collect": {"pace": 0, "max_attempts": 2, "timeout": 2, "workers": 1, **more},
            "paths": {"snapshots": str(folder)},
        }
    )
    return config.model_copy(update={"collect": config.collect.model_copy(update={"outage": outage})})


def read(config: Config, *, resume: bool = False) -> Path:
    return collect(config, clock=lambda: NOW, single_account=True, resume=resume)


def test_an_outage_seals_nothing_and_the_collection_can_be_gone_on_with(tmp_path: Path, lead: Lead) -> None:
    config = settings(tmp_path)
    double = breaking(after=3)
    with running(double) as url:
        lead(url)
        with pytest.raises(OutageError, match=r"AWS has not answered for \d+ seconds .*--resume") as caught:
            read(config)
        assert caught.value.exit_code == 4
        assert snapshots(tmp_path) == []
        double.broken.clear()
        snapshot = load(read(config, resume=True))
    assert snapshot.identities["identity"].tolist() == NAMES
    assert snapshot.identities["policies"].tolist() == [1] * len(NAMES)
    assert (snapshot.coverage["status"] == "ok").sum() == len(snapshot.coverage) - 1  # costs are left out
    assert snapshot.manifest["answers_before_resuming"] > 3
    assert cut_off(tmp_path) == []


def test_what_an_outage_left_says_when_it_was_begun_and_by_whom(tmp_path: Path, lead: Lead) -> None:
    with running(breaking(after=1)) as url:
        lead(url)
        with pytest.raises(OutageError):
            read(settings(tmp_path))
    (left,) = cut_off(tmp_path)
    assert left.folder.name.startswith(".collecting-20261101T060000Z-")
    assert f"begun 2026-11-01 06:00 UTC by account {OWN} (single account) was cut off after" in str(left)


def test_what_was_begun_in_another_month_is_not_gone_on_with(tmp_path: Path, lead: Lead) -> None:
    config = settings(tmp_path)
    double = breaking(after=3)
    with running(double) as url:
        lead(url)
        with pytest.raises(OutageError):
            read(config)
        double.broken.clear()
        december = datetime(2026, 12, 1, 6, tzinfo=UTC)
        snapshot = load(collect(config, clock=lambda: december, single_account=True, resume=True))
    assert snapshot.started_at == december
    assert snapshot.manifest["answers_before_resuming"] == 0
    assert len(cut_off(tmp_path)) == 1


def test_an_endpoint_that_comes_back_in_time_leaves_no_gap(tmp_path: Path, lead: Lead) -> None:
    double = breaking(after=3)
    with running(double) as url:
        lead(url)
        threading.Timer(0.7, double.broken.clear).start()
        snapshot = load(read(settings(tmp_path, outage=20)))
    assert snapshot.identities["policies"].tolist() == [1] * len(NAMES)
    assert set(snapshot.coverage["status"]) == {"ok", "skipped"}


def test_one_identity_that_breaks_the_connection_costs_itself_alone(tmp_path: Path, lead: Lead) -> None:
    double = breaking()
    detail = double.answers["identity"]
    assert callable(detail)

    def bad(path: str, parameters: dict[str, str]) -> Answer:
        if "d2." in path:
            raise ConnectionResetError
        return detail(path, parameters)

    double.answers["identity"] = bad
    with running(double) as url:
        lead(url)
        snapshot = load(read(settings(tmp_path)))
    policies = snapshot.identities.set_index("identity")["policies"]
    assert policies.index[policies.isna()].tolist() == ["d2.example.com"]
    reason = snapshot.coverage.set_index("dataset")["reason"]
    assert reason["policies"].startswith("d2.example.com: ")


def reset(path: str, parameters: dict[str, str]) -> Answer:
    raise ConnectionResetError


@pytest.mark.parametrize(
    ("answer", "attempts"), [(reset, 2), ((429, {"__type": "TooManyRequestsException", "message": "later"}), 3)]
)
def test_a_region_that_stops_serving_is_not_asked_for_each_identity(
    tmp_path: Path, lead: Lead, answer: Answer, attempts: int
) -> None:
    entries = [named(f"d{number}.example.com") for number in range(30)]
    double = Double({"identities": (200, {"EmailIdentities": entries}), "identity": answer})
    with running(double) as url:
        lead(url)
        snapshot = load(read(settings(tmp_path, max_attempts=1)))
    assert snapshot.identities["policies"].isna().all() and len(snapshot.identities) == 30
    assert snapshot.coverage.set_index("dataset").loc["policies", "status"] != "ok"
    assert 10 <= double.seen.count("identity") <= attempts * 10


def test_no_endpoint_at_all_is_one_line_and_leaves_nothing(tmp_path: Path, lead: Lead) -> None:
    lead("http://127.0.0.1:1")
    with pytest.raises(CollectError, match="AWS cannot be reached") as caught:
        read(settings(tmp_path))
    assert caught.value.exit_code == 4
    assert not list(tmp_path.iterdir())


def test_a_denied_list_of_accounts_leaves_no_half_collection(tmp_path: Path, lead: Lead) -> None:
    denied = (403, {"__type": "AccessDeniedException", "message": "no"})
    with running(Double({"ListRoots": denied})) as url:
        lead(url)
        with pytest.raises(CredentialsError, match="may not list the organization's accounts"):
            collect(settings(tmp_path), clock=lambda: NOW)
    assert not list(tmp_path.iterdir())


def test_silence_is_an_outage_after_so_many_seconds_and_not_before() -> None:
    outage = Outage(0.2, lambda: ConnectionError("nobody there"))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(0.1)

    with pytest.raises(OutageError, match="nobody there"):
        outage.wait(pause)
    assert pauses


def test_an_answer_elsewhere_is_no_outage() -> None:
    outage = Outage(60, lambda: None)
    assert outage.wait(lambda seconds: None) is False


def test_an_answer_after_a_while_is_worth_another_attempt() -> None:
    silences: list[Exception | None] = [ConnectionError("no"), None]
    outage = Outage(60, lambda: silences.pop(0))
    assert outage.wait(lambda seconds: None) is True


@contextmanager
def dripping(head: bytes) -> Iterator[str]:
    """Sends a byte every 50 ms, for ever, after the head."""

    def drip(connection: socket.socket) -> None:
        try:
            connection.recv(65536)
            connection.sendall(head)
            while True:
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow:", b"HTTP/1.1 200 O"],
    ids=["body", "headers", "status"],
)
def test_a_call_whose_answer_drips_ends_at_its_deadline(tmp_path: Path, lead: Lead, head: bytes) -> None:
    with running(Double()) as url:
        lead(url)
        aws = Aws(settings(tmp_path, timeout=0.5))
    with dripping(head) as slow:
        os.environ["AWS_ENDPOINT_URL_SESV2"] = slow
        try:
            with pytest.raises(DeadlineError, match=r"not done within 0\.5 seconds"):
                aws.call("sesv2", "get_account", {}, account_id=OWN, region=REGION)
        finally:
            del os.environ["AWS_ENDPOINT_URL_SESV2"]


def test_calls_after_a_deadline_are_made_as_before(tmp_path: Path, lead: Lead) -> None:
    double = Double()
    slow = threading.Event()

    def account(path: str, parameters: dict[str, str]) -> Answer:
        if not slow.is_set():
            slow.set()
            time.sleep(1.5)
        return 200, {"SendingEnabled": True}

    double.answers["account"] = account
    with running(double) as url:
        lead(url)
        aws = Aws(settings(tmp_path, timeout=0.5))
        with pytest.raises(Exception, match=r"not done within|Read timeout"):
            aws.call("sesv2", "get_account", {}, account_id=OWN, region=REGION)
        assert aws.call("sesv2", "get_account", {}, account_id=OWN, region=REGION)["SendingEnabled"]


def test_frames_of_two_collections_are_equal_whatever_the_deadline(tmp_path: Path, lead: Lead) -> None:
    with running(breaking()) as url:
        lead(url)
        quick, slow = (load(read(settings(tmp_path / str(timeout), timeout=timeout))).identities for timeout in (2, 60))
    pd.testing.assert_frame_equal(quick, slow)


def test_a_session_that_ends_in_the_middle_stops_and_can_be_gone_on_with(tmp_path: Path, lead: Lead) -> None:
    config, double = settings(tmp_path), breaking()
    detail = double.answers["identity"]
    assert callable(detail)
    code = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>"

    def ending(path: str, parameters: dict[str, str]) -> Answer:
        if "d3." not in path:
            return detail(path, parameters)
        double.answers["sts"] = (403, code)
        return 403, {"__type": "ExpiredTokenException", "message": "expired"}

    double.answers["identity"] = ending
    with running(double) as url:
        lead(url)
        with pytest.raises(CredentialsError, match=r"the AWS session has ended .* go on with --resume"):
            read(config)
        assert snapshots(tmp_path) == []
        del double.answers["sts"]
        double.answers["identity"] = detail
        assert load(read(config, resume=True)).identities["policies"].tolist() == [1] * len(NAMES)


def test_what_is_older_than_the_newest_snapshot_is_not_gone_on_with(tmp_path: Path, lead: Lead) -> None:
    config, double = settings(tmp_path), breaking(after=3)
    later = datetime(2026, 11, 1, 9, tzinfo=UTC)
    with running(double) as url:
        lead(url)
        with pytest.raises(OutageError):
            read(config)
        double.broken.clear()
        sealed = collect(config, clock=lambda: later, single_account=True)
        resumed = load(collect(config, clock=lambda: later, single_account=True, resume=True))
    assert resumed.manifest["answers_before_resuming"] == 0
    assert [path.name for path in snapshots(tmp_path)] == [sealed.name, f"{sealed.name}-2"]
