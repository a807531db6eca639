"""How what an AWS call raised becomes a status of coverage, with the reason in one line."""

from __future__ import annotations

import socket

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoRegionError

from sesreport.aws.wire import is_awss, is_clock
from sesreport.core.redaction import redacted
from sesreport.snapshot.coverage import DENIED, ERROR, NOT_OFFERED, REGION_DISABLED, THROTTLED

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"}
_THROTTLED = {
    "Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException",
    "TooManyRequests", "SlowDown", "RequestThrottled", "RequestThrottledException",
}  # fmt: skip
_REGION = {"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "OptInRequired"}
_UNKNOWN_OPERATION = {
    "UnknownOperationException",
    "InvalidAction",
    "UnsupportedOperation",
    "NotImplemented",
    "404",
    "501",
}


def status_of(error: Exception) -> tuple[str, str]:
    """``(status, reason)`` for what an AWS call raised; anything not recognized is an ``error``, never ``ok``.

    An endpoint whose name does not exist means the Region does not offer the service: botocore lists SES endpoints
    that the SES reference does not. One that exists and cannot be reached is an error: what is there is not known.
    The reason holds no secret, since it is kept and shown.
    """
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        http = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        message = str(error.response.get("Error", {}).get("Message", "")).split("\n", 1)[0]
        reason = _short(redacted(f"{error.operation_name}: {code}: {message}"))
        if is_clock(error):
            return ERROR, f"{reason} (this machine's clock is wrong: set it)"
        if not is_awss(error) and http != 429:
            return ERROR, f"{reason} (not AWS's own answer: is there a proxy?)"
        if code in _DENIED:
            return DENIED, reason
        if code in _THROTTLED or http == 429:
            return THROTTLED, reason
        if code in _REGION:
            return REGION_DISABLED, reason
        if code in _UNKNOWN_OPERATION or http == 501:
            return NOT_OFFERED, reason
        return ERROR, reason
    reason = redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
    if not isinstance(error, BotoCoreError):
        return ERROR, f"unexpected answer: {reason}"[:300]
    if isinstance(error, NoRegionError) or (isinstance(error, EndpointConnectionError) and _no_such_name(error)):
        return NOT_OFFERED, reason
    return ERROR, reason


def _short(reason: str) -> str:
    """A reason of at most 300 characters; its end says which policy denies (IAM User Guide, "Access denied")."""
    return reason if len(reason) <= 300 else f"{reason[:180]} … {reason[-117:]}"


def _no_such_name(error: EndpointConnectionError) -> bool:
    """Whether the resolver said that the name does not exist, rather than that it could not tell."""
    cause: BaseException | None = error.kwargs.get("error")
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return cause.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        cause = cause.__cause__ or cause.__context__
    return False
