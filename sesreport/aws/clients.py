"""The only module that creates boto3 sessions and clients.

Settings are the SDK's own (profile, SSO, environment, ``AWS_ENDPOINT_URL``). The account the credentials belong to is
read with them; every other account through one assumed role, re-assumed by botocore before it expires.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.client import BaseClient
from botocore.config import Config as ClientConfig
from botocore.credentials import Credentials, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
from botocore.utils import parse_timestamp

from sesreport.aws import sign_in
from sesreport.aws.deadlines import Deadlines, limit_calls
from sesreport.aws.wire import UnreadableAnswerError, check_form, is_awss
from sesreport.core.errors import CredentialsError
from sesreport.core.redaction import hide

if TYPE_CHECKING:  # the functions of governance/monitor make clients without the settings' libraries
    from sesreport.settings.config import Config

HOME_REGION = "us-east-1"
"""Where calls without a Region of their own go (Organizations, Account, Cost Explorer have one home)."""


_LOADERS: dict[str | None, Any] = {}
"""One cache of service models for all sessions of a process: parsing SES's again for each would dominate."""
PROBE = 10.0
"""Seconds in which AWS answers whether it can be reached at all."""
FRESH = 30.0
"""Seconds for which credentials are new: what is denied with them is denied, and not because they were revoked."""


def known_ses_regions() -> set[str]:
    """Regions in which botocore knows an SES endpoint, in any partition; asks nobody."""
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return {region for each in partitions for region in session.get_available_regions("sesv2", partition_name=each)}


@dataclass(frozen=True)
class CallerIdentity:
    """Who the credentials belong to."""

    account_id: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


@dataclass
class Aws:
    """Makes calls in any account and Region; threads share it.

    There is one client per service and Region, and each call is signed with the credentials of its account: a client
    per account would cost as much processor time as the calls made with it, and a TLS handshake each.
    """

    config: Config
    profile: str | None = None
    caller: CallerIdentity = field(init=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: dict[str, Credentials] = {}
        self._own_renewed: Credentials | None = None
        self._generations: dict[str, int] = {}
        self._fetched: dict[str, float] = {}
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._turn = threading.local()
        """Whose call this thread is about to make."""
        self._deadlines = Deadlines(self.config.collect.timeout)
        self._probing = Deadlines(min(PROBE, self.config.collect.timeout))
        self._client_config = ClientConfig(
            max_pool_connections=self.config.collect.workers,
            connect_timeout=min(10, self.config.collect.timeout),
            read_timeout=self.config.collect.timeout,
            user_agent_extra="sesreport",
        )
        self._own = self._session(botocore.session.Session(profile=self.profile))
        sts = partial(self._limited, "sts", self._home, attempts=4)
        self.caller = CallerIdentity(*sign_in.identify(self._own._session, sts, self._deadlines.limit))
        self._fetched[self.caller.account_id] = time.monotonic()

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account_id: str, region: str
    ) -> dict[str, Any]:
        """One API call, tried once; raises what botocore raises, UnreadableAnswerError and DeadlineError."""
        client = self._client(service, region)
        own = account_id == self.caller.account_id
        self._turn.credentials = self._own_renewed if own else self._credentials_of(account_id)
        with self._deadlines.limit():
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        return answer

    def silence(self) -> Exception | None:
        """Why AWS does not answer the plainest question, in the caller's Region or at home; None when it does."""
        silence: Exception | None = None
        self._turn.credentials = self._own_renewed
        for region in dict.fromkeys((self._home, HOME_REGION)):
            try:
                with self._probing.limit():
                    self._client("sts", region).get_caller_identity()
            except Exception as error:  # noqa: BLE001 - whatever keeps AWS from answering is the answer
                if is_awss(error):
                    return None
                silence = error
            else:
                return None
        return silence

    def refusal(self) -> ClientError | None:
        """Why AWS does not take the caller's own credentials any more; None when it does, or does not answer."""
        self._turn.credentials = self._own_renewed
        try:
            with self._probing.limit():
                self._client("sts", self._home).get_caller_identity()
        except ClientError as error:
            return error if is_awss(error) else None
        except Exception:  # noqa: BLE001 - that is silence, which others ask about
            return None
        return None

    def endpoint(self, service: str, region: str) -> str:
        """The URL at which a service is asked."""
        return str(self._client(service, region).meta.endpoint_url)

    def generation(self, account_id: str) -> int:
        """How often the account's credentials were renewed."""
        with self._lock:
            return self._generations.get(account_id, 0)

    def renew(self, account_id: str, used: int, *, expired: bool) -> bool:
        """Has the account's credentials fetched anew, unless they were since the generation ``used`` failed.

        False when those that failed were new themselves and not ``expired``: what is denied to them is denied.
        """
        with self._lock:
            if self._generations.get(account_id, 0) != used:
                return True
            if not expired and time.monotonic() - self._fetched.get(account_id, 0) < FRESH:
                return False
            if account_id == self.caller.account_id:  # what the profile, the environment or the metadata say now
                self._own_renewed = self._session(botocore.session.Session(profile=self.profile)).get_credentials()
                self._fetched[account_id] = time.monotonic()
            else:
                self._credentials.pop(account_id, None)
            self._generations[account_id] = used + 1
            return True

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                client = self._limited(service, region, attempts=1)  # a lane waits and repeats by itself, and counts it
                client.meta.events.register("before-sign", self._sign_as)
                self._clients[key] = client
            return self._clients[key]

    def _limited(self, service: str, region: str, *, attempts: int) -> Any:
        """A client whose calls end at their deadline and whose answers are AWS's own."""
        retried = ClientConfig(retries={"mode": "standard", "total_max_attempts": attempts})
        client = self._own.client(service, region_name=region, config=self._client_config.merge(retried))
        client.meta.events.register("before-parse", check_form)
        return limit_calls(client)

    def _sign_as(self, request: Any, **_: Any) -> None:
        """Names the credentials to sign with, as botocore's own S3 Express does."""
        if self._turn.credentials is not None:
            request.context.setdefault("signing", {})["request_credentials"] = self._turn.credentials

    def _sign_as_caller(self, request: Any, **_: Any) -> None:
        """A role is assumed with the caller's own credentials, in the middle of another account's call."""
        if renewed := self._own_renewed:
            request.context.setdefault("signing", {})["request_credentials"] = renewed

    def role_arn(self, account_id: str) -> str:
        return f"arn:{self.caller.partition}:iam::{account_id}:role/{self.config.organization.role_name}"

    def ses_regions(self) -> list[str]:
        """Regions in which botocore knows an SES endpoint, in the caller's partition."""
        regions: list[str] = self._own.get_available_regions("sesv2", partition_name=self.caller.partition)
        return regions

    @cached_property
    def _sts(self) -> Any:
        """STS in the caller's Region, or where there is none, at home."""
        client = self._limited("sts", self._home, attempts=4)
        client.meta.events.register("before-sign", self._sign_as_caller)
        return client

    @property
    def _home(self) -> str:
        return self._own.region_name or HOME_REGION

    def _credentials_of(self, account_id: str) -> Credentials:
        with self._lock:
            if account_id not in self._credentials:
                fetch = partial(self._assume, account_id)
                self._credentials[account_id] = DeferredRefreshableCredentials(fetch, "assume-role")
            return self._credentials[account_id]

    def _assume(self, account_id: str) -> dict[str, str]:
        assumed = _assumed(self._sts, self.role_arn(account_id), self.config.organization.external_id)
        self._fetched[account_id] = time.monotonic()
        return assumed

    def _session(self, session: botocore.session.Session) -> boto3.Session:
        try:
            path = session.get_config_variable("data_path")
            session.register_component("data_loader", _LOADERS.setdefault(path, session.get_component("data_loader")))
            session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
            sign_in.ask_nobody(session)
            return boto3.Session(botocore_session=session)
        except ProfileNotFound as error:
            names = ", ".join(session.available_profiles) or "none"
            profile = self.profile or session.get_config_variable("profile")
            raise CredentialsError(f"no AWS profile {profile!r}; the profiles are: {names}") from error
        except BotoCoreError as error:
            raise CredentialsError(f"the AWS configuration cannot be used: {error}") from error


