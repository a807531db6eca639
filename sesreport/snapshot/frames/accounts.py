"""The frame of the dataset ``accounts``."""

from __future__ import annotations

from sesreport.core.schema import Frame, account_id, flag, text
from sesreport.snapshot.collected import collected

ACCOUNTS = collected(Frame(
    "accounts",
    "One row per account of the organization, or the one account where there is no organization.",
    keys={"account_id": account_id("The account.")},
    columns={
        "name": text("Display name (set by people: untrusted text)."),
        "email": text("E-mail address of the account's root user."),
        "status": text("ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED …", required=True),
        "ou_path": text("Names of the organizational units from the root, as in 'Root/Workloads/Prod'."),
        "tags": text("Tags as a JSON object; NA when they could not be read."),
        "organization_id": text("o-…; NA when the account is in no organization."),
        "management_account": flag("Whether it is the organization's management account.", required=True),
        "in_organization": flag("Whether it is in the organization.", required=True),
    },
    samples=(
        {"account_id": "210000000001", "name": "shop-prod", "status": "ACTIVE", "ou_path": "Root/Workloads/Prod",
         "tags": '{"environment": "prod", "owner": "shop"}', "organization_id": "o-examplecorp1",
         "management_account": False, "in_organization": True},
        {"account_id": "210000000009", "name": "sandbox-7", "status": "ACTIVE", "ou_path": "Root/Sandbox",
         "tags": "{}", "organization_id": "o-examplecorp1", "management_account": False, "in_organization": True},
        {"account_id": "210000000012", "name": "old-shop", "status": "SUSPENDED", "ou_path": "Root/Suspended",
         "organization_id": "o-examplecorp1", "management_account": False, "in_organization": True},
    ),
))  # fmt: skip
