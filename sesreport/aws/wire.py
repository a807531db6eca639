"""Whether an HTTP answer is AWS's own and whole, before botocore reads it.

botocore takes an answer that is empty, cut, or some proxy's page for one without members: a list with nothing on it, an
identity without policies.
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_IDS = ("x-amzn-requestid", "x-amz-request-id")
_ROOT = re.compile(rb"\s*(<\?xml[^>]*\?>\s*)?<(?:[\w.-]+:)?([\w.-]+)")
_REQUEST_ID = re.compile(rb"<RequestId>[^<]+</RequestId>", re.IGNORECASE)
_CLOCK = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}
"""Errors of a request whose time is not the service's."""
_SIGNATURE = {"SignatureDoesNotMatch", "InvalidSignatureException"}
"""The same, where the message says that the signature has expired or is not yet current."""
_MAP = 5
"""Major type of a map (RFC 8949, 3.1)."""


class UnreadableAnswerError(BotoCoreError):
    """An answer that says nothing, or not what it is to say."""

    fmt = "{operation}: {problem}"


def check_form(*, operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Raises UnreadableAnswerError for an answer that is not whole, not in its protocol's form, or not AWS's own.

    For botocore's event ``before-parse``. Errors (HTTP 300 and more) are looked at by :func:`is_awss`. Every answer of
    AWS has a request id (botocore, ``parsers``); what a proxy makes up has none, whatever content type it names.
    """
    if response_dict["status_code"] >= 300:
        return
    body, headers = response_dict["body"], response_dict["headers"]
    problem = _problem(operation_model, bytes(body), headers)
    if problem:
        raise UnreadableAnswerError(operation=operation_model.name, problem=problem)


def _problem(model: Any, body: bytes, headers: Any) -> str | None:
    length = headers.get("content-length")
    if length is not None and "content-encoding" not in headers and int(length) != len(body):
        return f"only {len(body)} of {length} bytes came"
    if not body:
        return "the answer is empty"
    protocol = str(model.service_model.resolved_protocol)
    if not _FORMS[protocol](body, model.name):
        return f"nothing could be read from an answer of {len(body)} bytes"
    if protocol == "rest-json" and (misfit := _misfit(model.output_shape, json.loads(body), model.name)):
        return misfit
    if not any(headers.get(name) for name in _IDS) and not (_is_xml(protocol) and _REQUEST_ID.search(body)):
        return "the answer has no request id, so it is not from AWS"
    return None


def _is_xml(protocol: str) -> bool:
    return protocol in ("query", "rest-xml", "ec2")


def _json(body: bytes, operation: str) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _xml(body: bytes, operation: str) -> bool:
    found = _ROOT.match(body)
    return found is not None and found[2].decode() == f"{operation}Response"


def _misfit(shape: Any, value: Any, path: str) -> str | None:
    """The first truth value or number that is none. botocore makes one of whatever stands there: false, mostly."""
    if shape is None or value is None:
        return None
    kind = shape.type_name
    if kind in _SCALARS:
        fits = isinstance(value, _SCALARS[kind]) and isinstance(value, bool) == (kind == "boolean")
        return None if fits else f"{path} is {json.dumps(value):.40}, not {kind}"
    inner: list[tuple[Any, Any, str]] = []
    if kind == "structure" and isinstance(value, dict):
        names = {shape.members[name].serialization.get("name", name): name for name in shape.members}
        inner = [(shape.members[names[key]], value[key], f"{path}.{key}") for key in value.keys() & names.keys()]
    elif kind == "list" and isinstance(value, list):
        inner = [(shape.member, item, f"{path}[{index}]") for index, item in enumerate(value)]
    elif kind == "map" and isinstance(value, dict):
        inner = [(shape.value, item, f"{path}.{key}") for key, item in value.items()]
    return next(filter(None, (_misfit(*each) for each in inner)), None)


_SCALARS: dict[str, type | tuple[type, ...]] = {
    "boolean": bool, "integer": int, "long": int, "float": (int, float), "double": (int, float),
}  # fmt: skip


def _cbor(body: bytes, operation: str) -> bool:
    return body[0] >> 5 == _MAP


_FORMS = {"json": _json, "rest-json": _json, "query": _xml, "smithy-rpc-v2-cbor": _cbor}


def is_awss(error: BaseException) -> bool:
    """Whether an error is AWS's own: it has a request id, or names a code in AWS's form.

    Where an answer has no code, botocore takes the HTTP status for one.
    """
    if not isinstance(error, ClientError):
        return False
    code = str(error.response.get("Error", {}).get("Code", ""))
    about = error.response.get("ResponseMetadata", {})
    headers = about.get("HTTPHeaders", {})
    return bool(code and not code.isdigit()) or bool(about.get("RequestId")) or any(headers.get(n) for n in _IDS)


def is_clock(error: BaseException) -> bool:
    """Whether a request was refused because this machine's clock is wrong."""
    if not isinstance(error, ClientError):
        return False
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", "")).lower()
    return code in _CLOCK or (code in _SIGNATURE and ("signature expired" in message or "not yet current" in message))
