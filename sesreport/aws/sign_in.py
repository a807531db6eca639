"""Finds out whose the SDK's credentials are, and says what is wrong with them where that fails."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidRegionError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from sesreport.aws.deadlines import DeadlineError
from sesreport.aws.wire import UnreadableAnswerError, is_awss, is_clock
from sesreport.core.errors import CollectError, ConfigError, CredentialsError, SesReportError
from sesreport.core.redaction import hide, redacted

_UNREACHED = (HTTPClientError, NoConnectionError, DeadlineError)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_OTHERS = (UnreadableAnswerError, ResponseParserError, KeyError, ValueError)


ATTEMPTS = 3
"""How often it is asked whose the credentials are, where the answer is not AWS's own or does not come to its end. What
else passes, the client of STS tries again by itself."""
LEAST_SECRET = 16
"""Characters of the shortest access key id (IAM API Reference, AccessKey); an account id has fewer."""
PAUSE = 0.4
"""Seconds before the second attempt; twice as many before the third."""


def identify(
    session: botocore.session.Session, sts: Callable[[], Any], limit: Callable[[], AbstractContextManager[None]]
) -> tuple[str, str]:
    """Account id and ARN of the session's credentials, by ``sts:GetCallerIdentity`` of the client that ``sts`` makes.

    Each attempt has the time that ``limit`` gives it. Raises CredentialsError for credentials that are not there or do
    not work, ConfigError for a Region or an endpoint that is none, and CollectError where AWS does not answer.
    """
    _obtain(session)
    try:
        client = sts()
        _check_endpoint(client.meta.endpoint_url)
    except ValueError as error:
        raise _misnamed(error) from error
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with limit():
                identity = client.get_caller_identity()
            return _whole(identity)
        except SesReportError:
            raise
        except Exception as error:
            if attempt == ATTEMPTS or not _passes(error):
                raise _explained(error) from error
            time.sleep(PAUSE * 2 ** (attempt - 1))
    raise AssertionError("the last attempt returns or raises")


def _whole(identity: Mapping[str, Any]) -> tuple[str, str]:
    """Account id and ARN. Raises KeyError or ValueError where they are not in the answer."""
    account, arn = str(identity["Account"]), str(identity["Arn"])
    if not _ACCOUNT.fullmatch(account) or not arn.startswith("arn:"):
        raise ValueError(f"account {account!r}, ARN {arn!r}")
    return account, arn


def _passes(error: Exception) -> bool:
    """Whether the next attempt may go well, and the client of STS did not make it."""
    if isinstance(error, DeadlineError):
        return not isinstance(error.__cause__, ConnectTimeoutError | EndpointConnectionError)
    return isinstance(error, _OTHERS) or (isinstance(error, ClientError) and not is_awss(error))


def ask_nobody(session: botocore.session.Session) -> None:
    """Has a profile that needs an MFA code fail where there is no terminal to ask at. botocore would wait for input."""
    if not sys.stdin or not sys.stdin.isatty():
        roles = session.get_component("credential_provider").get_provider("assume-role")
        roles._prompter = _refuse


def _refuse(prompt: str) -> str:
    raise CredentialsError(
        "the AWS profile needs an MFA code, and there is no terminal to ask for one: get a session first "
        "(aws sts get-session-token) or use a role without MFA"
    )


def _obtain(session: botocore.session.Session) -> None:
    """Has the SDK fetch the credentials. Raises as :func:`identify` does."""
    try:
        credentials = session.get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials is not None else ()
        hide(*(part for part in frozen if isinstance(part, str) and len(part) >= LEAST_SECRET))
        if any(not character.isprintable() for part in frozen if isinstance(part, str) for character in part):
            raise CredentialsError(
                "the AWS credentials hold a line break or another character that cannot be sent: take it out of the "
                "access key, secret key or session token"
            )
    except SesReportError:
        raise
    except InvalidRegionError as error:
        raise _misnamed(error) from error
    except (CredentialRetrievalError, MetadataRetrievalError, ValueError, OSError, AttributeError) as error:
        raise _of_process(session, error) from error
    except Exception as error:
        raise _explained(error) from error


def _check_endpoint(url: str) -> None:
    """Raises ValueError for an address that no request can be sent to: botocore checks less."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"Invalid endpoint: {url}")


def _misnamed(error: ValueError) -> ConfigError:
    if isinstance(error, InvalidRegionError):
        return ConfigError(f"{error} (a blank counts): check the Region of the AWS profile and AWS_DEFAULT_REGION")
    return ConfigError(f"{redacted(str(error))}: check AWS_ENDPOINT_URL and endpoint_url of the AWS profile")


def _of_process(session: botocore.session.Session, error: Exception) -> CollectError:
    """What keeps a program, or the machine AWS runs us on, from giving credentials."""
    told = redacted(" ".join(str(error).split()))[:300]
    try:
        process = session.get_scoped_config().get("credential_process")
    except BotoCoreError:
        process = None
    if not process:
        if isinstance(error, MetadataRetrievalError) or "-role" in str(getattr(error, "kwargs", {}).get("provider")):
            return CollectError(f"AWS gives this machine no credentials: {told}. Try again, or check its role")
        return CredentialsError(f"the AWS credentials cannot be had: {told}. Log in again or name a --profile")
    said = f"cannot be started: {told}" if isinstance(error, OSError) else "did not print credentials as JSON"
    if isinstance(error, CredentialRetrievalError):
        said = "failed"  # the error holds what the program printed, secrets perhaps
    return CredentialsError(f"credential_process of the AWS profile {said}. Run it by hand")


def _explained(error: Exception) -> SesReportError:
    told = redacted(" ".join(f"{error}".split()))[:300]
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return CredentialsError(
            f"no AWS credentials: {told}. Set a profile (--profile, AWS_PROFILE) or log in (aws sso login)"
        )
    if is_clock(error):
        return CredentialsError(f"this machine's clock is wrong: {told}. Set it (by NTP) and try again")
    if isinstance(error, _UNREACHED) or (isinstance(error, ClientError) and _of_service(error)):
        return CollectError(f"AWS cannot be reached: {told}. Check the network, the proxy and AWS_ENDPOINT_URL")
    if isinstance(error, _OTHERS):
        return CollectError(
            f"AWS did not say whose the credentials are ({told}): check the network, the proxy and the endpoint "
            "(AWS_ENDPOINT_URL, endpoint_url of the profile)"
        )
    return CredentialsError(f"the AWS credentials do not work: {told}. Log in again or name a --profile")


def _of_service(error: ClientError) -> bool:
    """Whether the answer is a failure of AWS, or not from AWS at all."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= 500 or not is_awss(error)
