"""What an error of an AWS call means for the next attempt."""

from __future__ import annotations

import random
from enum import Enum

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError, SSLError

from sesreport.aws.statuses import status_of
from sesreport.aws.wire import is_awss, is_clock
from sesreport.snapshot.coverage import DENIED, NOT_OFFERED, THROTTLED


class Fault(Enum):
    """Kinds of failed attempts."""

    THROTTLED = "not served: too many requests"
    PASSING = "may go well the next time"
    UNREACHABLE = "nobody answered; seldom passes"
    EXPIRED = "goes well with fresh credentials"
    DENIED = "may go well with fresh credentials, if these are old"
    FINAL = "will not change"


_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken", "InvalidTokenException"}
_LONGEST = 20.0
"""Most seconds between two attempts."""


def fault_of(error: Exception) -> Fault:
    """The kind of a failed attempt.

    A role whose sessions were revoked is denied everything, so a denial may pass with fresh credentials, too.
    """
    status, _ = status_of(error)
    if status == THROTTLED:
        return Fault.THROTTLED
    if isinstance(error, ClientError):
        if not is_awss(error):
            return Fault.PASSING  # a proxy's page
        code = str(error.response.get("Error", {}).get("Code", ""))
        http = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _EXPIRED:
            return Fault.EXPIRED
        if code in _UNKNOWN or status == DENIED:
            return Fault.DENIED
        passing = is_clock(error) or code in {"RequestTimeout", "RequestTimeoutException"}
        return Fault.PASSING if passing or (http >= 500 and status != NOT_OFFERED) else Fault.FINAL
    if status == NOT_OFFERED or isinstance(error, SSLError):
        return Fault.FINAL
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return Fault.UNREACHABLE
    # Time-outs, cut connections, answers that cannot be parsed. Other errors of the SDK are about the request.
    passing = not isinstance(error, BotoCoreError) or type(error).__name__ in _PASSING
    return Fault.PASSING if passing else Fault.FINAL


_PASSING = {
    "ReadTimeoutError", "ConnectionClosedError", "ConnectionError", "HTTPClientError", "IncompleteReadError",
    "ResponseStreamingError", "UnreadableAnswerError", "ProxyConnectionError", "DeadlineError",
}  # fmt: skip


def attempts(fault: Fault, most: int) -> int:
    """How often a call is tried in all; throttles are waited out longer, since they do pass."""
    return {
        Fault.THROTTLED: 3 * most,
        Fault.PASSING: most,
        Fault.EXPIRED: most,
        Fault.UNREACHABLE: min(3, most),
        Fault.DENIED: 2,
        Fault.FINAL: 1,
    }[fault]


def pause_before(attempt: int, fault: Fault) -> float:
    """Seconds before the next attempt, beside those that the lane's pace asks for."""
    base = 0.1 if fault is Fault.THROTTLED else 0.2
    return min(base * 2.0 ** (attempt - 1), _LONGEST) * random.uniform(0.5, 1)
