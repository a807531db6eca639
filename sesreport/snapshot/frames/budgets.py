"""The frame of the dataset ``budgets``."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sesreport.core.schema import Frame, account_id, at, flag, money, text
from sesreport.snapshot.collected import collected

_SES = '{"Service": ["Amazon Simple Email Service"]}'
_FIRST, _LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2087, 6, 15, tzinfo=UTC)

BUDGETS = collected(Frame(
    "budgets",
    "One row per budget of AWS Budgets whose filters name Amazon SES.",
    keys={
        "account_id": account_id("The account that keeps it; a budget of the management account is on all accounts."),
        "budget_name": text("Its name (set by people: untrusted text)."),
    },
    columns={
        "budget_type": text("COST, USAGE, RI_UTILIZATION …", required=True),
        "time_unit": text("DAILY, MONTHLY, QUARTERLY, ANNUALLY or CUSTOM.", required=True),
        "begins_at": at("Since when it counts."),
        "ends_at": at("Until when; AWS says 2087 for one without an end."),
        "amount": money("The limit for the time unit under way; NA for one that has none."),
        "currency": text("ISO 4217 code; for a USAGE budget the unit of what is used."),
        "actual_spend": money("Spent of it so far, by AWS's count."),
        "forecasted_spend": money("What AWS forecasts for the whole time unit; NA with too little history."),
        "ses_alone": flag("Whether it is on all of SES and nothing else: no other filter, record types aside.",
                          required=True),
        "filters": text("The filters as JSON, as AWS gave them (untrusted).", required=True),
        "last_updated_at": at("When somebody last changed it."),
    },
    samples=(
        {"account_id": "210000000001", "budget_name": "amazon-ses", "budget_type": "COST", "time_unit": "MONTHLY",
         "begins_at": _FIRST, "ends_at": _LAST, "amount": Decimal(2500), "currency": "USD",
         "actual_spend": Decimal("141.2"), "forecasted_spend": Decimal("2117.94"), "ses_alone": True, "filters": _SES,
         "last_updated_at": _FIRST},
        {"account_id": "210000000001", "budget_name": "mail-eu", "budget_type": "COST", "time_unit": "QUARTERLY",
         "begins_at": _FIRST, "ends_at": _LAST, "amount": Decimal(3000), "currency": "USD",
         "actual_spend": Decimal("612.4"), "ses_alone": False,
         "filters": '{"Region": ["eu-west-1"], "Service": ["Amazon Simple Email Service"]}'},
        {"account_id": "210000000001", "budget_name": "recipients", "budget_type": "USAGE", "time_unit": "MONTHLY",
         "amount": Decimal(20000000), "currency": "Count", "actual_spend": Decimal(801000), "ses_alone": True,
         "filters": _SES},
    ),
))  # fmt: skip
