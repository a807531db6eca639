"""One moto server over HTTP for all tests of the functions; an account with nothing in it for each."""

from __future__ import annotations

import logging
import os
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.governance.monitor.cloudtrail import REGION, Account


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@cache
def _session() -> boto3.Session:
    """One for all tests: it parses each service's model once, and asks the environment anew for each client."""
    return boto3.Session()


@pytest.fixture
def sdk(moto_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The SDK's environment as Lambda sets it, led to moto; an empty working directory, as a function without files."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SESREPORT_WATCH_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", _session())
    monkeypatch.chdir(tmp_path)
    return moto_url


@pytest.fixture
def account(sdk: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    reset = urllib.request.Request(f"{sdk}/moto-api/reset", method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(reset).close()
    topic = boto3.client("sns").create_topic(Name="changes")["TopicArn"]
    queue = boto3.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    monkeypatch.setenv("SESREPORT_WATCH_TOPIC_ARN", topic)
    return Account(boto3.client, topic, queue)
