"""``python -m sesreport.demo.cost_export``: the demonstration's cost export, as AWS Data Exports lays out a CUR 2.0.

A Parquet file a month under ``data/``, the manifest that names it under ``metadata/``, one row per account, Region and
usage type of a month. Usage is Cost Explorer's; ``cost_export.toml`` has what a bill holds beside it. Sources: AWS Data
Exports User Guide, "Understanding export delivery" and "Cost and Usage Report (CUR) 2.0".
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sesreport.core.files import whole_folder
from sesreport.core.period import Period
from sesreport.demo import data_path, reference_day
from sesreport.demo.charges import charges_of
from sesreport.demo.world import World
from sesreport.settings.config import read_toml

MONTHS = 15
"""The 14 that Cost Explorer has, and the open one."""
SES = "AmazonSES"

_TEXT: pa.DataType = pa.string()
_REAL: pa.DataType = pa.float64()
_AT: pa.DataType = pa.timestamp("ms")
_MAP: pa.DataType = pa.map_(pa.string(), pa.string())
_TYPES = {_TEXT: "string", _REAL: "double", _AT: "timestamp", _MAP: "map"}
"""As manifests have them."""
SCHEMA = pa.schema(
    {
        "bill_bill_type": _TEXT,
        "bill_billing_entity": _TEXT,
        "bill_billing_period_end_date": _AT,
        "bill_billing_period_start_date": _AT,
        "bill_invoice_id": _TEXT,
        "bill_invoicing_entity": _TEXT,
        "bill_payer_account_id": _TEXT,
        "bill_payer_account_name": _TEXT,
        "identity_line_item_id": _TEXT,
        "identity_time_interval": _TEXT,
        "line_item_blended_cost": _REAL,
        "line_item_currency_code": _TEXT,
        "line_item_legal_entity": _TEXT,
        "line_item_line_item_description": _TEXT,
        "line_item_line_item_type": _TEXT,
        "line_item_net_unblended_cost": _REAL,
        "line_item_operation": _TEXT,
        "line_item_product_code": _TEXT,
        "line_item_resource_id": _TEXT,
        "line_item_tax_type": _TEXT,
        "line_item_unblended_cost": _REAL,
        "line_item_unblended_rate": _TEXT,
        "line_item_usage_account_id": _TEXT,
        "line_item_usage_account_name": _TEXT,
        "line_item_usage_amount": _REAL,
        "line_item_usage_end_date": _AT,
        "line_item_usage_start_date": _AT,
        "line_item_usage_type": _TEXT,
        "pricing_currency": _TEXT,
        "pricing_public_on_demand_cost": _REAL,
        "pricing_public_on_demand_rate": _TEXT,
        "pricing_term": _TEXT,
        "pricing_unit": _TEXT,
        "product": _MAP,
        "product_operation": _TEXT,
        "product_product_family": _TEXT,
        "product_region_code": _TEXT,
        "product_servicecode": _TEXT,
        "product_usagetype": _TEXT,
        "resource_tags": _MAP,
    }
)
"""A choice of CUR 2.0's columns, as the query of an export makes one."""


@dataclass(frozen=True)
class Line:
    """One line of a month's bill, in USD; Tax has neither Region nor usage type."""

    type: str
    account: str
    region: str | None
    service: str
    usage_type: str | None
    quantity: float
    cost: float
    description: str
    operation: str | None = None
    unit: str | None = None
    price: float | None = None
    """Of one unit; None for what has no list price."""


@dataclass(frozen=True)
class _Month:
    """A month of the bill; ``bill`` is ``cost_export.toml``."""

    world: World
    bill: dict[str, Any]
    period: Period

    @property
    def closed(self) -> bool:
        """Whether the month is over; before, there are neither fees nor taxes nor an invoice."""
        return self.period.end <= self.world.now

    @property
    def days(self) -> slice:
        """Its days in the history."""
        ends = (self.period.start.date(), min(self.period.end.date(), self.world.today))
        return slice(*((day - self.world.history_start).days for day in ends))

    def prefixed(self, region: str, usage_type: str) -> str:
        """A usage type as bills have it in a Region."""
        return self.world.prices.prefixes[region] + usage_type

    def uuid(self, what: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.period}/{what}"))


