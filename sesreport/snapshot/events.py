"""CloudTrail events of SES that are collected and watched: the one table of both.

No real sample of these events is published. Members of ``requestParameters`` are taken for those of the request in
lower camel case, as in the examples of the SES Developer Guide ("Logging Amazon SES API calls with AWS CloudTrail"); a
member may be missing, hidden, or begin with a capital.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

SOURCE = "ses.amazonaws.com"
"""Event source of both API versions."""
HIDDEN = "HIDDEN_DUE_TO"
"""How a value begins that CloudTrail does not show."""


class EventKind(StrEnum):
    """What an operation does."""

    BEGINS_IDENTITY = "begins an identity"
    DELETES_IDENTITY = "deletes an identity"
    CREATES_POLICY = "creates a policy"
    PUTS_POLICY = "puts a policy, new or not"
    DELETES_POLICY = "deletes a policy"
    SETS_ATTRIBUTE = "sets an attribute of an identity"
    SWITCHES_SENDING = "switches an account's sending on or off"
    PUTS_DETAILS = "puts an account's details, and asks for production access"


OF_ACCOUNT = (EventKind.SWITCHES_SENDING, EventKind.PUTS_DETAILS)
"""Kinds that change no identity."""


@dataclass(frozen=True)
class LoggedOperation:
    """One API operation as CloudTrail names it."""

    kind: EventKind
    api: Literal["v1", "v2", "v1 and v2"]
    identity: str | None = None
    """Member of the request that names the identity; None where it names none."""
    enabled: str | None = None
    """Member that says what sending or production access was set to."""


def _begins(member: str) -> LoggedOperation:
    return LoggedOperation(EventKind.BEGINS_IDENTITY, "v1", member)


RETENTION = timedelta(days=90)
"""How long CloudTrail keeps its event history (CloudTrail User Guide, "Working with CloudTrail event history")."""

OPERATIONS: Mapping[str, LoggedOperation] = {
    "CreateEmailIdentity": LoggedOperation(EventKind.BEGINS_IDENTITY, "v2", "emailIdentity"),
    "VerifyDomainDkim": _begins("domain"),
    "VerifyDomainIdentity": _begins("domain"),
    "VerifyEmailAddress": _begins("emailAddress"),
    "VerifyEmailIdentity": _begins("emailAddress"),
    "SendCustomVerificationEmail": LoggedOperation(EventKind.BEGINS_IDENTITY, "v1 and v2", "emailAddress"),
    "DeleteEmailIdentity": LoggedOperation(EventKind.DELETES_IDENTITY, "v2", "emailIdentity"),
    "DeleteIdentity": LoggedOperation(EventKind.DELETES_IDENTITY, "v1", "identity"),
    "DeleteVerifiedEmailAddress": LoggedOperation(EventKind.DELETES_IDENTITY, "v1", "emailAddress"),
    "CreateEmailIdentityPolicy": LoggedOperation(EventKind.CREATES_POLICY, "v2", "emailIdentity"),
    "UpdateEmailIdentityPolicy": LoggedOperation(EventKind.PUTS_POLICY, "v2", "emailIdentity"),
    "PutIdentityPolicy": LoggedOperation(EventKind.PUTS_POLICY, "v1", "identity"),
    "DeleteEmailIdentityPolicy": LoggedOperation(EventKind.DELETES_POLICY, "v2", "emailIdentity"),
    "DeleteIdentityPolicy": LoggedOperation(EventKind.DELETES_POLICY, "v1", "identity"),
    "PutEmailIdentityConfigurationSetAttributes": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "emailIdentity"),
    "PutEmailIdentityDkimAttributes": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "emailIdentity"),
    "PutEmailIdentityDkimSigningAttributes": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "emailIdentity"),
    "PutEmailIdentityFeedbackAttributes": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "emailIdentity"),
    "PutEmailIdentityMailFromAttributes": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "emailIdentity"),
    "SetIdentityDkimEnabled": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v1", "identity"),
    "SetIdentityFeedbackForwardingEnabled": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v1", "identity"),
    "SetIdentityMailFromDomain": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v1", "identity"),
    "TagResource": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "resourceArn"),
    "UntagResource": LoggedOperation(EventKind.SETS_ATTRIBUTE, "v2", "resourceArn"),
    "PutAccountSendingAttributes": LoggedOperation(EventKind.SWITCHES_SENDING, "v2", enabled="sendingEnabled"),
    "UpdateAccountSendingEnabled": LoggedOperation(EventKind.SWITCHES_SENDING, "v1", enabled="enabled"),
    "PutAccountDetails": LoggedOperation(EventKind.PUTS_DETAILS, "v2", enabled="productionAccessEnabled"),
}
"""Every operation by its name. VerifyDomainDkim and SendCustomVerificationEmail are among those that begin an identity
because they add the domain or the address to the account's identities where it is not there yet (SES API Reference)."""
_OF_ANY = tuple(dict.fromkeys(one.identity for one in OPERATIONS.values() if one.identity not in (None, "resourceArn")))


def operations_of(*kinds: EventKind) -> tuple[str, ...]:
    """Names of the operations of some kinds."""
    return tuple(name for name, one in OPERATIONS.items() if one.kind in kinds)


ATTRIBUTES = operations_of(EventKind.SETS_ATTRIBUTE)
"""What changes nothing but an attribute of an identity: looked at by incremental collections, and not kept."""
EVENTS = tuple(name for name in OPERATIONS if name not in ATTRIBUTES)
"""What is kept in the frame ``changes``, and watched."""


def member(request: Mapping[str, Any], name: str) -> Any:
    """A member of a request, whose name may begin with a capital; None where there is none."""
    value = request.get(name)
    return value if value is not None else request.get(name[:1].upper() + name[1:])


def mapping_of(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that is an object; empty where there is none."""
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def policy_of(request: Mapping[str, Any]) -> str | None:
    """The policy put, given as text or as an object; None where it is hidden or blank."""
    value = member(request, "policy")
    if isinstance(value, Mapping):
        return json.dumps(value)
    return value if isinstance(value, str) and value.strip() and not value.startswith(HIDDEN) else None


def text_of(request: Mapping[str, Any], name: str) -> str | None:
    """A member that is a text, neither empty nor hidden."""
    value = member(request, name)
    return value if isinstance(value, str) and value and not value.startswith(HIDDEN) else None


def identity_of(event: str, request: Mapping[str, Any]) -> str | None:
    """The identity of a request as it names it, by name or ARN.

    None where it does not say, or where the operation changes no identity; empty for a tag on something else.
    """
    operation = OPERATIONS.get(event)
    if operation is not None and operation.kind in OF_ACCOUNT:
        return None
    if operation is not None and operation.identity == "resourceArn":
        arn = text_of(request, "resourceArn")
        return None if arn is None else arn.partition(":identity/")[2]
    first = operation.identity if operation is not None else None
    return next((found for one in (first, *_OF_ANY) if one and (found := text_of(request, one))), None)


def enabled_of(event: str, request: Mapping[str, Any]) -> bool | None:
    """What sending or production access was set to; None where the request does not say."""
    operation = OPERATIONS.get(event)
    value = member(request, operation.enabled) if operation is not None and operation.enabled else None
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def name_of(identity: str) -> str:
    """The name in an identity's ARN; a name as it is."""
    return identity.rpartition(":identity/")[2] if identity.startswith("arn:") else identity
