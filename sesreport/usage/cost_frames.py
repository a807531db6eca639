"""Frames of what cost exports say: charges, the months that were read, and what could not be read or judged."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sesreport.core.schema import Frame, at, count, flag, money, text
from sesreport.usage.export_format import NONE

CHARGES = Frame(
    "charges",
    "One row per charge of SES in a billing period, as cost exports have it: lines with the same keys added up.",
    keys={
        "billing_period": text("Month that is billed, YYYY-MM."),
        "sub_account_id": text("Account that is charged; `(none)` where the line names none."),
        "region_id": text("Region, or `(none)`."),
        "usage_type": text(
            "AWS's usage type, such as `EUW2-Recipients`; `(none)` for a tax, a fee or a credit without."
        ),
        "charge_category": text(
            "FOCUS's Usage, Purchase, Tax, Credit or Adjustment; Refund and Discount, which a CUR tells apart."
        ),
        "billing_currency": text("ISO 4217 code; amounts of two currencies are never added."),
    },
    columns={
        "billed_cost": money("Unblended cost; NA where a line's amount is missing or is no number."),
        "effective_cost": money("Net of discounts; NA where the export does not state it for every line."),
        "list_cost": money("At public prices; NA where the export does not state it for every line."),
        "consumed_quantity": money("How much was used, in `consumed_unit`; NA where lines have several units."),
        "consumed_unit": text("Unit of the quantity."),
        "pricing_unit": text("Unit that the price is for; NA where lines have several."),
        "description": text("The commonest description of the lines."),
        "is_partial": flag("Whether any of it is of an export that was delivered before its month ended."),
    },
    samples=[
        {
            "billing_period": "2026-10",
            "sub_account_id": "210000000001",
            "region_id": "eu-west-2",
            "usage_type": "EUW2-Recipients",
            "charge_category": "Usage",
            "billing_currency": "USD",
            "billed_cost": Decimal("124.3170000000"),
            "effective_cost": Decimal("124.3170000000"),
            "list_cost": Decimal("124.3170000000"),
            "consumed_quantity": Decimal(1243170),
            "consumed_unit": "Count",
            "pricing_unit": "Count",
            "description": "$0.0001 per recipient",
            "is_partial": False,
        },
        {
            "billing_period": "2026-10",
            "sub_account_id": "210000000001",
            "region_id": NONE,
            "usage_type": NONE,
            "charge_category": "Tax",
            "billing_currency": "USD",
            "billed_cost": Decimal("24.86"),
            "description": "Tax for product code AmazonSES",
            "is_partial": False,
        },
        {
            "billing_period": "2026-10",
            "sub_account_id": "210000000002",
            "region_id": "us-east-1",
            "usage_type": "Essentials-Outbound-Email",
            "charge_category": "Credit",
            "billing_currency": "USD",
            "billed_cost": Decimal("-3.5"),
            "is_partial": True,
        },
    ],
)
MONTHS = Frame(
    "cost_export_months",
    "One row per billing period and export that was read; a period without rows of SES has a known cost of zero.",
    keys={
        "period": text("Billing period, YYYY-MM."),
        "format": text("`CUR 2.0`, `CUR (legacy)`, `FOCUS 1.2` or `FOCUS 1.0`."),
        "export": text("The setting that led to it."),
    },
    columns={
        "files": count("Files that were read."),
        "rows": count("Rows in these files, of all services and billing periods."),
        "ses_rows": count("Rows of SES that count."),
        "issued_at": at(
            "When its manifest was written, or the newest of its files; NA where the storage does not tell."
        ),
        "is_partial": flag("Whether it was delivered before the month ended, so that it lacks what came later."),
        "sha256": text(
            "Hash of the files' names and sizes and, where they are local, contents (of Parquet the footer)."
        ),
    },
    samples=[
        {
            "period": "2026-08",
            "format": "CUR (legacy)",
            "export": "exports/cur",
            "files": 1,
            "rows": 811_000,
            "ses_rows": 0,
            "is_partial": False,
            "sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        },
        {
            "period": "2026-09",
            "format": "FOCUS 1.2",
            "export": "exports/focus",
            "files": 2,
            "rows": 1_204_331,
            "ses_rows": 10_431,
            "issued_at": datetime(2026, 10, 15, 7, 30, tzinfo=UTC),
            "is_partial": False,
            "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        },
        {
            "period": "2026-10",
            "format": "CUR 2.0",
            "export": "s3://billing/exports/cur2",
            "files": 9,
            "rows": 8_120_009,
            "ses_rows": 91_300,
            "issued_at": datetime(2026, 11, 16, 5, 2, tzinfo=UTC),
            "is_partial": False,
            "sha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
        },
    ],
    unique=False,
)
GAPS = Frame(
    "cost_export_gaps",
    "One row per thing in cost exports that could not be read, is not counted, or had to be judged.",
    keys={"export": text("The setting that led to it.")},
    columns={
        "period": text("Billing period; NA where it is not known."),
        "file": text("File or folder."),
        "problem": text("What, where, and what to do."),
        "rows": count("Rows concerned; NA where they cannot be counted."),
    },
    samples=[
        {
            "export": "exports/cur",
            "period": "2026-09",
            "file": "exports/cur/20260901-20261001/cur-00002.csv.gz",
            "problem": "cur-00002.csv.gz cannot be read (Unexpected end of GZIP stream), so nothing of 2026-09 is "
            "counted; copy or export it again",
        },
        {
            "export": "exports/cur",
            "period": "2026-10",
            "file": "exports/cur/20261001-20261101",
            "problem": "rows have account ids of 10 or 11 digits, which lost zeros in front; they were put back",
            "rows": 12,
        },
        {"export": "exports/other", "problem": "has no files of cost exports; correct the path in sesreport.toml"},
    ],
    unique=False,
)
