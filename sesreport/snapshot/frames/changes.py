"""The frame of the dataset ``changes``."""

from __future__ import annotations

from datetime import datetime

from sesreport.core.schema import Frame, account_id, at, flag, text
from sesreport.snapshot.collected import collected

CHANGES = collected(Frame(
    "changes",
    "One row per CloudTrail event that began, changed or deleted an identity or its policies, or changed the account's "
    "sending or details.",
    keys={"event_id": text("CloudTrail's id of the event.")},
    columns={
        "account_id": account_id("Account in which it happened.", required=True),
        "region": text("Region in which it happened.", required=True),
        "at": at("When.", required=True),
        "event_name": text("API operation, v1 or v2.", required=True),
        "identity": text("The identity changed, where the event says."),
        "policy_name": text("The policy changed, where the event says."),
        "policy": text("Text of the policy put (untrusted); NA for a deletion or where CloudTrail hides it."),
        "principal_arn": text("Who did it."),
        "source_ip": text("From where."),
        "error_code": text("Why it failed; NA for a change that took effect."),
        "enabled": flag("What the account's sending was set to, or whether production access was asked for; NA for "
                        "other events, and where the event does not say."),
    },
    samples=(
        {"event_id": "0c5e0f2e-1", "account_id": "210000000001", "region": "eu-west-1",
         "at": datetime.fromisoformat("2026-10-12T09:14:03+00:00"), "event_name": "PutIdentityPolicy",
         "identity": "shop.example.com", "policy_name": "agency", "policy": '{"Statement": []}',
         "principal_arn": "arn:aws:iam::210000000001:role/deploy", "source_ip": "203.0.113.7"},
        {"event_id": "0c5e0f2e-2", "account_id": "210000000001", "region": "eu-west-1",
         "at": datetime.fromisoformat("2026-10-20T16:40:55+00:00"), "event_name": "DeleteEmailIdentityPolicy",
         "identity": "shop.example.com", "policy_name": "agency"},
        {"event_id": "0c5e0f2e-3", "account_id": "210000000003", "region": "us-east-1",
         "at": datetime.fromisoformat("2026-10-21T08:00:00+00:00"), "event_name": "CreateEmailIdentity",
         "identity": "example.org", "error_code": "AlreadyExistsException"},
    ),
))  # fmt: skip
