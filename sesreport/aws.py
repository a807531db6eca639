"""The only module that creates boto3 sessions and clients.

Settings are the SDK's own (profile, SSO, environment, ``AWS_ENDPOINT_URL``). The account the credentials belong to is
read with them; every other account through one assumed role, re-assumed by botocore before it expires.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
from botocore.client import BaseClient
from botocore.config import Config as ClientConfig
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from sesreport.config import Config
from sesreport.errors import CollectError, CredentialsError

HOME_REGION = "us-east-1"
"""Where calls without a Region of their own go (Organizations, Account, Cost Explorer have one home)."""


@dataclass(frozen=True)
class Caller:
    """Who the credentials belong to."""

    account_id: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


@dataclass
class Aws:
    """Clients for any account and Region, made once each and shared by threads."""

    config: Config
    profile: str | None = None
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        # One model cache for all sessions: parsing SES's service model again for each account would dominate.
        self._loader: Any = None
        self._lock = threading.Lock()
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str, str], BaseClient] = {}
        self._client_config = ClientConfig(
            retries={"mode": "standard", "max_attempts": self.config.collect.max_attempts},
            max_pool_connections=self.config.collect.workers,
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra="sesreport",
        )
        self._own = self._session(botocore.session.Session(profile=self.profile))
        self.caller = self._identify()

    def client(self, service: str, *, account_id: str, region: str) -> BaseClient:
        """The client of one service in one account and Region; no call is made yet."""
        with self._lock:
            key = (service, account_id, region)
            if key not in self._clients:
                self._clients[key] = self._account_session(account_id).client(
                    service,
                    region_name=region,
                    config=self._client_config,
                )
            return self._clients[key]

    def role_arn(self, account_id: str) -> str:
        return f"arn:{self.caller.partition}:iam::{account_id}:role/{self.config.organization.role_name}"

    def ses_regions(self) -> list[str]:
        """Regions in which botocore knows an SES endpoint, in the caller's partition."""
        regions: list[str] = self._own.get_available_regions("sesv2", partition_name=self.caller.partition)
        return regions

    def _identify(self) -> Caller:
        try:
            identity = self._sts("sts", config=self._client_config).get_caller_identity()
            return Caller(identity["Account"], identity["Arn"])
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise CredentialsError(
                f"no AWS credentials: {error}. Set a profile (--profile, AWS_PROFILE) or log in (aws sso login)"
            ) from error
        except (HTTPClientError, NoConnectionError) as error:
            said = f"AWS cannot be reached: {error}. Check the network, the proxy and AWS_ENDPOINT_URL"
            raise CollectError(said) from error
        except (ClientError, BotoCoreError) as error:
            raise CredentialsError(
                f"the AWS credentials do not work: {error}. Log in again or name a --profile"
            ) from error
        except (ValueError, KeyError, ResponseParserError) as error:
            raise CredentialsError(
                f"AWS did not say whose the credentials are ({' '.join(str(error).split()):.200}): check the endpoint "
                "(AWS_ENDPOINT_URL, endpoint_url of the profile)"
            ) from error

    def _sts(self, service: str, **options: Any) -> Any:
        """A client of STS in the caller's Region, or where there is none, at home."""
        region = self._own.region_name or HOME_REGION
        return self._own._session.create_client(service, region_name=region, **options)

    def _account_session(self, account_id: str) -> boto3.Session:
        if account_id == self.caller.account_id:
            return self._own
        if account_id not in self._sessions:
            organization = self.config.organization
            extra = {"RoleSessionName": "sesreport"}
            if organization.external_id:
                extra["ExternalId"] = organization.external_id
            fetcher = AssumeRoleCredentialFetcher(
                client_creator=self._sts,
                source_credentials=self._own.get_credentials(),
                role_arn=self.role_arn(account_id),
                extra_args=extra,
            )
            # The same profile, whose other settings (endpoint, certificates, FIPS) hold in every account.
            session = botocore.session.Session(profile=self.profile)
            session.register_component("credential_provider", CredentialResolver([_AssumedRole(fetcher)]))
            self._sessions[account_id] = self._session(session)
        return self._sessions[account_id]

    def _session(self, session: botocore.session.Session) -> boto3.Session:
        try:
            if self._loader is None:
                self._loader = session.get_component("data_loader")
            else:
                session.register_component("data_loader", self._loader)
            session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
            return boto3.Session(botocore_session=session)
        except ProfileNotFound as error:
            names = ", ".join(session.available_profiles) or "none"
            profile = self.profile or session.get_config_variable("profile")
            raise CredentialsError(f"no AWS profile {profile!r}; the profiles are: {names}") from error
        except BotoCoreError as error:
            raise CredentialsError(f"the AWS configuration cannot be used: {error}") from error


def client_in_role(
    service: str,
    *,
    region: str | None = None,
    profile: str | None = None,
    role_arn: str | None = None,
    external_id: str | None = None,
    attempts: int = 3,
) -> BaseClient:
    """A client outside the collection (for a delivery): the SDK's own credentials, or a role assumed with them.

    ``attempts`` is how often a call is tried in all. Raises CredentialsError for a profile that is not there and for a
    missing Region; no call is made yet.
    """
    try:
        own = botocore.session.Session(profile=profile)
        session = boto3.Session(botocore_session=own, region_name=region)
        if session.get_credentials() is None:
            raise CredentialsError(f"no AWS credentials to use{f' for {role_arn}' if role_arn else ''}")
        if role_arn:
            extra = {"RoleSessionName": "sesreport", **({"ExternalId": external_id} if external_id else {})}
            home = session.region_name or HOME_REGION
            fetcher = AssumeRoleCredentialFetcher(
                client_creator=lambda name, **options: own.create_client(name, region_name=home, **options),
                source_credentials=session.get_credentials(),
                role_arn=role_arn,
                extra_args=extra,
            )
            assumed = botocore.session.Session(profile=profile)
            assumed.register_component("credential_provider", CredentialResolver([_AssumedRole(fetcher)]))
            session = boto3.Session(botocore_session=assumed, region_name=region)
        client: BaseClient = session.client(
            service,
            config=ClientConfig(
                retries={"mode": "standard", "total_max_attempts": attempts},
                connect_timeout=10,
                read_timeout=60,
                user_agent_extra="sesreport",
            ),
        )
        return client
    except ProfileNotFound as error:
        raise CredentialsError(
            f"no AWS profile {profile!r}; the profiles are in the SDK's configuration file"
        ) from error
    except BotoCoreError as error:
        raise CredentialsError(f"the AWS configuration cannot be used: {error}") from error


def _timestamp(value: Any) -> datetime:
    """A response's timestamp; ISO 8601 by the standard library, ten times as fast as botocore's general parser.

    One without a zone is UTC.
    """
    moment = None
    if isinstance(value, str) and "T" in value:
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None:
        moment = parse_timestamp(value)  # epoch seconds, RFC 822
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _AssumedRole(CredentialProvider):
    """Hands a session the credentials of an assumed role, fetched at first use and again before they expire."""

    METHOD = CANONICAL_NAME = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)
