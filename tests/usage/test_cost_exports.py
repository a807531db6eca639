"""Cost exports: what counts, and what a file that is wrong costs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from written_exports import FORMATS, OTHER, Line, data_export, rows_of, total, write

from sesreport.usage.cost_exports import CHARGES, GAPS, MONTHS, read_cost_exports

LINES = [
    Line(cost="0.1", quantity="1000"),
    Line(cost="0.2", quantity="2000"),
    Line(account="210000000002", region="us-east-1", usage_type="Recipients", cost="3"),
    Line(kind="Tax", usage_type=None, region=None, cost="0.06", description="Tax for product code AmazonSES"),
    OTHER,
]


@pytest.mark.parametrize("frame", [CHARGES, MONTHS, GAPS], ids=lambda frame: frame.name)
def test_frames_have_valid_samples(frame) -> None:
    assert len(frame.from_rows(frame.samples)) == 3


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_charges(tmp_path: Path, name: str, ending: str) -> None:
    write(tmp_path / f"any name{ending}", rows_of(LINES, FORMATS[name]))
    read = read_cost_exports([tmp_path])
    assert read.months["format"].tolist() == [name.removesuffix(" CSV")]
    assert read.months[["rows", "ses_rows"]].to_numpy().tolist() == [[5, 4]]
    assert read.gaps.empty
    keys = ["sub_account_id", "region_id", "usage_type", "charge_category", "billed_cost", "consumed_quantity"]
    assert read.charges[keys].to_numpy().tolist() == [
        ["210000000001", "(none)", "(none)", "Tax", Decimal("0.06"), Decimal(5000)],
        ["210000000001", "eu-west-2", "EUW2-Recipients", "Usage", Decimal("0.3"), Decimal(3000)],
        ["210000000002", "us-east-1", "Recipients", "Usage", Decimal(3), Decimal(5000)],
    ]
    assert set(read.charges["billing_period"]) == {"2026-10"}
    assert set(read.charges["consumed_unit"]) == {"Count"}


def test_a_manifest_names_the_files_that_count(tmp_path: Path) -> None:
    root = tmp_path / "cur2"
    data_export(root, [LINES[:2], LINES[2:]])
    write(root / "data/BILLING_PERIOD=2026-10/cur2-00009.snappy.parquet", rows_of(LINES))
    (root / "data/BILLING_PERIOD=2026-10/cur2-00010.snappy.parquet").touch()
    read = read_cost_exports([tmp_path])
    assert read.charges["billed_cost"].sum() == total(LINES)
    assert (read.months["files"].tolist(), read.gaps.empty) == ([2], True)
