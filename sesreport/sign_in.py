"""Finds out whose the SDK's credentials are, and says what is wrong with them where that fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from sesreport.deadlines import DeadlineError
from sesreport.errors import CollectError, ConfigError, CredentialsError, SesReportError
from sesreport.wire import UnreadableAnswerError, is_awss, is_clock

_UNREACHED = (HTTPClientError, NoConnectionError, DeadlineError)
_OTHERS = (UnreadableAnswerError, ResponseParserError, KeyError, ValueError)


def identify(session: botocore.session.Session, sts: Callable[[], Any]) -> tuple[str, str]:
    """Account id and ARN of the session's credentials, by ``sts:GetCallerIdentity`` of the client that ``sts`` makes.

    Raises CredentialsError for credentials that are not there or do not work, ConfigError for a Region or an endpoint
    that is none, and CollectError where AWS does not answer.
    """
    _obtain(session)
    try:
        client = sts()
    except ValueError as error:
        raise _misnamed(error) from error
    try:
        identity = client.get_caller_identity()
        return identity["Account"], identity["Arn"]
    except SesReportError:
        raise
    except Exception as error:
        raise _explained(error) from error


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
        if credentials is not None:
            credentials.get_frozen_credentials()
    except SesReportError:
        raise
    except InvalidRegionError as error:
        raise _misnamed(error) from error
    except (CredentialRetrievalError, MetadataRetrievalError, ValueError, OSError, AttributeError) as error:
        raise _of_process(session, error) from error
    except Exception as error:
        raise _explained(error) from error


def _misnamed(error: ValueError) -> ConfigError:
    if isinstance(error, InvalidRegionError):
        return ConfigError(f"{error} (a blank counts): check the Region of the AWS profile and AWS_DEFAULT_REGION")
    return ConfigError(f"{error}: check AWS_ENDPOINT_URL and endpoint_url of the AWS profile")


def _of_process(session: botocore.session.Session, error: Exception) -> CollectError:
    """What keeps a program, or the machine AWS runs us on, from giving credentials."""
    told = " ".join(str(error).split())[:300]
    try:
        process = session.get_scoped_config().get("credential_process")
    except BotoCoreError:
        process = None
    if not process:
        if isinstance(error, MetadataRetrievalError) or "-role" in str(getattr(error, "kwargs", {}).get("provider")):
            return CollectError(f"AWS gives this machine no credentials: {told}. Try again, or check its role")
        return CredentialsError(f"the AWS credentials cannot be had: {told}. Log in again or name a --profile")
    if isinstance(error, OSError):
        said = "cannot be started"
    else:
        said = "failed" if isinstance(error, CredentialRetrievalError) else "did not print credentials as JSON"
    return CredentialsError(f"credential_process of the AWS profile {said}: {told}. Run it by hand")


def _explained(error: Exception) -> SesReportError:
    told = " ".join(f"{error}".split())[:300]
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
