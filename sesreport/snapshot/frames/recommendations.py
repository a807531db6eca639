"""The frame of the dataset ``recommendations``."""

from __future__ import annotations

from sesreport.core.schema import Frame, account_id, at, text
from sesreport.snapshot.collected import collected

RECOMMENDATIONS = collected(Frame(
    "recommendations",
    "One row per recommendation SES makes about a resource.",
    keys={
        "account_id": account_id("The account."),
        "region": text("The Region."),
        "resource_arn": text("What it is about."),
        "type": text("DKIM, DMARC, SPF, BIMI, COMPLAINT, BOUNCE, FEEDBACK_3P, IP_LISTING."),
    },
    columns={
        "description": text("SES's own words."),
        "status": text("OPEN or FIXED."),
        "impact": text("LOW or HIGH."),
        "created_at": at("First seen by SES."),
        "updated_at": at("Last changed."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1",
         "resource_arn": "arn:aws:ses:eu-west-1:210000000001:identity/shop.example.com", "type": "DMARC",
         "status": "OPEN", "impact": "HIGH"},
        {"account_id": "210000000001", "region": "eu-west-1",
         "resource_arn": "arn:aws:ses:eu-west-1:210000000001:identity/shop.example.com", "type": "SPF",
         "status": "FIXED", "impact": "LOW"},
        {"account_id": "210000000003", "region": "us-east-1",
         "resource_arn": "arn:aws:ses:us-east-1:210000000003:identity/example.org", "type": "DKIM",
         "status": "OPEN", "impact": "HIGH"},
    ),
    unique=False,
))  # fmt: skip
