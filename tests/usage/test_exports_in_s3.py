"""Cost exports in S3, served by moto over HTTP: reading them makes the calls that the printed policy allows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from moto.server import ThreadedMotoServer
from written_exports import Line, data_export

from sesreport.collect.permissions import caller_policy
from sesreport.settings.config import Config
from sesreport.usage.cost_exports import read_cost_exports

BUCKET = "billing"
Call = tuple[str, str]
"""Action and resource."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Call]]:
    """The calls that S3 got since an export was put at ``s3://billing/exports/cur2``."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    data_export(tmp_path / "cur2", [[Line(cost="7", id="a")]])
    for path in (tmp_path / "cur2").rglob("*.*"):
        boto3.client("s3").upload_file(str(path), BUCKET, f"exports/{path.relative_to(tmp_path).as_posix()}")
    made: list[Call] = []
    served = server._server
    assert served is not None
    answer: Callable[[dict[str, Any], Any], Iterable[bytes]] = served.app

    def recorded(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        bucket, _, key = unquote(environ["PATH_INFO"]).strip("/").partition("/")
        action = {"GET": "s3:GetObject", "HEAD": "s3:GetObject"}.get(environ["REQUEST_METHOD"], "a write")
        made.append((action, f"arn:aws:s3:::{bucket}/{key}") if key else ("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
        return answer(environ, start)

    served.app = recorded
    yield made
    server.stop()


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    return any(
        action in statement["Action"] and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        for statement in policy["Statement"]
        if statement["Sid"].endswith("CostExports")
    )


@pytest.mark.parametrize("folder", ["exports/cur2", "exports/cur2/", "exports/cur2/data", ""])
def test_the_calls_made_to_read_exports_are_those_that_are_printed(calls: list[Call], folder: str) -> None:
    url = f"s3://{BUCKET}/{folder}"
    policy = caller_policy(Config.model_validate({"costs": {"exports": [url]}}))
    assert read_cost_exports([url]).charges["billed_cost"].tolist() == [7]
    assert [call for call in calls if not allows(policy, *call)] == []
    printed = {a for s in policy["Statement"] if s["Sid"].endswith("CostExports") for a in s["Action"]}
    assert printed == {action for action, _ in calls}


def test_without_exports_in_s3_nothing_of_s3_is_asked_for() -> None:
    policy = caller_policy(Config.model_validate({"costs": {"exports": ["gs://billing/x", "/mnt/exports"]}}))
    assert not any(action.startswith("s3:") for statement in policy["Statement"] for action in statement["Action"])
