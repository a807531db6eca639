"""AWS Cost and Usage Reports: CUR 2.0 of Data Exports, and legacy CUR in CSV (``lineItem/…``) and Parquet.

Sources: AWS Data Exports User Guide, "Cost and Usage Report (CUR) 2.0" and "Legacy Cost and Usage Reports", data
dictionaries. Costs are unblended: what the account that used the service is billed.
"""

from __future__ import annotations

from sesreport.usage.export_format import (
    ADJUSTMENT,
    CREDIT,
    DISCOUNT,
    PURCHASE,
    REFUND,
    TAX,
    USAGE,
    ExportFormat,
    register_format,
)

_COLUMNS = {
    "period": ("bill_billing_period_start_date",),
    "payer": ("bill_payer_account_id",),
    "account": ("line_item_usage_account_id",),
    "service": (
        "line_item_product_code",
        "product_servicecode",
        "product_product_name",
        "product_servicename",
    ),
    "line_type": ("line_item_line_item_type",),
    "bill_type": ("bill_bill_type",),
    "currency": ("line_item_currency_code",),
    "region": ("product_region_code", "product_region"),
    "usage_type": ("line_item_usage_type",),
    "billed": ("line_item_unblended_cost",),
    "effective": ("line_item_net_unblended_cost",),
    "listed": ("pricing_public_on_demand_cost",),
    "quantity": ("line_item_usage_amount",),
    "consumed_unit": ("pricing_unit",),
    "pricing_unit": ("pricing_unit",),
    "description": ("line_item_line_item_description",),
    "line_id": ("identity_line_item_id",),
    "time_interval": ("identity_time_interval",),
}
_CATEGORIES = {
    "usage": USAGE,
    "discountedusage": USAGE,
    "savingsplancoveredusage": USAGE,
    "savingsplannegation": USAGE,  # takes back the on-demand cost of covered usage
    "fee": PURCHASE,
    "rifee": PURCHASE,
    "savingsplanupfrontfee": PURCHASE,
    "savingsplanrecurringfee": PURCHASE,
    "flatratesubscription": PURCHASE,
    "tax": TAX,
    "credit": CREDIT,
    "refund": REFUND,
    "discount": DISCOUNT,
    "adjustment": ADJUSTMENT,
}


def category(line_type: str, bill_type: str) -> str | None:
    """The charge category of a line item type; all lines of a bill that refunds are refunds."""
    if bill_type.lower() == "refund":
        return REFUND
    kind = line_type.lower()
    return DISCOUNT if kind.endswith("discount") else _CATEGORIES.get(kind)  # Bundled…, Edp…, PrivateRate…, Spp…


def _is_cur(columns: frozenset[str]) -> bool:
    return "line_item_unblended_cost" in columns or "line_item_line_item_type" in columns


def _is_legacy(columns: frozenset[str]) -> bool:
    """Legacy CUR has a column for each attribute of a product; CUR 2.0 has them in the map ``product``."""
    return not columns.isdisjoint({"product_product_name", "product_servicename", "product_region", "product_version"})


CUR_2 = register_format(
    ExportFormat("CUR 2.0", 40, lambda columns: _is_cur(columns) and not _is_legacy(columns), _COLUMNS, category),
    __name__,
)
CUR_LEGACY = register_format(
    ExportFormat("CUR (legacy)", 30, lambda columns: _is_cur(columns) and _is_legacy(columns), _COLUMNS, category),
    __name__,
)
