"""Rows beyond one chunk, and beyond what a sheet should hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from sesreport.report.workbook import writer
from sesreport.report.workbook.description import SheetColumn, SheetContent
from sesreport.report.workbook.rows import CHUNK
from sesreport.report.workbook.writer import Page, Properties, write

ABOUT = Properties("Export", "Test", "none", "sesreport", "none", "1F3864", datetime(2026, 11, 1, tzinfo=UTC))


def export(rows: pd.DataFrame, path: Path, *columns: SheetColumn) -> None:
    write(
        [Page("Export", "evidence", SheetContent("", "All rows.", columns, rows, file="data/x.parquet"))], path, ABOUT
    )


def test_rows_go_on_across_chunks(tmp_path: Path) -> None:
    count = 2 * CHUNK + 3
    rows = pd.DataFrame({"n": range(count), "t": [f"text {i}" for i in range(count)]})
    export(rows, tmp_path / "x.xlsx", SheetColumn("n", "N", "integer"), SheetColumn("t", "T"))
    read = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_name("Export").to_python()
    assert [row[0] for row in read[-count:]] == list(range(count))
    assert read[-1][1] == f"text {count - 1}"


def test_rows_beyond_the_limit_are_pointed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_TABLE_ROWS", 10)
    export(pd.DataFrame({"n": range(25)}), tmp_path / "x.xlsx", SheetColumn("n", "N", "integer"))
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["Export"]
    assert sheet["A3"].value == "The first 10 of 25 rows; all are in data/x.parquet. All rows."
    assert sheet.max_row == 15


def test_spaces_at_the_ends_and_markup_survive(tmp_path: Path) -> None:
    texts = ["  padded ", "<b>&amp;</b>", '"quoted"', "two\nlines"]
    export(pd.DataFrame({"t": texts}), tmp_path / "x.xlsx", SheetColumn("t", "T"))
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["Export"]
    assert [sheet.cell(row, 1).value for row in range(6, 10)] == texts


def test_two_columns_with_the_same_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two columns have the same header"):
        export(pd.DataFrame({"t": ["x"]}), tmp_path / "x.xlsx", SheetColumn("t", "Name"), SheetColumn("t", "name "))
    assert list(tmp_path.iterdir()) == []
