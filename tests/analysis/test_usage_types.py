"""What usage types are used for, whatever their Region's prefix."""

from __future__ import annotations

import pytest

from sesreport.analysis.usage_types import (
    ATTACHMENTS,
    DEDICATED_IPS,
    INBOUND,
    MAIL_MANAGER,
    NONE,
    OTHER,
    OUTBOUND,
    PLAN_FEE,
    TENANTS,
    VALIDATION,
    VDM,
    plan_of,
    usage_family,
)

FAMILIES = {
    "Recipients": OUTBOUND,
    "USE1-Recipients": OUTBOUND,
    "EUW2-Recipients": OUTBOUND,
    "Recipients-EC2": OUTBOUND,
    "EU-Recipients-MailboxSim": OUTBOUND,
    "EUW1-Recipients-DIP-Managed": OUTBOUND,
    "Essentials-Outbound-Email": OUTBOUND,
    "APS2-Enterprise-Outbound-Email": OUTBOUND,
    "Essentials-Message": INBOUND,
    "Message": INBOUND,
    "ReceivedChunk": INBOUND,
    "EUW2-AttachmentsSize-Bytes": ATTACHMENTS,
    "EU-DIP-Hours": DEDICATED_IPS,
    "EU-Recipients-VirtDelivMgr": VDM,
    "Subscription-VirtDelivMgr": VDM,
    "USE1-Tenant-Count": TENANTS,
    "Recipients-Validation-Api": VALIDATION,
    "USE1-Pro-Plan-Hours": PLAN_FEE,
    "ArchiveStorageSize-ByteHrs": MAIL_MANAGER,
    "IngressPoint-Subscription": MAIL_MANAGER,
    "EU-Something-New": OTHER,
    "(none)": NONE,
    "(outbound mail)": OUTBOUND,
    "": NONE,
}


@pytest.mark.parametrize("usage_type", FAMILIES)
def test_an_ending_tells_what_was_used(usage_type: str) -> None:
    assert usage_family(usage_type) == FAMILIES[usage_type]


@pytest.mark.parametrize(
    ("usage_type", "plan"),
    [
        ("EU-Recipients", "NONE"), ("Essentials-Outbound-Email", "ESSENTIALS"), ("EU-Pro-Outbound-Email", "PRO"),
        ("EU-Enterprise-Plan-Hours", "ENTERPRISE"), ("EU-DIP-Hours", None), ("(none)", None),
    ],
)  # fmt: skip
def test_mail_is_charged_under_the_plan_of_its_usage_type(usage_type: str, plan: str | None) -> None:
    assert plan_of(usage_type) == plan
