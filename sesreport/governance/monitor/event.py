"""What an EventBridge event says was changed.

The envelope is documented (EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"), and that SES
management operations are logged (SES Developer Guide, "Logging Amazon SES API calls with AWS CloudTrail"). No real
sample of these events is published (:mod:`sesreport.snapshot.events`), and the policy may be text, an object, hidden
or absent. Nothing is believed that the event does not say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sesreport.core.errors import SesReportError
from sesreport.snapshot.events import (
    EVENTS,
    OF_ACCOUNT,
    OPERATIONS,
    SOURCE,
    EventKind,
    enabled_of,
    identity_of,
    mapping_of,
    policy_of,
    text_of,
)

_ACCOUNT_ID, _REGION = re.compile("[0-9]{12}"), re.compile("[a-z0-9-]+")


class EventError(SesReportError):
    """The function was invoked with something that is no event of an API call."""


@dataclass(frozen=True)
class Change:
    """One API call; None for what the event does not say."""

    event_id: str
    event_name: str
    kind: EventKind | None
    """None for an operation that is not watched."""
    at: datetime
    account_id: str
    """The account in which it was logged."""
    region: str
    identity: str | None
    """A domain or an address; None for a change of the whole account as well."""
    owner: str
    """The account of the identity, or the one that was changed."""
    policy_name: str | None
    policy: str | None
    """The policy put, as JSON text (untrusted); None when hidden or absent."""
    principal_arn: str | None
    source_ip: str | None
    error_code: str | None
    enabled: bool | None = None
    """What sending or production access was set to."""

    @property
    def of_account(self) -> bool:
        """Whether it changes the account in the Region, and no identity."""
        return self.kind in OF_ACCOUNT

    def arn(self, partition: str) -> str:
        """The identity's ARN. Raises ``ValueError`` when the event does not name one."""
        if self.identity is None:
            raise ValueError("the event names no identity")
        return f"arn:{partition}:ses:{self.region}:{self.owner}:identity/{self.identity}"


def read_event(event: Mapping[str, Any]) -> Change:
    """Takes an event apart. Raises EventError when it is no event of an API call by SES."""
    detail = event.get("detail") if isinstance(event, Mapping) else None
    name = text_of(detail, "eventName") if isinstance(detail, Mapping) else None
    if not isinstance(detail, Mapping) or name is None:
        raise EventError("not an event of an API call: it has no detail.eventName; check the EventBridge rule")
    if detail.get("eventSource", SOURCE) != SOURCE:
        raise EventError(f"an event of {detail['eventSource']!r:.80}, not of SES; check the EventBridge rule")
    event_id = text_of(detail, "eventID") or text_of(event, "id")
    account = text_of(detail, "recipientAccountId") or text_of(event, "account")
    region = text_of(detail, "awsRegion") or text_of(event, "region")
    if event_id is None or account is None or region is None:
        raise EventError("an event without eventID, account or Region; check what delivers it")
    request = mapping_of(detail, "requestParameters")
    user = mapping_of(detail, "userIdentity")
    issuer = mapping_of(mapping_of(user, "sessionContext"), "sessionIssuer")
    kind = OPERATIONS[name].kind if name in EVENTS else None
    owner, identity = (account, None) if kind in OF_ACCOUNT else _identity(detail, name, request, account)
    if not (_ACCOUNT_ID.fullmatch(owner) and _REGION.fullmatch(region)):
        raise EventError(f"an event of account {owner!r:.40} and Region {region!r:.40}, which are none")
    return Change(
        event_id=event_id,
        event_name=name,
        kind=kind,
        at=_moment(text_of(detail, "eventTime") or text_of(event, "time")),
        account_id=account,
        region=region,
        identity=identity,
        owner=owner,
        policy_name=text_of(request, "policyName"),
        policy=policy_of(request),
        principal_arn=text_of(issuer, "arn") or text_of(user, "arn") or text_of(user, "invokedBy"),
        source_ip=text_of(detail, "sourceIPAddress"),
        error_code=text_of(detail, "errorCode"),
        enabled=enabled_of(name, request),
    )


def _identity(
    detail: Mapping[str, Any], event: str, request: Mapping[str, Any], account: str
) -> tuple[str, str | None]:
    """Account and name of the identity: as an ARN where one is given, else of the account of the log."""
    named = identity_of(event, request)
    resources = detail.get("resources")
    listed = (
        [text_of(one, "ARN") for one in resources if isinstance(one, Mapping)] if isinstance(resources, list) else []
    )
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
