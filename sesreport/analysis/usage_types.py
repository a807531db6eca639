"""What a usage type of Amazon SES was used for, by its ending: Regions prefix it in ways of their own.

Endings: the price list of July 2026 and AWS's CUR query library (see ``data/reference/prices.csv`` for what is verified
of them). What no ending fits is ``other``: it is counted and shown, and no rule speaks of it.
"""

from __future__ import annotations

import re

import pandas as pd

OUTBOUND, INBOUND, ATTACHMENTS = "outbound mail", "inbound mail", "attachments"
PLAN_FEE, DEDICATED_IPS, VDM = "plan fee", "dedicated IPs", "deliverability manager"
TENANTS, VALIDATION, MAIL_MANAGER, TRANSFER = "tenants", "recipient validation", "Mail Manager", "data transfer"
OTHER, NONE = "other", "no usage type"
ESTIMATED_MAIL = "(outbound mail)"
"""Usage type of mail whose cost is an estimate: no source names one."""

_FAMILIES = (
    (PLAN_FEE, r"Plan-Hours|Plan-Fee"),
    (VDM, r"VirtDelivMgr"),
    (VALIDATION, r"Recipients-Validation"),
    (DEDICATED_IPS, r"DIP-Hours"),
    (MAIL_MANAGER, r"Archive\w+|IngressPoint|MailManager|AddOn"),
    (TENANTS, r"Tenant-Count"),
    (ATTACHMENTS, r"AttachmentsSize-Bytes"),
    (TRANSFER, r"DataTransfer-(?:In|Out)-Bytes"),
    (OUTBOUND, r"Recipients(?:-EC2|-MailboxSim|-DIP-Managed)?$|Outbound-Email$"),
    (INBOUND, r"Message$|ReceivedChunk$|Inbound-Email$"),
)
PLAN_NAMES = {"NONE": "à la carte", "ESSENTIALS": "Essentials", "PRO": "Pro", "ENTERPRISE": "Enterprise"}
"""Price plans as GetAccount names them, and as people do."""
FAMILIES = (*(name for name, _ in _FAMILIES), OTHER, NONE)
_PLANS = re.compile(r"(?:^|-)(Essentials|Pro|Enterprise)-")


def usage_family(usage_type: str) -> str:
    """What was used, in a few words: one of :data:`FAMILIES`."""
    if usage_type == ESTIMATED_MAIL:
        return OUTBOUND
    if not usage_type or usage_type.startswith("("):
        return NONE
    return next((name for name, ending in _FAMILIES if re.search(ending, usage_type)), OTHER)


def plan_of(usage_type: str) -> str | None:
    """The price plan that a usage type of outbound mail is charged under: NONE is à la carte; None for other usage."""
    if usage_family(usage_type) not in (OUTBOUND, PLAN_FEE):
        return None
    found = _PLANS.search(usage_type)
    return found[1].upper() if found else "NONE"


def families(usage_types: pd.Series) -> pd.Series:
    """:func:`usage_family` of a column."""
    known = {str(name): usage_family(str(name)) for name in usage_types.dropna().unique()}
    return usage_types.map(known).astype("string").fillna(NONE)
