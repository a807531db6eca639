"""The endpoint as a process: starts, shares nothing, ends with its parent, says what is wrong."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlparse

import boto3
import pytest

import sesreport
from sesreport.core.errors import ConfigError
from sesreport.demo import DemoError, Endpoint, data_path, reference_day, serve
from sesreport.demo.world import World

ROOT = Path(sesreport.__file__).resolve().parent.parent
TODAY = date(2026, 11, 3)
STARTS_ONE_AND_WAITS = """
import datetime, sys, time
from sesreport.demo import serve
endpoint = serve(today=datetime.date(2026, 11, 3))
print(endpoint.pid, flush=True)
time.sleep(60)
"""


def run_python(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A test run started in the background ignores SIGINT, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def ended_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # ended, and nobody there to collect it
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process table of Linux")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_endpoint_ends_with_its_parent(how: signal.Signals) -> None:
    parent = run_python("-c", STARTS_ONE_AND_WAITS)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not ended_within(pid, 0.1)
    parent.send_signal(how)
    parent.wait()
    ended = ended_within(pid, 5)
    parent.communicate()
    assert ended


def test_two_endpoints_have_two_ports_and_two_days(endpoint: Endpoint) -> None:
    with serve(today=date(2026, 5, 4)) as other:
        assert other.url != endpoint.url
        counts = []
        for one in (endpoint, other):
            keys = one.environment()
            client = boto3.client(
                "organizations",
                region_name="us-east-1",
                endpoint_url=one.url,
                aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            )
            pages = client.get_paginator("list_accounts").paginate()
            counts.append(sum(len(page["Accounts"]) for page in pages))
    assert counts == [22, 21]


def test_activating_leads_here_and_back(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "my-real-account")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://203.0.113.1")
    monkeypatch.setenv("HTTP_PROXY", "http://203.0.113.1:3128")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    with endpoint.activate():
        assert boto3.Session().client("sts").get_caller_identity()["Account"] == "210000000001"
    assert os.environ["AWS_PROFILE"] == "my-real-account"
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-north-1"
    assert "AWS_CONFIG_FILE" not in os.environ


def test_closing_ends_the_process_and_may_be_repeated() -> None:
    endpoint = serve(today=TODAY)
    address = urlparse(endpoint.url).netloc
    endpoint.close()
    endpoint.close()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address).request("GET", "/")


def test_waiting_ends_with_the_endpoint() -> None:
    with serve(today=TODAY) as endpoint:
        os.kill(endpoint.pid, signal.SIGTERM)
        endpoint.wait()
        assert ended_within(endpoint.pid, 0.1)


def test_connections_stay_open(endpoint: Endpoint) -> None:
    connection = http.client.HTTPConnection(urlparse(endpoint.url).netloc)
    for _ in range(3):
        connection.request("POST", "/", body="Action=Nothing", headers={"Authorization": "none"})
        response = connection.getresponse()
        response.read()
        assert response.version == 11
        assert not response.will_close
    connection.close()


def test_a_port_in_use_is_one_line(endpoint: Endpoint) -> None:
    port = urlparse(endpoint.url).port
    assert port is not None
    with pytest.raises(DemoError, match=rf"did not start: cannot listen on 127.0.0.1:{port} .*in use") as caught:
        serve(today=TODAY, port=port)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("organization.toml", "id = ", "organization.toml: not valid TOML"),
        ("organization.toml", 'id = "o-x"\n', "organization.toml: missing or unknown key: 'root'"),
        ("sending.toml", "growth_from = 2026-10-01\n", "sending.toml: missing or unknown key: 'profiles'"),
        ("identities.csv", "account,region,identity\n1,us-east-1,x\n", "identities.csv:2: 'owner'"),
        (
            "policies.toml",
            '[[policies]]\nname = "a"\ndocument = "none"\non = ["1/r/x"]\n',
            "none.json: cannot be read",
        ),
        ("prices.toml", "[usage]\n", "prices.toml: missing or unknown key: 'prefixes'"),
    ],
)
def test_bad_data_is_one_line_that_names_the_file(tmp_path: Path, file: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        World.load(spoiled(tmp_path, file, text), TODAY)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def spoiled(folder: Path, file: str, text: str) -> Path:
    shutil.copytree(data_path(), folder / "demo")
    (folder / "demo" / file).write_text(text)
    return folder / "demo"


@pytest.mark.parametrize(("file", "text"), [("organization.toml", "id = "), ("prices.toml", "[usage]\n")])
def test_bad_data_is_told_by_who_starts_the_process(tmp_path: Path, file: str, text: str) -> None:
    with pytest.raises(ConfigError, match=rf"^[^\n]*{file}: [^\n]+$"):
        serve(today=TODAY, data=spoiled(tmp_path, file, text))


def test_in_the_foreground_it_tells_how_to_use_it() -> None:
    process = run_python("-m", "sesreport.demo", "--today", "2026-11-03")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    told = dict(process.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(9))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert told["AWS_ENDPOINT_URL"] == url
    assert told["AWS_CONFIG_FILE"] == os.devnull
    assert (process.returncode, errors) == (0, "")


def test_the_reference_day_is_the_storys() -> None:
    assert reference_day() == TODAY