def storage_options() -> dict[str, Any]:
    """Credentials, Region and endpoint of S3 as the SDK finds them, as Arrow's file system takes them."""
    session = boto3.Session()
    credentials = session.get_credentials()
    found: dict[str, Any] = {"region": session.region_name or HOME_REGION}
    if credentials is not None:
        frozen = credentials.get_frozen_credentials()
        found |= {
            "access_key": frozen.access_key,
            "secret_key": frozen.secret_key,
            **({"session_token": frozen.token} if frozen.token else {}),
        }
    # The client knows of AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and the profile's endpoint_url.
    endpoint = session.client("s3", region_name=found["region"]).meta.endpoint_url
    return {**found, **({} if endpoint.endswith(".amazonaws.com") else {"endpoint_override": endpoint})}


def own_client(service: str, *, region: str | None = None) -> Any:
    """A client with the SDK's own credentials and settings, for a function that works in its own account alone.

    It waits longer when AWS throttles (SES answers one call a second). Raises ``BotoCoreError`` without a Region.
    """
    settings = ClientConfig(
        retries={"mode": "adaptive", "max_attempts": 8},
        connect_timeout=5,
        read_timeout=20,
        user_agent_extra="sesreport",
    )
    client = boto3.client(service, region_name=region, config=settings)
    if service in ("sesv2", "organizations"):  # whose answers are taken for what there is
        client.meta.events.register("before-parse", check_form)
    return client


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
    settings = ClientConfig(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=10,
        read_timeout=60,
        user_agent_extra="sesreport",
    )
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.get_credentials() is None:
            raise CredentialsError(f"no AWS credentials to use{f' for {role_arn}' if role_arn else ''}")
        client: BaseClient = session.client(service, config=settings)
        if role_arn:
            sts = session.client("sts", region_name=session.region_name or HOME_REGION)
            credentials = DeferredRefreshableCredentials(partial(_assumed, sts, role_arn, external_id), "assume-role")

            def sign_as(request: Any, **_: Any) -> None:
                request.context.setdefault("signing", {})["request_credentials"] = credentials

            client.meta.events.register("before-sign", sign_as)
        return client
    except ProfileNotFound as error:
        raise CredentialsError(
            f"no AWS profile {profile!r}; the profiles are in the SDK's configuration file"
        ) from error
    except BotoCoreError as error:
        raise CredentialsError(f"the AWS configuration cannot be used: {error}") from error


def _assumed(sts: Any, role_arn: str, external_id: str | None) -> dict[str, str]:
    """Credentials of a role, as botocore refreshes them."""
    hide(external_id)
    extra = {"ExternalId": external_id} if external_id else {}
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="sesreport", **extra)
    whose = answer.get("AssumedRoleUser", {}).get("Arn", "").split(":")
    if whose[4:5] != role_arn.split(":")[4:5]:
        raise UnreadableAnswerError(operation="AssumeRole", problem=f"the session is not one of {role_arn}")
    assumed = answer["Credentials"]
    return {
        "access_key": assumed["AccessKeyId"],
        "secret_key": assumed["SecretAccessKey"],
        "token": assumed["SessionToken"],
        "expiry_time": assumed["Expiration"].isoformat(),
    }


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
