"""FOCUS 1.0 and 1.2 with AWS's columns, as AWS Data Exports write them.

Sources: FOCUS specification 1.0 and 1.2; AWS Data Exports User Guide, "FOCUS 1.2 with AWS columns": the usage type is
``x_UsageType`` in 1.0 and ``SkuMeter`` in 1.2.
"""

from __future__ import annotations

from sesreport.usage.export_format import (
    ADJUSTMENT,
    CREDIT,
    PURCHASE,
    TAX,
    USAGE,
    ExportFormat,
    register_format,
)

_COLUMNS = {
    "period": ("billingperiodstart",),
    "payer": ("billingaccountid",),
    "account": ("subaccountid",),
    "service": ("x_servicecode", "servicename"),
    "line_type": ("chargecategory",),
    "currency": ("billingcurrency",),
    "region": ("regionid",),
    "usage_type": ("x_usagetype", "skumeter"),
    "billed": ("billedcost",),
    "effective": ("effectivecost",),
    "listed": ("listcost",),
    "quantity": ("consumedquantity",),
    "consumed_unit": ("consumedunit",),
    "pricing_unit": ("pricingunit",),
    "description": ("chargedescription",),
}
_ONLY_1_2 = {"skumeter", "pricingcurrency", "servicesubcategory", "invoiceid", "subaccounttype", "billingaccounttype"}


def category(line_type: str, bill_type: str) -> str | None:
    """FOCUS's own charge category."""
    return {each.lower(): each for each in (USAGE, PURCHASE, TAX, CREDIT, ADJUSTMENT)}.get(line_type.lower())


def _is_focus(columns: frozenset[str]) -> bool:
    return "billedcost" in columns or "billingperiodstart" in columns


FOCUS_1_2 = register_format(
    ExportFormat(
        "FOCUS 1.2", 20, lambda columns: _is_focus(columns) and not columns.isdisjoint(_ONLY_1_2), _COLUMNS, category
    ),
    __name__,
)
FOCUS_1_0 = register_format(
    ExportFormat(
        "FOCUS 1.0", 10, lambda columns: _is_focus(columns) and columns.isdisjoint(_ONLY_1_2), _COLUMNS, category
    ),
    __name__,
)
