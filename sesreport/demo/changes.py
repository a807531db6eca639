"""CloudTrail events that follow from the dates of identities, owner tags and policies."""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.demo.identities import DemoIdentity, DemoPolicy
from sesreport.settings.config import read_toml

_NAMES = {
    ("v1", "make"): "PutIdentityPolicy",
    ("v1", "change"): "PutIdentityPolicy",
    ("v1", "remove"): "DeleteIdentityPolicy",
    ("v2", "make"): "CreateEmailIdentityPolicy",
    ("v2", "change"): "UpdateEmailIdentityPolicy",
    ("v2", "remove"): "DeleteEmailIdentityPolicy",
}
_MEMBERS = {
    "CreateEmailIdentity": "emailIdentity",
    "VerifyEmailIdentity": "emailAddress",
    "VerifyDomainIdentity": "domain",
    "DeleteEmailIdentity": "emailIdentity",
    "DeleteIdentity": "identity",
}
"""Member of the request that names the identity."""
_OPERATOR = "mail-operations"
_INVENTORY = "inventory"
_SPACE = uuid.UUID("2f6b8a52-0f0e-4c1c-9d4e-0d5f6e1a7b33")


@dataclass(frozen=True)
class ManagementEvent:
    """One management event: who did what to which identity, when."""

    at: datetime
    name: str
    account: str
    region: str
    role: str
    identity: str
    parameters: Mapping[str, Any]
    read_only: bool = False

    @property
    def id(self) -> str:
        return str(uuid.uuid5(_SPACE, f"{self.at} {self.name} {self.account} {self.region} {self.parameters}"))


def changes_of(identity: DemoIdentity) -> Iterator[ManagementEvent]:
    """All that ever happened to an identity, in no order."""
    acts = identity.acts
    begun = {_MEMBERS[acts.begun]: identity.identity}
    yield _change(identity, identity.since, acts.begun, acts.begun_by, begun)
    if identity.until is not None:
        deleted = {_MEMBERS[acts.deleted]: identity.identity}
        yield _change(identity, identity.until, acts.deleted, acts.deleted_by, deleted)
    if identity.owner_since is not None:
        tags = {"resourceArn": identity.arn, "tags": [{"key": "owner", "value": identity.owner}]}
        yield _change(identity, identity.owner_since, "TagResource", _OPERATOR, tags)
    for policy in identity.policies:
        yield from _policy_changes(identity, policy)


def _policy_changes(identity: DemoIdentity, policy: DemoPolicy) -> Iterator[ManagementEvent]:
    key = "identity" if policy.api == "v1" else "emailIdentity"
    named = {key: identity.identity, "policyName": policy.name}
    same = [other for other in identity.policies if other.name == policy.name and other is not policy]
    replaces = any(other.until == policy.since for other in same)
    replaced = any(other.since == policy.until for other in same)
    made = _NAMES[policy.api, "change" if replaces else "make"]
    yield _change(identity, policy.since, made, policy.by, {**named, "policy": policy.document})
    if policy.until is not None and not replaced:
        yield _change(identity, policy.until, _NAMES[policy.api, "remove"], policy.removed_by, named)


def inventory(account: str, region: str, start: date, end: date) -> Iterator[ManagementEvent]:
    """The nightly read by an inventory tool: what a search for changes has to page through."""
    for day in range(start.toordinal(), end.toordinal()):
        at = datetime.combine(date.fromordinal(day), time(2, 30), tzinfo=UTC)
        yield ManagementEvent(
            at, "ListEmailIdentities", account, region, _INVENTORY, "", {"pageSize": 100}, read_only=True
        )


def load_account_changes(data: Path) -> tuple[ManagementEvent, ...]:
    """What was done to whole accounts, by ``events.toml``. Raises ConfigError."""
    path = data / "events.toml"
    try:
        return tuple(
            ManagementEvent(row["at"], row["event"], row["account"], row["region"], row["by"], "", row["parameters"])
            for row in read_toml(path).get("accounts", [])
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path}: missing or unknown key: {error}") from error


def _change(identity: DemoIdentity, day: date, name: str, role: str, parameters: Mapping[str, Any]) -> ManagementEvent:
    seconds = zlib.crc32(f"{identity.arn} {day} {name} {parameters}".encode()) % (9 * 3600)
    at = datetime.combine(day, time(7), tzinfo=UTC) + timedelta(seconds=seconds)
    return ManagementEvent(at, name, identity.account, identity.region, role, identity.identity, parameters)


def record(change: ManagementEvent, session: str) -> str:
    """The event's JSON, as CloudTrail's record contents have it (CloudTrail User Guide, record contents)."""
    role_id = f"AROADEMO{zlib.crc32(f'{change.account} {change.role}'.encode()):012d}"
    automated = change.role in {"terraform-deploy", _INVENTORY}
    at = change.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(
        {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"{role_id}:{session}",
                "arn": f"arn:aws:sts::{change.account}:assumed-role/{change.role}/{session}",
                "accountId": change.account,
                "accessKeyId": access_key(change),
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": role_id,
                        "arn": f"arn:aws:iam::{change.account}:role/{change.role}",
                        "accountId": change.account,
                        "userName": change.role,
                    },
                    "attributes": {"creationDate": at, "mfaAuthenticated": "false" if automated else "true"},
                },
            },
            "eventTime": at,
            "eventSource": "ses.amazonaws.com",
            "eventName": change.name,
            "awsRegion": change.region,
            "sourceIPAddress": "203.0.113.77" if automated else "198.51.100.24",
            "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.8" if automated else "aws-cli/2.31.4",
            "requestParameters": dict(change.parameters),
            "responseElements": None,
            "requestID": str(uuid.uuid5(_SPACE, f"request {change.id}")),
            "eventID": change.id,
            "readOnly": change.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": change.account,
            "eventCategory": "Management",
        }
    )


def access_key(change: ManagementEvent) -> str:
    """The temporary key of the session that made a change."""
    return f"ASIADEMO{zlib.crc32(f'{change.account} {change.role} {change.at.date()}'.encode()):012d}"