def write_export(folder: Path) -> None:
    """Writes the export into ``folder``, in place of what is there. Raises WriteError, and ConfigError for bad data."""
    data = data_path()
    world = World.load(data, reference_day(data))
    bill = read_toml(data / "cost_export.toml")
    with whole_folder(folder, replace=True) as made:
        for period in Period(world.today.year, world.today.month).back(MONTHS):
            _write_month(made, _Month(world, bill, period))


def _write_month(folder: Path, month: _Month) -> None:
    name, partition = month.bill["name"], f"BILLING_PERIOD={month.period}"
    files, metadata = folder / "data" / partition, folder / "metadata" / partition
    files.mkdir(parents=True)
    metadata.mkdir(parents=True)
    file, leftovers = f"{name}-00001.snappy.parquet", month.bill["leftovers"]
    usage = [*_usage(month), *_other_usage(month)]
    _write_rows(files / file, month, [*usage, *_beside_usage(month, usage)])
    if str(month.period) == leftovers["older_version"]:
        older = files / f"{month.period.end:%Y%m%d}T041207Z-{month.uuid('older')}"
        older.mkdir()
        _write_rows(older / file, month, usage)
    if str(month.period) == leftovers["surplus_chunk"]:
        (files / f"{name}-00002.snappy.parquet").touch()
    payer = month.world.organization.management_account
    manifest = {
        "executionId": month.uuid("current"),
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{payer}:export/{name}-{uuid.uuid5(uuid.NAMESPACE_DNS, name)}",
        "columns": [{"name": column.name, "type": _TYPES[column.type]} for column in SCHEMA],
        "dataFiles": [f"s3://{month.bill['bucket']}/exports/{name}/data/{partition}/{file}"],
        "additionalOutputFiles": [],
    }
    (metadata / f"{name}-Manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _usage(month: _Month) -> Iterator[Line]:
    """Usage of SES, as Cost Explorer has it."""
    for charge in charges_of(month.world):
        quantity, cost = (float(days[month.days].sum()) for days in (charge.quantity, charge.cost))
        if quantity > 0:
            account, region, usage_type = (charge.dimensions[key] for key in ("LINKED_ACCOUNT", "REGION", "USAGE_TYPE"))
            usage = usage_type.removeprefix(month.prefixed(region, ""))
            yield Line(
                "Usage", account, region, SES, usage_type, round(quantity, 10), round(cost, 10),
                f"{usage} in {region}", charge.dimensions["OPERATION"], month.bill["units"].get(usage, "Count"),
                month.world.prices.usage[usage],
            )  # fmt: skip


def _other_usage(month: _Month) -> Iterator[Line]:
    days = month.days.stop - month.days.start
    share = days / (month.period.end - month.period.start).days
    for entry in month.bill["other_usage"]:
        used = entry | {"quantity": entry["quantity"] * share}
        cost = round(used["quantity"] * entry["price"], 10)
        yield Line("Usage", cost=cost, description=f"{entry['usage_type']} in {entry['region']}", **used)


def _beside_usage(month: _Month, usage: list[Line]) -> list[Line]:
    """What a bill holds only when its month is over."""
    if not month.closed:
        return []
    fees = list(_fees(month))
    return [*fees, *_corrections(month), *_taxes(month, [*usage, *fees])]


def _fees(month: _Month) -> Iterator[Line]:
    """Monthly fees of pricing plans; that of the first month is a whole one too."""
    length = month.period.end - month.period.start
    for place in month.world.idle.values():
        plan = place.plan_on(month.period.end.date() - timedelta(days=1))
        if fee := month.bill["fees"].get(plan):
            usage_type = month.prefixed(place.region, fee["usage_type"])
            hours, told = length / timedelta(hours=1), f"{plan} plan in {place.region}"
            yield Line("Fee", place.account, place.region, SES, usage_type, hours, fee["amount"], told, "Plan", "Hrs")


def _corrections(month: _Month) -> Iterator[Line]:
    for entry in month.bill["corrections"]:
        if str(month.period) in entry["months"]:
            region, usage_type = entry["region"], month.prefixed(entry["region"], entry["usage_type"])
            place = entry["account"], region
            yield Line(entry["type"], *place, SES, usage_type, 0.0, entry["amount"], entry["description"], "Send")


def _taxes(month: _Month, lines: list[Line]) -> Iterator[Line]:
    """One line per account and service."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for line in lines:
        sums[line.account, line.service] += line.cost
    for (account, service), cost in sorted(sums.items()):
        tax = round(cost * month.bill["tax"]["rate"], 2)
        yield Line("Tax", account, None, service, None, 1.0, tax, f"Tax for product code {service}")


def _write_rows(path: Path, month: _Month, lines: list[Line]) -> None:
    table = pa.Table.from_pylist([_row(month, line) for line in lines], schema=SCHEMA)
    pq.write_table(table, path, compression="snappy", store_schema=False, write_statistics=False)


def _row(month: _Month, line: Line) -> dict[str, Any]:
    accounts, payer = month.world.organization.accounts, month.world.organization.management_account
    seller, service = month.bill["seller"], month.bill["services"][line.service]
    start, end = (at.replace(tzinfo=None) for at in (month.period.start, month.period.end))
    bill_type = "Refund" if line.type == "Refund" else "Anniversary"
    rate = None if line.price is None else f"{line.price:.10f}"
    key = (month.period, line.type, line.account, line.region, line.service, line.usage_type)
    return {
        "bill_bill_type": bill_type,
        "bill_billing_entity": "AWS",
        "bill_billing_period_end_date": end,
        "bill_billing_period_start_date": start,
        "bill_invoice_id": f"EUINV-{_digest(month.period, bill_type)[:10]}" if month.closed else None,
        "bill_invoicing_entity": seller,
        "bill_payer_account_id": payer,
        "bill_payer_account_name": accounts[payer].name,
        "identity_line_item_id": _digest(*key),
        "identity_time_interval": f"{start.isoformat()}Z/{end.isoformat()}Z",
        "line_item_blended_cost": line.cost,
        "line_item_currency_code": "USD",
        "line_item_legal_entity": seller,
        "line_item_line_item_description": line.description,
        "line_item_line_item_type": line.type,
        "line_item_net_unblended_cost": line.cost,
        "line_item_operation": line.operation,
        "line_item_product_code": line.service,
        "line_item_tax_type": month.bill["tax"]["type"] if line.type == "Tax" else None,
        "line_item_unblended_cost": line.cost,
        "line_item_unblended_rate": rate,
        "line_item_usage_account_id": line.account,
        "line_item_usage_account_name": accounts[line.account].name,
        "line_item_usage_amount": line.quantity,
        "line_item_usage_end_date": end,
        "line_item_usage_start_date": start,
        "line_item_usage_type": line.usage_type,
        "pricing_currency": None if rate is None else "USD",
        "pricing_public_on_demand_cost": 0.0 if rate is None else line.cost,
        "pricing_public_on_demand_rate": rate,
        "pricing_term": None if rate is None else "OnDemand",
        "pricing_unit": line.unit,
        "product": {"product_name": service["name"]} | ({} if line.region is None else {"region": line.region}),
        "product_operation": line.operation,
        "product_product_family": None if line.region is None else service["family"],
        "product_region_code": line.region,
        "product_servicecode": line.service,
        "product_usagetype": line.usage_type,
        "resource_tags": {},
    }


def _digest(*parts: object) -> str:
    """52 letters and digits that only these parts give, as AWS's ids of lines have."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def main() -> None:
    """Writes the export that ships with the demonstration, or the same into another folder."""
    parser = argparse.ArgumentParser(prog="python -m sesreport.demo.cost_export", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=data_path() / "exports" / "ses-cur2")
    write_export(parser.parse_args().folder)


if __name__ == "__main__":
    main()
