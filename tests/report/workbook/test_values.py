"""Frame columns as cells."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sesreport.core import schema
from sesreport.report.workbook.description import SheetColumn
from sesreport.report.workbook.values import CELL_LIMIT, cells, lines, text, width


def made(values: list[Any], dtype: Any = "object") -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(values, dtype=dtype)})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), pd.NA, None, "many"])
def test_a_number_that_is_none_is_blank(bad: Any) -> None:
    assert cells(made([1.5, bad]), SheetColumn("x", "X", "real")) == [1.5, None]


def test_whole_numbers_stay_whole() -> None:
    assert cells(made([3, pd.NA], "Int64"), SheetColumn("x", "X", "integer")) == [3, None]


def test_a_time_is_its_utc_serial_day() -> None:
    times = pd.Series(pd.to_datetime(["2026-11-01T01:00:00+01:00", None], utc=True))
    assert cells(pd.DataFrame({"x": times}), SheetColumn("x", "X", "at")) == [46327.0, None]


def test_a_flag_has_three_values() -> None:
    assert cells(made([True, False, pd.NA], "boolean"), SheetColumn("x", "X", "flag")) == ["yes", "no", "not known"]


def test_a_list_is_joined_and_an_empty_one_is_none() -> None:
    frame = schema.Frame("f", "f", {}, {"x": schema.texts("x")}, unique=False)
    rows = frame.from_rows([{"x": ["a", "b"]}, {"x": []}, {"x": None}])
    assert cells(rows, SheetColumn("x", "X", "texts")) == ["a; b", "none", "not known"]


def test_a_column_the_frame_lacks_is_unknown() -> None:
    rows = made([1, 2])
    assert cells(rows, SheetColumn("y", "Y")) == ["not known", "not known"]
    assert cells(rows, SheetColumn("y", "Y", "integer")) == [None, None]


def test_a_cell_s_text_is_never_longer_than_excel_takes() -> None:
    assert len(text("é" * 100_000)) == CELL_LIMIT


def test_columns_are_capped_and_fit_their_header() -> None:
    assert width(SheetColumn("x", "X"), ["a" * 500] * 20) == 60
    assert width(SheetColumn("x", "Verification"), ["ok"]) >= len("Verification") + 3


def test_one_long_text_does_not_widen_a_column_of_short_ones() -> None:
    assert width(SheetColumn("x", "X"), ["short"] * 50 + ["a" * 500]) < 20


def test_a_rare_signal_is_as_readable_as_a_common_one() -> None:
    assert width(SheetColumn("x", "Read", "signal"), ["ok"] * 99 + ["region disabled"]) > len("region disabled")


def test_wrapped_lines_follow_width_and_line_feeds() -> None:
    assert lines("a" * 40 + "\nb", 22.5) == 3
