"""What a frame's declaration promises."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from sesreport.analysis.registry import derived_frames
from sesreport.core.errors import SchemaError
from sesreport.core.schema import (
    Frame,
    account_id,
    at,
    count,
    flag,
    integer,
    is_nullable,
    money,
    real,
    text,
    texts,
)
from sesreport.settings.register import FRAME as REGISTER
from sesreport.snapshot.collected import frames

DECLARED = {**{f"collected {n}": f for n, f in frames().items()}, "register": REGISTER,
            **{f"derived {n}": f for n, f in derived_frames().items()}}  # fmt: skip

EVERY_KIND = Frame(
    "every",
    "One column of each kind.",
    keys={"id": text("Key.")},
    columns={
        "account": account_id("Account."),
        "whole": integer("Whole."),
        "counted": count("Counted."),
        "share": real("Share."),
        "cost": money("Cost."),
        "yes": flag("Flag."),
        "moment": at("When."),
        "many": texts("Texts."),
    },
)


@pytest.mark.parametrize("name", DECLARED)
def test_every_column_is_documented(name: str) -> None:
    frame = DECLARED[name]
    assert frame.doc.endswith(".")
    for column in frame.all_columns.values():
        assert column.doc.strip()


@pytest.mark.parametrize("name", DECLARED)
def test_every_frame_has_three_sample_rows_that_are_valid(name: str) -> None:
    assert len(DECLARED[name].from_rows(DECLARED[name].samples)) == 3


def test_a_missing_value_is_na_in_every_kind() -> None:
    frame = EVERY_KIND.from_rows([{"id": "a"}])
    assert frame.drop(columns="id").isna().all(axis=None)
    assert frame["whole"].dtype == pd.Int64Dtype()
    assert str(frame["moment"].dtype) == "datetime64[us, UTC]"


def test_a_column_the_frame_lacks_is_an_error() -> None:
    with pytest.raises(SchemaError, match="no column 'surplus'"):
        EVERY_KIND.from_rows([{"id": "a", "surplus": 1}])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": None}, "id is NA in 1 rows"),
        ({"id": "a", "account": "12345678901"}, "'12345678901' is not a 12-digit account id"),
        ({"id": "a", "counted": -1}, "counted is below 0"),
        ({"id": "a", "account": "٢١٠٠٠٠٠٠٠٠٠١"}, "is not a 12-digit account id"),
        ({"id": "a", "account": "210000000001\n"}, "is not a 12-digit account id"),
        ({"id": "a", "account": 210000000001}, "frame every"),
        ({"id": "a", "whole": "many"}, "frame every"),
        ({"id": "a", "whole": 2**70}, "frame every"),
        ({"id": "a", "share": "half"}, "frame every"),
        ({"id": "a", "cost": 1.5}, "frame every"),
        ({"id": "a", "cost": "1.5"}, "frame every"),
        ({"id": "a", "cost": Decimal("0.00000000001")}, "frame every"),
        ({"id": "a", "cost": Decimal("NaN")}, "frame every"),
        ({"id": "a", "cost": Decimal(10) ** 28}, "frame every"),
        ({"id": "a", "yes": 1}, "frame every"),
        ({"id": "a", "moment": "2026-11-01"}, "frame every"),
        ({"id": "a", "many": "one"}, "frame every"),
        ({"id": 7}, "frame every"),
    ],
)
def test_a_broken_value_says_which_column(row: dict[str, object], says: str) -> None:
    with pytest.raises(SchemaError, match=says):
        EVERY_KIND.from_rows([row])


@pytest.mark.parametrize(
    "value", ["1.25", "-0.0000000001", "1.50000000000000", "9999999999999999999999999999.9999999999"]
)
def test_money_keeps_every_digit(value: str) -> None:
    frame = EVERY_KIND.from_rows([{"id": "a", "cost": Decimal(value)}])
    assert frame["cost"].iloc[0] == Decimal(value)
    assert EVERY_KIND.columns["cost"].holds(Decimal(value))


def test_sums_of_money_are_decimals() -> None:
    frame = EVERY_KIND.from_rows([{"id": name, "cost": Decimal("0.1")} for name in "abc"])
    assert frame["cost"].sum() == Decimal("0.3")
    assert frame.groupby(frame["id"] == "c")["cost"].sum().tolist() == [Decimal("0.2"), Decimal("0.1")]
    assert is_nullable(frame)


@pytest.mark.parametrize(
    ("value", "holds"),
    [(Decimal("1.5"), True), (3, True), (True, False), (1.5, False), ("1.5", False), (Decimal("Infinity"), False),
     (Decimal("1E-11"), False), (Decimal("1E+28"), False), (Decimal(-1), False)],
)  # fmt: skip
def test_which_values_are_money(value: object, holds: bool) -> None:
    assert money("Cost.", minimum=0).holds(value) is holds


def test_money_below_its_minimum_is_an_error() -> None:
    frame = Frame("f", "F.", keys={"id": text("Key.")}, columns={"cost": money("Cost.", minimum=0)})
    with pytest.raises(SchemaError, match="cost is below 0"):
        frame.from_rows([{"id": "a", "cost": Decimal("-0.01")}])


def test_two_rows_with_one_key_are_an_error() -> None:
    with pytest.raises(SchemaError, match="two rows with the key"):
        EVERY_KIND.from_rows([{"id": "a"}, {"id": "a"}])


def test_a_lone_surrogate_is_kept_as_its_escape() -> None:
    assert EVERY_KIND.from_rows([{"id": "\ud800x"}])["id"].iloc[0] == "\\ud800x"


def test_a_lone_surrogate_in_a_list_is_kept_as_its_escape() -> None:
    frame = EVERY_KIND.from_rows([{"id": "a", "many": ["\udfff", "b"]}])
    assert list(frame["many"].iloc[0]) == ["\\udfff", "b"]


@pytest.mark.parametrize("column", EVERY_KIND.all_columns)
def test_a_column_of_another_type_is_an_error(column: str) -> None:
    frame = EVERY_KIND.from_rows([{"id": "a"}])
    frame[column] = pd.Series([object()], dtype=object)
    with pytest.raises(SchemaError, match="frame every"):
        EVERY_KIND.to_arrow(frame)


def test_a_required_column_without_a_value_is_an_error() -> None:
    frame = Frame("f", "F.", keys={"id": text("Key.")}, columns={"must": text("Must.", required=True)})
    with pytest.raises(SchemaError, match="must is NA in 1 rows"):
        frame.from_rows([{"id": "a"}, {"id": "b", "must": "x"}][:1])


def test_a_log_may_repeat_its_keys() -> None:
    frame = Frame("log", "Log.", keys={"id": text("Key.")}, columns={}, unique=False)
    assert len(frame.from_rows([{"id": "a"}, {"id": "a"}])) == 2


def test_columns_in_another_order_conform() -> None:
    frame = EVERY_KIND.from_rows([{"id": "a", "counted": 3}, {"id": "b"}])
    mixed = frame[list(reversed(frame.columns))].set_index(pd.Index([7, 9]))
    pd.testing.assert_frame_equal(EVERY_KIND.conform(mixed), frame)


def test_columns_out_of_order_are_an_error() -> None:
    frame = EVERY_KIND.from_rows([{"id": "a"}])
    with pytest.raises(SchemaError, match="out of order"):
        EVERY_KIND.to_arrow(frame[list(reversed(frame.columns))])


def test_a_column_of_a_wrong_type_is_named() -> None:
    frame = EVERY_KIND.from_rows([{"id": "a"}]).assign(whole=pd.Series(["many"], dtype="object"))
    with pytest.raises(SchemaError, match="frame every: whole: "):
        EVERY_KIND.conform(frame)
