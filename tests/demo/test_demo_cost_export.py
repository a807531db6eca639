"""The demonstration's cost export: what the generator makes, and equal to Cost Explorer where both tell the same."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sesreport.demo import data_path
from sesreport.demo.cost_export import MONTHS, write_export
from sesreport.demo.snapshot import demo_config
from sesreport.usage.cost_exports import CostExports, read_cost_exports

Client = Callable[..., Any]
EXPORT = data_path() / "exports" / "ses-cur2"
Rows = list[dict[str, Any]]
PLACE = ("line_item_usage_account_id", "product_region_code", "line_item_usage_type")


def content(path: Path) -> object:
    """What a file says, not its bytes: those of Parquet differ between versions of its writer."""
    if path.suffix == ".parquet" and path.stat().st_size:
        table = pq.read_table(path, partitioning=None)
        return table.schema, table.to_pylist()
    return path.read_bytes()


def named(month: str) -> Rows:
    """The rows of the files that a month's manifest names."""
    [path] = (EXPORT / "metadata" / f"BILLING_PERIOD={month}").iterdir()
    files = [file.partition("/ses-cur2/")[2] for file in json.loads(path.read_text())["dataFiles"]]
    return [row for file in files for row in pq.read_table(EXPORT / file, partitioning=None).to_pylist()]


def of_ses(month: str, line_type: str) -> Rows:
    kept = {"line_item_product_code": "AmazonSES", "line_item_line_item_type": line_type}
    return [row for row in named(month) if all(row[name] == value for name, value in kept.items())]


@pytest.fixture(scope="module")
def billed(client: Client) -> dict[tuple[str, ...], tuple[float, float]]:
    """Cost Explorer's quantity and cost by month, account, Region and usage type."""
    call = client("ce").get_cost_and_usage
    found: dict[tuple[str, ...], tuple[float, float]] = {}
    for region in ("us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2", "sa-east-1"):
        answer = call(
            TimePeriod={"Start": "2025-09-01", "End": "2026-12-01"},
            Granularity="MONTHLY",
            Metrics=["UnblendedCost", "UsageQuantity"],
            GroupBy=[{"Type": "DIMENSION", "Key": key} for key in ("LINKED_ACCOUNT", "USAGE_TYPE")],
            Filter={"Dimensions": {"Key": "REGION", "Values": [region]}},
        )
        for month in answer["ResultsByTime"]:
            for group in month["Groups"]:
                account, usage_type = group["Keys"]
                quantity, cost = (
                    float(group["Metrics"][name]["Amount"]) for name in ("UsageQuantity", "UnblendedCost")
                )
                found[month["TimePeriod"]["Start"][:7], account, region, usage_type] = quantity, cost
    return found


def test_what_ships_is_what_the_generator_makes(tmp_path: Path) -> None:
    write_export(tmp_path / "made")
    files = {path.relative_to(tmp_path / "made") for path in (tmp_path / "made").rglob("*") if path.is_file()}
    assert files == {path.relative_to(EXPORT) for path in EXPORT.rglob("*") if path.is_file()}
    different = [file for file in files if content(tmp_path / "made" / file) != content(EXPORT / file)]
    assert different == []


def test_usage_is_that_of_cost_explorer(billed: dict[tuple[str, ...], tuple[float, float]]) -> None:
    months = sorted({key[0] for key in billed})
    assert len(months) == MONTHS
    exported = {
        (month, *(row[name] for name in PLACE)): (row["line_item_usage_amount"], row["line_item_unblended_cost"])
        for month in months
        for row in of_ses(month, "Usage")
    }
    assert exported.keys() == billed.keys()
    for key, amounts in exported.items():
        assert amounts == pytest.approx(billed[key], abs=1e-7), key


