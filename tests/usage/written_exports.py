"""Cost exports written by tests: the same charges in every format, as files and with manifests of AWS's layout."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PAYER = "900000000001"


@dataclass(frozen=True)
class Line:
    """One line of a bill, in no format."""

    account: str = "210000000001"
    region: str | None = "eu-west-2"
    usage_type: str | None = "EUW2-Recipients"
    kind: str = "Usage"
    cost: Any = "0.5"
    quantity: Any = "5000"
    currency: str = "USD"
    period: str = "2026-10"
    payer: str = PAYER
    service: str = "AmazonSES"
    description: str = "$0.0001 per recipient"
    id: str = ""
    bill_type: str = "Anniversary"
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def start(self) -> str:
        return f"{self.period}-01T00:00:00.000Z"


OTHER = Line(service="AmazonEC2", usage_type="BoxUsage", cost="99.9", description="an instance")


def cur(line: Line, number: int) -> dict[str, Any]:
    """A row of CUR 2.0."""
    return {
        "identity_line_item_id": line.id or f"line{number}",
        "identity_time_interval": f"{line.period}-01T00:00:00Z/{line.period}-02T00:00:00Z",
        "bill_bill_type": line.bill_type,
        "bill_payer_account_id": line.payer,
        "bill_payer_account_name": "Payer",
        "bill_billing_period_start_date": line.start,
        "line_item_usage_account_id": line.account,
        "line_item_line_item_type": line.kind,
        "line_item_product_code": line.service,
        "line_item_usage_type": line.usage_type,
        "line_item_usage_amount": line.quantity,
        "line_item_currency_code": line.currency,
        "line_item_unblended_cost": line.cost,
        "line_item_net_unblended_cost": None,
        "line_item_line_item_description": line.description,
        "pricing_public_on_demand_cost": line.cost,
        "pricing_unit": "Count",
        "product_region_code": line.region,
        "product_servicecode": None if line.kind == "Tax" else line.service,
        **line.more,
    }


SLASHED = {
    "identity": "identity/", "bill": "bill/", "line_item": "lineItem/", "pricing": "pricing/", "product": "product/",
}  # fmt: skip


def slashed(name: str) -> str:
    """A column of legacy CUR in CSV by its name in Parquet: ``line_item_usage_type`` is ``lineItem/UsageType``."""
    section = next(each for each in ("identity", "bill", "line_item", "pricing", "product") if name.startswith(each))
    rest = name.removeprefix(section + "_").split("_")
    tail = (
        "".join(part.capitalize() for part in rest)
        if section != "product"
        else rest[0] + "".join(part.capitalize() for part in rest[1:])
    )
    return SLASHED[section] + tail


def legacy_parquet(line: Line, number: int) -> dict[str, Any]:
    """A row of legacy CUR in Parquet."""
    name = "Amazon Simple Email Service" if line.service == "AmazonSES" else "Another Service"
    row = cur(line, number) | {"product_product_name": name}
    del row["bill_payer_account_name"]
    return row


def legacy_csv(line: Line, number: int) -> dict[str, Any]:
    """A row of legacy CUR in CSV."""
    row = {slashed(name): value for name, value in legacy_parquet(line, number).items()}
    row["product/ProductName"] = row.pop("product/productName")
    return row


def focus(line: Line, number: int) -> dict[str, Any]:
    """A row of FOCUS 1.0 with AWS's columns."""
    return {
        "BilledCost": line.cost,
        "BillingAccountId": line.payer,
        "BillingCurrency": line.currency,
        "BillingPeriodStart": f"{line.period}-01 00:00:00",
        "ChargeCategory": line.kind,
        "ChargeDescription": line.description,
        "ConsumedQuantity": line.quantity,
        "ConsumedUnit": "Count",
        "EffectiveCost": line.cost,
        "ListCost": line.cost,
        "PricingUnit": "Count",
        "RegionId": line.region,
        "ServiceName": "Amazon Simple Email Service" if line.service == "AmazonSES" else "Another Service",
        "SubAccountId": line.account,
        "x_ServiceCode": line.service,
        "x_UsageType": line.usage_type,
        **line.more,
    }


def focus_1_2(line: Line, number: int) -> dict[str, Any]:
    """A row of FOCUS 1.2 with AWS's columns."""
    row = focus(line, number)
    row["SkuMeter"] = row.pop("x_UsageType")
    return row | {"InvoiceId": "2231", "PricingCurrency": line.currency}


FORMATS = {
    "CUR 2.0": cur,
    "CUR (legacy)": legacy_parquet,
    "CUR (legacy) CSV": legacy_csv,
    "FOCUS 1.0": focus,
    "FOCUS 1.2": focus_1_2,
}


def rows_of(lines: Iterable[Line], make: Any = cur) -> list[dict[str, Any]]:
    return [make(line, number) for number, line in enumerate(lines)]


def write(path: Path, rows: Sequence[Mapping[str, Any]], *, doubles: bool = False, columns: Sequence[str] = ()) -> Path:
    """Writes rows as the file's name says; ``doubles`` are how Parquet of AWS has amounts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(rows[0]) if rows else list(columns)
    if path.suffix == ".parquet":
        path.write_bytes(parquet(names, rows, doubles=doubles))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(csv_text(names, rows).encode()))
    else:
        path.write_bytes(csv_text(names, rows).encode())
    return path


def csv_text(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if row[name] is None else row[name] for name in names] for row in rows])
    return text.getvalue()


def parquet(names: Sequence[str], rows: Sequence[Mapping[str, Any]], *, doubles: bool) -> bytes:
    def column(name: str) -> pa.Array:
        values = [row[name] for row in rows]
        if doubles and ("cost" in name.lower() or "amount" in name.lower() or "quantity" in name.lower()):
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        return pa.array([None if value is None else str(value) for value in values], pa.string())

    buffer = io.BytesIO()
    pq.write_table(pa.table({name: column(name) for name in names}), buffer)
    return buffer.getvalue()


def data_export(
    root: Path,
    chunks: Sequence[Sequence[Line]],
    *,
    make: Any = cur,
    period: str = "2026-10",
    execution: str = "",
    ending: str = ".snappy.parquet",
    bucket: str = "s3://bucket/some/prefix",
) -> list[Path]:
    """An export as AWS Data Exports delivers it; with an execution, one of an export that keeps old deliveries."""
    month = f"BILLING_PERIOD={period}"
    paths = [
        write(root / "data" / month / execution / f"{root.name}-{number:05d}{ending}", rows_of(chunk, make))
        for number, chunk in enumerate(chunks)
    ]
    manifest = {
        "executionId": execution or "d3b3",
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{PAYER}:export/{root.name}",
        "columns": [],
        "dataFiles": [f"{bucket}/{root.name}/{path.relative_to(root).as_posix()}" for path in paths],
    }
    path = root / "metadata" / month / execution / f"{root.name}-Manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest))
    return paths


def total(lines: Iterable[Line]) -> Decimal:
    return sum((Decimal(line.cost) for line in lines if line.service == "AmazonSES"), Decimal(0))
