"""A new sheet is one new file."""

from __future__ import annotations

import pkgutil

import pandas as pd
import pytest

from sesreport.kpis.registry import kpis
from sesreport.report.workbook import description, sheets
from sesreport.report.workbook.description import SheetContent, registered, sheet, sheet_of
from workbook.sample_pack import sample_pack


def empty(_: object) -> SheetContent:
    return SheetContent("", "", (), pd.DataFrame())


def test_every_file_registers_one_sheet_with_a_question() -> None:
    files = [module.name for module in pkgutil.iter_modules(sheets.__path__)]
    assert sorted(each.build.__module__.rsplit(".", 1)[1] for each in registered()) == sorted(files)
    assert all(each.question.endswith("?") for each in registered())


def test_every_kpi_leads_to_the_sheet_of_its_evidence() -> None:
    assert all(sheet_of(kpi.id) for kpi in sample_pack().results.kpis)
    assert all(sheet_of(definition.id) for definition in kpis())


@pytest.mark.parametrize(
    ("title", "order", "group"),
    [
        ("Cover", 999, "summary"),
        ("New", 10, "summary"),
        ("a" * 32, 999, "summary"),
        ("a/b", 999, "summary"),
        ("New", 999, "x"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(title: str, order: int, group: str) -> None:
    with pytest.raises(ValueError, match="sheet"):
        sheet(title=title, question="?", order=order, group=group)(empty)
    assert title == "Cover" or title not in description.SHEETS
