"""Sending status, quota and plan of an account in one Region."""

from __future__ import annotations

from collections.abc import Iterator

from sesreport.collect.lane import Lane
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.schema import Row
from sesreport.snapshot.frames.sending_accounts import SENDING_ACCOUNTS

ACCOUNT = Operation("sesv2", "get_account", must=("SendingEnabled",))


@collector(SENDING_ACCOUNTS, permissions=("ses:GetAccount",))
def sending_accounts(lane: Lane) -> Iterator[tuple[str, Row]]:
    """GetAccount; members it may leave out stay NA."""
    answer = lane.call(ACCOUNT)
    quota, pricing = answer.get("SendQuota") or {}, answer.get("PricingAttributes") or {}
    suppression = answer.get("SuppressionAttributes")
    yield (
        "sending_accounts",
        {
            "account_id": lane.account_id,
            "region": lane.region,
            "sending_enabled": answer.get("SendingEnabled"),
            "enforcement_status": answer.get("EnforcementStatus"),
            "production_access": answer.get("ProductionAccessEnabled"),
            "max_24_hour_send": quota.get("Max24HourSend"),
            "max_send_rate": quota.get("MaxSendRate"),
            "sent_last_24_hours": quota.get("SentLast24Hours"),
            "pricing_plan": pricing.get("CurrentPlan"),
            "next_pricing_plan": pricing.get("NextPlan"),
            "vdm_enabled": (answer.get("VdmAttributes") or {}).get("VdmEnabled"),
            "suppression": None if suppression is None else suppression.get("SuppressedReasons", []),
        },
    )