def test_tax_is_a_line_per_account_without_region_or_usage_type() -> None:
    taxes = of_ses("2026-10", "Tax")
    paid: dict[str, float] = defaultdict(float)
    for row in of_ses("2026-10", "Usage") + of_ses("2026-10", "Fee"):
        paid[row["line_item_usage_account_id"]] += row["line_item_unblended_cost"]
    assert {row["line_item_usage_account_id"] for row in taxes} == set(paid)
    for row in taxes:
        assert row["line_item_usage_type"] is row["product_region_code"] is None
        assert row["line_item_unblended_cost"] == pytest.approx(
            paid[row["line_item_usage_account_id"]] * 0.19, abs=0.01
        )


def test_refunds_and_credits_are_negative() -> None:
    [refund], [credit] = of_ses("2026-10", "Refund"), of_ses("2026-10", "Credit")
    assert (refund["bill_bill_type"], credit["bill_bill_type"]) == ("Refund", "Anniversary")
    assert refund["line_item_unblended_cost"] < 0 > credit["line_item_unblended_cost"]


def test_a_plan_is_paid_from_its_first_month(client: Client) -> None:
    fees = [of_ses(month, "Fee") for month in ("2026-07", "2026-08", "2026-10")]
    assert [len(month) for month in fees] == [0, 1, 1]
    assert fees[-1][0]["line_item_usage_type"] == "APS2-Pro-Plan-Hours"
    place = [fees[-1][0][name] for name in PLACE[:2]]
    assert client("sesv2", *place).get_account()["PricingAttributes"]["CurrentPlan"] == "PRO"


def test_dedicated_ips_cost_something_where_nobody_sends(client: Client) -> None:
    place = ("210000000018", "ap-southeast-2")
    assert len(client("sesv2", *place).get_dedicated_ips()["DedicatedIps"]) == 2
    assert client("ses", *place).get_send_statistics()["SendDataPoints"] == []
    [row] = [row for row in of_ses("2026-10", "Usage") if (row[PLACE[0]], row[PLACE[1]]) == place]
    assert row["line_item_usage_type"] == "APS2-DIP-Hours"
    assert row["line_item_usage_amount"] == 2 * 24 * 31


def test_other_services_are_billed_beside_ses() -> None:
    assert {row["line_item_product_code"] for row in named("2026-10")} == {"AmazonSES", "AmazonS3", "AmazonSNS"}


def test_the_open_month_has_usage_alone_and_no_invoice() -> None:
    rows = named("2026-11")
    assert {(row["line_item_line_item_type"], row["bill_invoice_id"]) for row in rows} == {("Usage", None)}


def test_an_older_version_holds_the_lines_of_the_current_one_again() -> None:
    [older] = (EXPORT / "data" / "BILLING_PERIOD=2026-09").glob("*/*.parquet")
    ids = {row["identity_line_item_id"] for row in pq.read_table(older, partitioning=None).to_pylist()}
    assert ids < {row["identity_line_item_id"] for row in named("2026-09")}


def test_a_surplus_chunk_is_empty() -> None:
    sizes = [path.stat().st_size for path in (EXPORT / "data" / "BILLING_PERIOD=2025-12").iterdir()]
    assert len(sizes) == 2
    assert min(sizes) == 0


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in EXPORT.rglob("*") if path.is_file()) < 1_500_000


@pytest.fixture(scope="module")
def read() -> CostExports:
    return read_cost_exports(demo_config().costs.exports)


def test_the_settings_lead_to_it_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [Path(folder) for folder in demo_config().costs.exports] == [EXPORT]


def test_it_is_read_without_a_gap(read: CostExports) -> None:
    """But for the open month, where the files were checked out before it ended."""
    assert set(read.gaps["period"]) <= {"2026-11"}
    assert len(read.months) == MONTHS
    assert set(read.months["format"]) == {"CUR 2.0"}


def test_october_is_the_first_month_above_the_budget(read: CostExports) -> None:
    budget = demo_config().costs.budget
    assert budget is not None
    months = read.charges.groupby("billing_period")["billed_cost"].sum()
    assert list(months[months > budget.amount].index) == ["2026-10"]
