"""Identities with status, tags and every policy: each page of the list, one GetEmailIdentity for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeGuard

from botocore.exceptions import ClientError

from sesreport.collection.lane import Lane, UnreadableAnswerError
from sesreport.collection.registry import Row, collector
from sesreport.schema import Frame, account_id, at, count, flag, text, texts

IDENTITIES = Frame(
    "identities",
    "One row per SES identity (domain or address).",
    keys={
        "account_id": account_id("Account that owns the identity."),
        "region": text("Region it lives in; a domain used in two Regions is two identities."),
        "identity": text("The domain or address."),
    },
    columns={
        "arn": text("Its ARN.", required=True),
        "identity_type": text("DOMAIN, EMAIL_ADDRESS or MANAGED_DOMAIN.", required=True),
        "verification_status": text("SUCCESS, PENDING, FAILED, TEMPORARY_FAILURE, NOT_STARTED."),
        "sending_enabled": flag("Whether SES lets it send."),
        "dkim_status": text("Status of its DKIM tokens."),
        "dkim_signing": flag("Whether its mail is signed."),
        "dkim_tokens": texts("Selectors of its DKIM keys, as DMARC reports name them; NA where SES gives none."),
        "signing_attributes_origin": text("How its DKIM is set up: AWS_SES (Easy DKIM), EXTERNAL (an own key), "
                                          "AWS_SES_EU_WEST_1 and its like (the keys of its twin in that Region)."),
        "mail_from_domain": text("Custom MAIL FROM domain."),
        "mail_from_status": text("Status of that domain's MX record."),
        "configuration_set": text("Default configuration set; an identity lent to others may not have one."),
        "feedback_forwarding": flag("Whether bounces and complaints are mailed to the sender."),
        "bounce_topic": text("SNS topic of bounces."),
        "complaint_topic": text("SNS topic of complaints."),
        "delivery_topic": text("SNS topic of deliveries."),
        "tags": text("Tags as a JSON object; NA when the identity could not be read."),
        "policies": count("Policies attached; NA when the identity could not be read."),
        "observed_at": at("When the identity was read; before the snapshot's start where an incremental collection "
                          "kept the row."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "arn": "arn:aws:ses:eu-west-1:210000000001:identity/shop.example.com", "identity_type": "DOMAIN",
         "verification_status": "SUCCESS", "sending_enabled": True, "dkim_status": "SUCCESS",
         "dkim_tokens": ["4f2a7c", "9be310", "c81d5e"], "signing_attributes_origin": "AWS_SES", "tags": "{}",
         "policies": 2, "observed_at": datetime.fromisoformat("2026-11-01T06:00:07+00:00")},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "billing@example.com",
         "arn": "arn:aws:ses:eu-west-1:210000000001:identity/billing@example.com",
         "identity_type": "EMAIL_ADDRESS", "verification_status": "SUCCESS", "tags": '{"owner": "finance"}',
         "policies": 0},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org",
         "arn": "arn:aws:ses:us-east-1:210000000003:identity/example.org", "identity_type": "DOMAIN"},
    ),
)  # fmt: skip

POLICIES = Frame(
    "policies",
    "One row per identity policy: the exact text AWS gave.",
    keys={**IDENTITIES.keys, "policy_name": text("Name of the policy on its identity.")},
    columns={
        "document": text("The JSON text (untrusted).", required=True),
        "sha256": text("Hash of the text.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "agency", "document": '{"Version":"2012-10-17","Statement":[]}',
         "sha256": "9a1c2f0e"},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com",
         "policy_name": "cognito", "document": "{}", "sha256": "44136fa3"},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org",
         "policy_name": "broken", "document": "{", "sha256": "021fb596"},
    ),
)  # fmt: skip

PAGE, BATCH = 1000, 100
"""Most identities a page of ListEmailIdentities, and a call of GetIdentityNotificationAttributes, may carry."""


def listed(lane: Lane) -> dict[str, dict[str, Any]]:
    """The list's entries by name. botocore has no paginator for ListEmailIdentities: the token is followed by hand."""
    pages = lane.pages("sesv2", "list_email_identities", "EmailIdentities", PageSize=PAGE)
    return {entry["IdentityName"]: entry for entry in pages}


