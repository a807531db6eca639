"""The frame of the dataset ``sending_accounts``."""

from __future__ import annotations

from sesreport.core.schema import Frame, account_id, flag, real, text, texts
from sesreport.snapshot.collected import collected

SENDING_ACCOUNTS = collected(Frame(
    "sending_accounts",
    "One row per account × Region: what SES says of the account there. Quotas count recipients.",
    keys={"account_id": account_id("The account."), "region": text("The Region.")},
    columns={
        "sending_enabled": flag("Whether the account may send at all."),
        "enforcement_status": text("HEALTHY, PROBATION (under review), SHUTDOWN (paused), or what else AWS says."),
        "production_access": flag("False while in SES's sandbox (200 recipients a day, verified only)."),
        "max_24_hour_send": real("Recipients a day; -1 is unlimited.", minimum=-1),
        "max_send_rate": real("Recipients a second.", minimum=-1),
        "sent_last_24_hours": real("Recipients in the last 24 hours.", minimum=0),
        "pricing_plan": text("NONE (à la carte), ESSENTIALS, PRO, ENTERPRISE; NA when SES does not say."),
        "next_pricing_plan": text("Plan from the next billing cycle on."),
        "vdm_enabled": text("ENABLED or DISABLED: Virtual Deliverability Manager, charged per message."),
        "suppression": texts("Why addresses go on the account's suppression list: BOUNCE, COMPLAINT."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "sending_enabled": True,
         "enforcement_status": "HEALTHY", "production_access": True, "max_24_hour_send": 500000.0,
         "max_send_rate": 100.0, "sent_last_24_hours": 211934.0, "pricing_plan": "NONE",
         "suppression": ["BOUNCE", "COMPLAINT"]},
        {"account_id": "210000000005", "region": "us-east-1", "sending_enabled": True,
         "enforcement_status": "PROBATION", "production_access": True, "max_24_hour_send": 50000.0,
         "max_send_rate": 14.0, "sent_last_24_hours": 20110.0, "suppression": []},
        {"account_id": "210000000009", "region": "us-east-1", "sending_enabled": True,
         "enforcement_status": "HEALTHY", "production_access": False, "max_24_hour_send": 200.0,
         "max_send_rate": 1.0, "sent_last_24_hours": 0.0, "pricing_plan": "ESSENTIALS", "suppression": ["BOUNCE"]},
    ),
))  # fmt: skip
