"""What an EventBridge event says was changed.

The envelope is documented (EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"), and that SES
management operations are logged (SES Developer Guide, "Logging Amazon SES API calls with AWS CloudTrail"). No real
sample of an identity-policy event is published: request parameters are taken for the request in lower camel case, and
the policy may be text, an object, hidden or absent. Nothing is believed that the event does not say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sesreport.errors import SesReportError

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


class Kind(StrEnum):
    """What an operation does to an identity's policies."""

    CREATES_POLICY = "creates a policy"
    PUTS_POLICY = "puts a policy, new or not"
    DELETES_POLICY = "deletes a policy"
    CREATES_IDENTITY = "creates an identity"
    DELETES_IDENTITY = "deletes an identity"


EVENTS = {
    "CreateEmailIdentityPolicy": Kind.CREATES_POLICY,
    "PutIdentityPolicy": Kind.PUTS_POLICY,
    "UpdateEmailIdentityPolicy": Kind.PUTS_POLICY,
    "DeleteIdentityPolicy": Kind.DELETES_POLICY,
    "DeleteEmailIdentityPolicy": Kind.DELETES_POLICY,
    "CreateEmailIdentity": Kind.CREATES_IDENTITY,
    "VerifyDomainIdentity": Kind.CREATES_IDENTITY,
    "VerifyEmailIdentity": Kind.CREATES_IDENTITY,
    "VerifyEmailAddress": Kind.CREATES_IDENTITY,
    "DeleteEmailIdentity": Kind.DELETES_IDENTITY,
    "DeleteIdentity": Kind.DELETES_IDENTITY,
    "DeleteVerifiedEmailAddress": Kind.DELETES_IDENTITY,
}
"""The operations that are watched, of both API versions; the template's event pattern names the same."""
_ACCOUNT_ID, _REGION = re.compile("[0-9]{12}"), re.compile("[a-z0-9-]+")
_IDENTITY_PARAMETERS = ("emailIdentity", "identity", "domain", "emailAddress")


class EventError(SesReportError):
    """The function was invoked with something that is no event of an API call."""


@dataclass(frozen=True)
class Change:
    """One API call; None for what the event does not say."""

    event_id: str
    event_name: str
    kind: Kind | None
    """None for an operation that changes no policy."""
    at: datetime
    account_id: str
    """The account in which it was logged."""
    region: str
    identity: str | None
    """A domain or an address."""
    owner: str
    """The account of the identity."""
    policy_name: str | None
    policy: str | None
    """The policy put, as JSON text (untrusted); None when hidden or absent."""
    principal_arn: str | None
    source_ip: str | None
    error_code: str | None

    def arn(self, partition: str) -> str:
        """The identity's ARN. Raises ``ValueError`` when the event does not name one."""
        if self.identity is None:
            raise ValueError("the event names no identity")
        return f"arn:{partition}:ses:{self.region}:{self.owner}:identity/{self.identity}"


def read_event(event: Mapping[str, Any]) -> Change:
    """Takes an event apart. Raises EventError when it is no event of an API call by SES."""
    detail = event.get("detail") if isinstance(event, Mapping) else None
    if not isinstance(detail, Mapping) or not _text(detail, "eventName"):
        raise EventError("not an event of an API call: it has no detail.eventName; check the EventBridge rule")
    if detail.get("eventSource", "ses.amazonaws.com") != "ses.amazonaws.com":
        raise EventError(f"an event of {detail['eventSource']!r:.80}, not of SES; check the EventBridge rule")
    event_id = _text(detail, "eventID") or _text(event, "id")
    account = _text(detail, "recipientAccountId") or _text(event, "account")
    region = _text(detail, "awsRegion") or _text(event, "region")
    if event_id is None or account is None or region is None:
        raise EventError("an event without eventID, account or Region; check what delivers it")
    request = _mapping(detail, "requestParameters")
    user = _mapping(detail, "userIdentity")
    issuer = _mapping(_mapping(user, "sessionContext"), "sessionIssuer")
    name = detail["eventName"]
    owner, identity = _identity(detail, request, account)
    if not (_ACCOUNT_ID.fullmatch(owner) and _REGION.fullmatch(region)):
        raise EventError(f"an event of account {owner!r:.40} and Region {region!r:.40}, which are none")
    return Change(
        event_id=event_id,
        event_name=name,
        kind=EVENTS.get(name),
        at=_moment(_text(detail, "eventTime") or _text(event, "time")),
        account_id=account,
        region=region,
        identity=identity,
        owner=owner,
        policy_name=_text(request, "policyName"),
        policy=_policy(request.get("policy")),
        principal_arn=_text(issuer, "arn") or _text(user, "arn") or _text(user, "invokedBy"),
        source_ip=_text(detail, "sourceIPAddress"),
        error_code=_text(detail, "errorCode"),
    )


def _identity(detail: Mapping[str, Any], request: Mapping[str, Any], account: str) -> tuple[str, str | None]:
    """Account and name of the identity: as an ARN where one is given, else of the account of the log."""
    named = next((text for key in _IDENTITY_PARAMETERS if (text := _text(request, key))), None)
    resources = detail.get("resources")
    listed = [_text(one, "ARN") for one in resources if isinstance(one, Mapping)] if isinstance(resources, list) else []
    for arn in [named, *listed]:
        place, mark, name = (arn or "").partition(":identity/")
        if mark and place.startswith("arn:") and named in (None, arn, name):
            return place.split(":")[4] if place.count(":") == 4 else account, name
    return account, named


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise EventError(f"an event without a time that can be read: {text!r:.40}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _mapping(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) and value and not value.startswith(HIDDEN) else None


def _policy(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return json.dumps(value)
    return value if isinstance(value, str) and value.strip() and not value.startswith(HIDDEN) else None
