"""One endpoint for the whole folder, and clients for any account as the collector would make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any

import boto3
import pytest

from sesreport.demo import Endpoint, data_path
from sesreport.demo.calls import Call, Signer
from sesreport.demo.world import World

TODAY = date(2026, 11, 3)
MANAGEMENT = "210000000001"
Client = Callable[..., Any]


@pytest.fixture(scope="session")
def client(endpoint: Endpoint) -> Iterator[Client]:
    """``client(service, account, region)``: a boto3 client under the audit role of that account."""
    with endpoint.activate():
        own = boto3.Session()

        @cache
        def session(account: str) -> Any:
            if account == MANAGEMENT:
                return own
            role = f"arn:aws:iam::{account}:role/SesReportReadOnly"
            handed = own.client("sts").assume_role(RoleArn=role, RoleSessionName="sesreport")["Credentials"]
            return boto3.Session(handed["AccessKeyId"], handed["SecretAccessKey"], handed["SessionToken"])

        @cache
        def make(service: str, account: str = MANAGEMENT, region: str = "us-east-1") -> Any:
            return session(account).client(service, region_name=region)

        yield make


@pytest.fixture(scope="session")
def world() -> World:
    return World.load(data_path(), TODAY)


@pytest.fixture(scope="session")
def call(world: World) -> Callable[..., Call]:
    """``call(service, operation, params, account, region)``: a request as an operation gets it."""

    def make(
        service: str,
        operation: str,
        params: dict[str, Any] | None = None,
        account: str = MANAGEMENT,
        region: str = "us-east-1",
    ) -> Call:
        caller = Signer(account, f"arn:aws:iam::{account}:user/test", "AIDATEST")
        return Call(world, caller, region, service, operation, params or {})

    return make
