"""Cost exports: which lines count, and as what."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest
from written_exports import FORMATS, OTHER, Line, csv_text, cur, data_export, focus, rows_of, total, write

from sesreport.core.errors import ConfigError
from sesreport.core.schema import Frame
from sesreport.usage.cost_exports import CostExports, read_cost_exports
from sesreport.usage.cost_frames import CHARGES, GAPS, MONTHS
from sesreport.usage.export_format import FORMATS as REGISTERED

LINES = [
    Line(cost="0.1", quantity="1000"),
    Line(cost="0.2", quantity="2000"),
    Line(account="210000000002", region="us-east-1", usage_type="Recipients", cost="3"),
    Line(kind="Tax", usage_type=None, region=None, cost="0.06", description="Tax for product code AmazonSES"),
    OTHER,
]
SEPTEMBER = Line(period="2026-09", cost="7")


def read(*paths: Path | str) -> CostExports:
    return read_cost_exports(list(paths))


def billed(exports: CostExports) -> Decimal:
    found: Decimal = exports.charges["billed_cost"].sum()
    return found


def problems(exports: CostExports) -> str:
    return "\n".join(exports.gaps["problem"])


def of_rows(tmp_path: Path, *lines: Line, make: Any = cur) -> CostExports:
    return read(write(tmp_path / "export.parquet", rows_of(lines, make)))


@pytest.mark.parametrize("frame", [CHARGES, MONTHS, GAPS], ids=lambda frame: frame.name)
def test_frames_have_three_valid_samples(frame: Frame) -> None:
    assert len(frame.from_rows(frame.samples)) == 3


def test_every_registered_format_is_tested() -> None:
    assert {name.removesuffix(" CSV") for name in FORMATS} == set(REGISTERED)


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_charges(tmp_path: Path, name: str, ending: str) -> None:
    write(tmp_path / f"any name{ending}", rows_of(LINES, FORMATS[name]))
    found = read(tmp_path)
    assert found.months["format"].tolist() == [name.removesuffix(" CSV")]
    assert found.months[["rows", "ses_rows"]].to_numpy().tolist() == [[5, 4]]
    assert found.gaps.empty
    keys = ["sub_account_id", "region_id", "usage_type", "charge_category", "billed_cost", "consumed_quantity"]
    assert found.charges[keys].to_numpy().tolist() == [
        ["210000000001", "(none)", "(none)", "Tax", Decimal("0.06"), Decimal(5000)],
        ["210000000001", "eu-west-2", "EUW2-Recipients", "Usage", Decimal("0.3"), Decimal(3000)],
        ["210000000002", "us-east-1", "Recipients", "Usage", Decimal(3), Decimal(5000)],
    ]
    assert set(found.charges["billing_period"]) == {"2026-10"}
    assert set(found.charges["consumed_unit"]) == {"Count"}


@pytest.mark.parametrize("service", ["AmazonSES", "amazonses", " AmazonSES ", "Amazon Simple Email Service"])
def test_the_service_is_known_by_code_or_name(tmp_path: Path, service: str) -> None:
    assert billed(of_rows(tmp_path, Line(service=service, cost="7"))) == 7


@pytest.mark.parametrize(
    ("kind", "category"),
    {
        "Usage": "Usage", "Fee": "Purchase", "RIFee": "Purchase", "FlateRateSubscription": "Purchase", "Tax": "Tax",
        "Credit": "Credit", "Refund": "Refund", "Discount": "Discount", "BundledDiscount": "Discount",
        "EdpDiscount": "Discount", "PrivateRateDiscount": "Discount", "SavingsPlanCoveredUsage": "Usage",
        "SavingsPlanNegation": "Usage", "SavingsPlanRecurringFee": "Purchase", "SavingsPlanUpfrontFee": "Purchase",
    }.items(),
)  # fmt: skip
def test_every_line_item_type_has_a_category(tmp_path: Path, kind: str, category: str) -> None:
    found = of_rows(tmp_path, Line(kind=kind))
    assert found.charges["charge_category"].tolist() == [category]
    assert found.gaps.empty


@pytest.mark.parametrize("category", ["Usage", "Purchase", "Tax", "Credit", "Adjustment"])
def test_the_categories_of_focus_stay(tmp_path: Path, category: str) -> None:
    assert of_rows(tmp_path, Line(kind=category), make=focus).charges["charge_category"].tolist() == [category]


def test_lines_of_a_refunding_bill_are_refunds(tmp_path: Path) -> None:
    found = of_rows(tmp_path, Line(cost="-3", bill_type="Refund"), Line(kind="Tax", cost="-1", bill_type="Refund"))
    assert set(found.charges["charge_category"]) == {"Refund"}
    assert billed(found) == -4


def test_an_unknown_type_is_an_adjustment_and_noted(tmp_path: Path) -> None:
    found = of_rows(tmp_path, Line(kind="New\x1bType"), Line(kind="New\x1bType"), Line())
    assert sorted(found.charges["charge_category"]) == ["Adjustment", "Usage"]
    assert found.gaps["rows"].tolist() == [2]
    assert "New⟨U+001B⟩Type, which is not known; they count as Adjustment" in found.gaps["problem"].iloc[0]


def test_amounts_of_two_currencies_are_kept_apart(tmp_path: Path) -> None:
    found = of_rows(tmp_path, Line(cost="1"), Line(cost="2", currency="EUR"))
    assert dict(found.charges[["billing_currency", "billed_cost"]].to_numpy()) == {"USD": 1, "EUR": 2}
    assert "several currencies (EUR, USD)" in found.gaps["problem"].iloc[0]


def test_codes_of_currencies_are_spelled_alike(tmp_path: Path) -> None:
    found = of_rows(tmp_path, *[Line(cost="1", currency=code) for code in ("USD", "usd", " Usd\t")])
    assert found.charges[["billing_currency", "billed_cost"]].to_numpy().tolist() == [["USD", 3]]
    assert found.gaps.empty


@pytest.mark.parametrize("code", ["", "$", "US", "USDX", "U$D", "ÀBC", "USD EUR"])
def test_what_is_no_code_of_a_currency_is_none(tmp_path: Path, code: str) -> None:
    found = of_rows(tmp_path, Line(currency=code), Line(currency=code))
    assert found.charges["billing_currency"].tolist() == ["(none)"]
    assert found.gaps["rows"].tolist() == [2]
    assert "no code of three letters" in problems(found)


@pytest.mark.parametrize("number", ["10000000001", "1000000001"])
def test_an_account_id_gets_its_lost_zeros_back(tmp_path: Path, number: str) -> None:
    found = of_rows(tmp_path, Line(account=number, cost="1"), Line(account=number.zfill(12), cost="2"))
    assert found.charges[["sub_account_id", "billed_cost"]].to_numpy().tolist() == [[number.zfill(12), Decimal(3)]]
    assert found.gaps["rows"].tolist() == [1]


@pytest.mark.parametrize("number", ["9000000000001", "x\u202ey"])
def test_what_is_no_account_id_is_kept_and_noted(tmp_path: Path, number: str) -> None:
    found = of_rows(tmp_path, Line(account=number))
    assert found.charges["sub_account_id"].tolist() == [number]
    assert "rows have what is no 12-digit account id, such as" in found.gaps["problem"].iloc[0]
    assert "\u202e" not in found.gaps["problem"].iloc[0]


@pytest.mark.parametrize("cost", ["abc", "1,5", "nan", "inf", "1e40", "1e18", "-1e18"])
def test_an_amount_that_is_no_number_is_unknown_and_not_zero(tmp_path: Path, cost: str) -> None:
    found = of_rows(tmp_path, Line(cost=cost), Line(cost="1"), Line(usage_type="Message", cost="2"))
    assert (
        found.charges["billed_cost"].isna().tolist() == [False, True] or found.charges["billed_cost"].isna().sum() == 1
    )
    assert billed(found) == 2
    gaps = found.gaps.set_index("problem")["rows"]
    assert gaps["rows have a billed cost that is no number; that of their charges is not known"] == 1


@pytest.mark.parametrize("doubles", [False, True])
def test_absurd_amounts_are_unknown_and_overflow_no_sum(tmp_path: Path, doubles: bool) -> None:
    lines = [Line(cost="9e27", quantity="9e27", region=region) for region in ("a", "b", "c")]
    lines.append(Line(usage_type="Message", cost="999999999999999900"))
    found = read(write(tmp_path / "export.parquet", rows_of(lines), doubles=doubles))
    assert found.charges["billed_cost"].isna().sum() == 3
    assert billed(found) == 999999999999999900
    gaps = found.gaps.set_index("problem")["rows"]
    assert gaps["rows have a billed cost that is no number; that of their charges is not known"] == 3
    assert gaps["rows have a quantity that is no number; that of their charges is not known"] == 3


@pytest.mark.parametrize("cost", ["", "NULL", None])
def test_an_amount_that_is_missing_is_unknown_and_not_zero(tmp_path: Path, cost: str | None) -> None:
    found = of_rows(tmp_path, Line(cost=cost))
    assert found.charges["billed_cost"].isna().all()
    assert found.gaps[["problem", "rows"]].to_numpy().tolist() == [
        ["rows have no billed cost; that of their charges is not known", 1]
    ]


def test_a_text_null_is_no_value(tmp_path: Path) -> None:
    found = of_rows(tmp_path, Line(region="NULL", usage_type="NULL", quantity="NULL"), make=focus)
    assert found.charges[["region_id", "usage_type"]].to_numpy().tolist() == [["(none)", "(none)"]]
    assert found.charges["consumed_quantity"].isna().all()


def test_charges_of_an_export_without_usage_types_are_read_and_that_is_noted(tmp_path: Path) -> None:
    rows = rows_of([Line(cost="2")])
    del rows[0]["line_item_usage_type"]
    found = read(write(tmp_path / "export.csv", rows))
    assert found.charges[["usage_type", "billed_cost"]].to_numpy().tolist() == [["(none)", 2]]
    assert "no column line_item_usage_type, so the usage type" in found.gaps["problem"].iloc[0]


def test_an_effective_cost_is_known_where_every_line_states_it(tmp_path: Path) -> None:
    net = {"line_item_net_unblended_cost": "0.4"}
    found = of_rows(
        tmp_path, Line(more=net), Line(more=net), Line(usage_type="Message", more=net), Line(usage_type="Message")
    )
    effective = found.charges.set_index("usage_type")["effective_cost"]
    assert effective["EUW2-Recipients"] == Decimal("0.8")
    assert pd.isna(effective["Message"])


def test_quantities_of_two_units_are_not_added(tmp_path: Path) -> None:
    found = of_rows(tmp_path, Line(), Line(more={"pricing_unit": "GB"}))
    assert found.charges[["consumed_quantity", "consumed_unit", "pricing_unit"]].isna().all(axis=None)
    assert billed(found) == 1


def test_the_commonest_description_is_shown(tmp_path: Path) -> None:
    found = of_rows(tmp_path, *[Line(description=text) for text in ("b", "a", "c", "c", "", "", "")])
    assert found.charges["description"].tolist() == ["c"]


def test_a_month_without_rows_of_ses_is_read_and_costs_nothing(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [[OTHER, OTHER]])
    found = read(tmp_path)
    assert found.charges.empty
    assert found.months[["period", "rows", "ses_rows"]].to_numpy().tolist() == [["2026-10", 2, 0]]
    assert found.gaps.empty


def test_rows_are_of_the_month_that_is_billed(tmp_path: Path) -> None:
    found = of_rows(tmp_path, Line(period="2026-09", cost="1"), Line(period="2026-10", cost="2"))
    assert found.charges[["billing_period", "billed_cost"]].to_numpy().tolist() == [["2026-09", 1], ["2026-10", 2]]
    assert found.months["period"].tolist() == ["2026-09", "2026-10"]


@pytest.mark.parametrize("doubles", [False, True])
def test_doubles_give_the_decimals_that_are_printed_for_them(tmp_path: Path, doubles: bool) -> None:
    lines = [Line(cost=cost) for cost in ("0.1", "0.2", "9.984E-7", "-123456789.1234567", "0.0000000001", "98765.4321")]
    write(tmp_path / "export.parquet", rows_of(lines), doubles=doubles)
    assert billed(read(tmp_path)) == total(lines)


def test_bytes_of_csv_from_spreadsheets_are_read(tmp_path: Path) -> None:
    """A byte order mark, CRLF, and line breaks and quotes within texts."""
    lines = [Line(description='a "quoted"\r\nand broken, text'), Line(cost="2", description="x\n\ny"), OTHER]
    rows = rows_of(lines)
    text = "\ufeff" + csv_text(list(rows[0]), rows).replace("\n", "\r\n").replace("\r\r\n", "\r\n")
    (tmp_path / "export.csv").write_bytes(text.encode())
    found = read(tmp_path)
    assert billed(found) == Decimal("2.5")
    assert found.months["rows"].tolist() == [3]


def test_columns_may_be_in_another_order_in_each_file(tmp_path: Path) -> None:
    rows = rows_of(LINES)
    write(tmp_path / "a.csv", rows[:2])
    write(tmp_path / "b.csv", [dict(reversed(row.items())) for row in rows[2:]])
    found = read(tmp_path)
    assert billed(found) == total(LINES)
    assert found.gaps.empty


def test_exports_at_a_url_are_read(tmp_path: Path) -> None:
    root = tmp_path / "cur2"
    data_export(root, [LINES[:2], LINES[2:]], ending=".csv.gz")
    data_export(root, [[SEPTEMBER]], period="2026-09", ending=".parquet")
    storage = fsspec.filesystem("memory")
    for path in root.rglob("*.*"):
        storage.pipe_file(f"/billing/[some]*/{path.relative_to(tmp_path).as_posix()}", path.read_bytes())
    try:
        found = read("memory://billing")
    finally:
        storage.rm("/billing", recursive=True)
    assert billed(found) == total(LINES) + total([SEPTEMBER])
    assert found.months[["period", "files"]].to_numpy().tolist() == [["2026-09", 1], ["2026-10", 2]]
    assert found.gaps.empty
    assert found.months["issued_at"].notna().all()


def test_names_of_files_may_look_like_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "[a]*" / "it's?"
    write(folder / "x[1]*.parquet", rows_of(LINES))
    write(folder / "y{1}.parquet", rows_of([Line(cost="5", id="other")]))
    assert billed(read(tmp_path)) == total(LINES) + 5


def test_a_relative_path_is_from_the_base(tmp_path: Path) -> None:
    write(tmp_path / "bills" / "export.csv", rows_of(LINES))
    found = read_cost_exports(["bills"], base=tmp_path)
    assert found.months["export"].tolist() == ["bills"]


@pytest.mark.parametrize("where", ["none", "none.csv", "memory://none/at/all", "nosuchscheme://x"])
def test_a_path_that_is_not_there_is_an_error(tmp_path: Path, where: str) -> None:
    with pytest.raises(ConfigError, match=r"costs\.exports: .*none|nosuchscheme"):
        read_cost_exports([where], base=tmp_path)


def test_a_folder_without_exports_is_noted(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    found = read(tmp_path)
    assert found.months.empty
    assert "has no files of cost exports" in found.gaps["problem"].iloc[0]


def test_without_exports_all_frames_are_empty() -> None:
    found = read()
    assert (len(found.charges), len(found.months), len(found.gaps)) == (0, 0, 0)


def test_the_hash_is_of_what_was_read(tmp_path: Path) -> None:
    def sha256(cost: str, name: str = "export.csv") -> str:
        for path in tmp_path.iterdir():
            path.unlink()
        write(tmp_path / name, rows_of([Line(cost=cost)]))
        return str(read(tmp_path).months["sha256"].iloc[0])

    assert sha256("1.5") == sha256("1.5")
    assert len({sha256("1.5"), sha256("1.6"), sha256("1.5", "other.csv"), sha256("1.5", "a.parquet"),
                sha256("1.6", "a.parquet")}) == 5  # fmt: skip


def test_nothing_is_written_beside_the_exports(tmp_path: Path) -> None:
    data_export(tmp_path / "cur2", [LINES])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    read(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_payers_of_one_month_are_added(tmp_path: Path) -> None:
    data_export(tmp_path / "a", [[Line(cost="1")]])
    data_export(tmp_path / "b", [[Line(cost="2", payer="900000000002")]], make=focus)
    found = read(tmp_path)
    assert billed(found) == 3
    assert (len(found.months), found.gaps.empty) == (2, True)