@collector(
    IDENTITIES,
    POLICIES,
    permissions=("ses:ListEmailIdentities", "ses:GetEmailIdentity", "ses:GetIdentityNotificationAttributes"),
    survey=lambda lane: len(listed(lane)),
)
def identities(lane: Lane) -> Iterator[tuple[str, Row]]:
    """The list, topics by the hundred, and one GetEmailIdentity for each that may have changed."""
    entries = listed(lane)
    topics = _topics(lane, list(entries))
    unread = 0
    for name, entry in entries.items():
        row: dict[str, Any] = {
            "account_id": lane.account_id,
            "region": lane.region,
            "identity": name,
            "arn": f"arn:{lane.aws.caller.partition}:ses:{lane.region}:{lane.account_id}:identity/{name}",
            **_entry(entry),
            **topics.get(name, {}),
        }
        if lane.earlier and _unchanged(kept := lane.earlier.identities.get(name), entry):
            yield "identities", {**kept, **row}
            for policy in lane.earlier.policies[name]:
                yield "policies", policy
            continue
        try:
            detail = lane.call("sesv2", "get_email_identity", EmailIdentity=name)
        except (ClientError, UnreadableAnswerError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NotFoundException":
                continue  # deleted between the list and this call
            unread += 1
            lane.gap("policies", error, f"{unread} of {len(entries)} identities" if unread > 1 else name)
            yield "identities", row
            continue
        policies = detail.get("Policies") or {}
        yield "identities", {**row, **_details(detail), "policies": len(policies), "observed_at": lane.observed_at}
        for policy_name, document in policies.items():
            yield (
                "policies",
                {
                    "account_id": lane.account_id,
                    "region": lane.region,
                    "identity": name,
                    "policy_name": policy_name,
                    "document": document,
                    "sha256": hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest(),
                },
            )


def _entry(entry: dict[str, Any]) -> Row:
    return {
        "identity_type": entry["IdentityType"],
        "verification_status": entry.get("VerificationStatus"),
        "sending_enabled": entry.get("SendingEnabled"),
    }


def _unchanged(kept: Row | None, entry: dict[str, Any]) -> TypeGuard[Row]:
    """Whether the list says of an identity what it said before."""
    return kept is not None and all(kept[name] == value for name, value in _entry(entry).items())


def _details(detail: dict[str, Any]) -> Row:
    dkim, mail_from = detail.get("DkimAttributes") or {}, detail.get("MailFromAttributes") or {}
    tags = {tag["Key"]: tag["Value"] for tag in detail.get("Tags") or []}
    return {
        "verification_status": detail.get("VerificationStatus"),
        "dkim_status": dkim.get("Status"),
        "dkim_signing": dkim.get("SigningEnabled"),
        "dkim_tokens": dkim.get("Tokens"),
        "signing_attributes_origin": dkim.get("SigningAttributesOrigin"),
        "mail_from_domain": mail_from.get("MailFromDomain") or None,
        "mail_from_status": mail_from.get("MailFromDomainStatus"),
        "configuration_set": detail.get("ConfigurationSetName") or None,
        "feedback_forwarding": detail.get("FeedbackForwardingStatus"),
        "tags": json.dumps(tags, ensure_ascii=False, sort_keys=True),
    }


def _topics(lane: Lane, names: list[str]) -> dict[str, Row]:
    """Notification topics by identity, a hundred identities a call."""
    found: dict[str, Row] = {}
    for start in range(0, len(names), BATCH):
        try:
            answer = lane.call("ses", "get_identity_notification_attributes", Identities=names[start : start + BATCH])
        except ClientError as error:
            lane.gap("notification_topics", error)
            return found
        for name, topics in answer["NotificationAttributes"].items():
            found[name] = {
                f"{kind.lower()}_topic": topics.get(f"{kind}Topic") or None
                for kind in ("Bounce", "Complaint", "Delivery")
            }
    return found
