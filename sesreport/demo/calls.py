"""From an HTTP request to a registered operation and back.

An operation is one function under ``operations/``: it takes a :class:`Call` and returns a plain dict in the
shape of botocore's service model. moto routes, parses and serializes by the same model, so boto3 reads what
AWS would send.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_to_aware_datetime
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sesreport.core.registry import Registry
from sesreport.demo.serializers import serializer_for
from sesreport.demo.world import World

_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_MODELS = {"monitoring": "cloudwatch"}
"""Signing names that differ from the service model's name."""
_PREFIXES = {"sesv2": "ses"}
"""Services whose IAM actions carry another prefix than the model's name."""
_ACTIONS = {"budgets:DescribeBudgets": "budgets:ViewBudget"}
"""Actions that are not named like their operation (Service Authorization Reference)."""


@dataclass(frozen=True)
class Signer:
    """Whose credentials signed a call."""

    account_id: str
    arn: str
    user_id: str


@dataclass(frozen=True)
class Call:
    """One request to one operation: who, where, what."""

    world: World
    caller: Signer
    region: str
    service: str
    operation: str
    params: Mapping[str, Any]

    @property
    def account_id(self) -> str:
        return self.caller.account_id

    @property
    def action(self) -> str:
        """The IAM action, such as ``ses:GetAccount``."""
        named = f"{_PREFIXES.get(self.service, self.service)}:{self.operation}"
        return _ACTIONS.get(named, named)


class AwsError(Exception):
    """An error answer in AWS's form."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def access_denied(call: Call, resource: str = "*", reason: str = "no identity-based policy allows") -> AwsError:
    """What AWS says to a call that no policy allows; the code depends on the service's age."""
    code = "AccessDenied" if call.service in {"sts", "ses", "cloudwatch"} else "AccessDeniedException"
    message = f"User: {call.caller.arn} is not authorized to perform: {call.action} on resource: {resource}"
    return AwsError(code, f"{message} because {reason} the {call.action} action", 403)


Operation = Callable[[Call], dict[str, Any]]
OPERATIONS: Registry[Operation] = Registry("operation")
"""By service model and operation, as in ``sesv2 GetAccount``."""


def operation(service: str, name: str) -> Callable[[Operation], Operation]:
    """Registers the answer to one operation of one botocore service model."""

    def register(function: Operation) -> Operation:
        OPERATIONS.add(f"{service} {name}", function, function.__module__)
        return function

    return register


@dataclass(frozen=True)
class Scope:
    """What the request's signature says it is for."""

    access_key_id: str
    region: str
    service: str


def scope_of(request: Request) -> Scope | None:
    """The signature's scope with the service model's name; None for an unsigned request."""
    match = _SCOPE.search(request.headers.get("Authorization", ""))
    if match is None:
        return None
    service = match["service"]
    if service == "ses" and request.path.startswith("/v2/"):
        service = "sesv2"
    return Scope(match["key"], match["region"], _MODELS.get(service, service))


def route(service: str, request: Request) -> tuple[OperationModel, dict[str, Any]] | None:
    """The operation a request means, with its path parameters; None when the model has no such operation."""
    try:
        model, path_params = get_service_router(service).match(request)
    except NotFound:
        return None
    return model, path_params


def parameters(model: OperationModel, request: Request, path_params: dict[str, Any]) -> Mapping[str, Any]:
    """The request's parameters under the names of the service model."""
    protocol = determine_request_protocol(model.service_model, request.content_type)
    parsed: Mapping[str, Any] = PROTOCOL_PARSERS[protocol](model, timestamp_parser=_utc).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": path_params,
        }
    )
    return parsed


def _utc(value: Any) -> datetime:
    """moto's own parser leaves the zone out; a moment without one is UTC."""
    moment: datetime = parse_to_aware_datetime(value)
    return moment.astimezone(UTC)


def answer(model: OperationModel, request: Request, result: dict[str, Any] | AwsError) -> Response:
    """A result or an error in the protocol the client speaks."""
    protocol = determine_request_protocol(model.service_model, request.content_type)
    serializer = serializer_for(model.service_model.service_name, protocol)
    with warnings.catch_warnings():
        # moto warns of codes the model does not list; AWS's common errors (AccessDenied, …) are never listed.
        warnings.simplefilter("ignore")
        serialized = serializer(model).serialize(result)
    status = result.status if isinstance(result, AwsError) else serialized["status_code"]
    headers = dict(serialized["headers"]) | {"x-amzn-RequestId": "00000000-0000-4000-8000-000000000000"}
    return Response(serialized["body"], status, headers)
