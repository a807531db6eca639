"""The frames of the dataset ``identities``."""

from __future__ import annotations

from datetime import datetime

from sesreport.core.schema import Frame, account_id, at, count, flag, text, texts
from sesreport.snapshot.collected import collected

IDENTITIES = collected(Frame(
    "identities",
    "One row per SES identity (domain or address).",
    keys={
        "account_id": account_id("Account that owns the identity."),
        "region": text("Region it lives in; a domain used in two Regions is two identities."),
        "identity": text("The domain or address."),
    },
    columns={
        "arn": text("Its ARN.", required=True),
        "identity_type": text("DOMAIN, EMAIL_ADDRESS or MANAGED_DOMAIN; NA when the list did not say."),
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
))  # fmt: skip

POLICIES = collected(Frame(
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
))  # fmt: skip
