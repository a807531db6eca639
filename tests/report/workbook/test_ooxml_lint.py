"""What makes Excel offer to repair a file, checked in the parts themselves (ECMA-376 part 1, SpreadsheetML)."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree
from openpyxl.utils import get_column_letter, range_boundaries

from sesreport.report.workbook import write_workbook
from workbook.sample_pack import empty_pack, hostile_pack, sample_pack

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SEQUENCE = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection",
    "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells",
    "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup",
    "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags",
    "drawing", "legacyDrawing", "tableParts", "extLst",
)  # fmt: skip


@pytest.fixture(scope="module", params=["full", "hostile", "empty"])
def parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("lint") / "pack.xlsx"
    write_workbook({"full": sample_pack, "hostile": hostile_pack, "empty": empty_pack}[request.param](), path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def sheets(parts: dict[str, bytes]) -> Iterator[tuple[str, Any, Any]]:
    """Name, worksheet and its table of every sheet."""
    for name in parts:
        if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name):
            relations = parts[name.replace("worksheets/", "worksheets/_rels/") + ".rels"].decode()
            (target,) = re.findall(r'Target="/(xl/tables/[^"]+)"', relations)
            yield name, etree.fromstring(parts[name]), etree.fromstring(parts[target])


def text(cell: Any) -> str:
    return "".join(cell.itertext())


def test_every_part_is_well_formed(parts: dict[str, bytes]) -> None:
    for name, content in parts.items():
        if name.endswith((".xml", ".rels")):
            etree.fromstring(content)


def test_elements_of_a_worksheet_come_in_sequence(parts: dict[str, bytes]) -> None:
    for name, sheet, _ in sheets(parts):
        places = [SEQUENCE.index(etree.QName(child).localname) for child in sheet]
        assert places == sorted(places), name


def test_each_sheet_has_one_table_at_a5_as_wide_as_its_columns(parts: dict[str, bytes]) -> None:
    for name, sheet, table in sheets(parts):
        left, top, right, bottom = range_boundaries(table.get("ref"))
        assert (left, top) == (1, 5), name
        assert right == len(table.findall(f".//{MAIN}tableColumn")), name
        assert bottom == max(int(row.get("r")) for row in sheet.iter(f"{MAIN}row")), name
        assert bottom > top, name


def test_headers_are_unique_text_and_equal_to_their_cells(parts: dict[str, bytes]) -> None:
    for name, sheet, table in sheets(parts):
        headers = [column.get("name") for column in table.iter(f"{MAIN}tableColumn")]
        assert len({header.strip().casefold() for header in headers}) == len(headers), name
        (row,) = [row for row in sheet.iter(f"{MAIN}row") if row.get("r") == "5"]
        assert [text(cell) for cell in row] == headers, name
        assert {cell.get("t") for cell in row} == {"inlineStr"}, name


def test_table_names_are_unique_and_legal(parts: dict[str, bytes]) -> None:
    names = [table.get("displayName") for _, _, table in sheets(parts)]
    ids = [table.get("id") for _, _, table in sheets(parts)]
    assert len(set(names)) == len(names)
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,254}", name) for name in names)


def test_rows_and_cells_ascend(parts: dict[str, bytes]) -> None:
    for name, sheet, _ in sheets(parts):
        rows = [int(row.get("r")) for row in sheet.iter(f"{MAIN}row")]
        assert rows == sorted(set(rows)), name
        for row in sheet.iter(f"{MAIN}row"):
            columns = [range_boundaries(cell.get("r"))[0] for cell in row]
            assert columns == sorted(set(columns)), name


def test_cells_hold_only_inline_text_and_numbers(parts: dict[str, bytes]) -> None:
    for name, sheet, _ in sheets(parts):
        assert {cell.get("t") for cell in sheet.iter(f"{MAIN}c")} <= {"inlineStr", "n", None}, name
        assert sheet.find(f".//{MAIN}f") is None, name


def test_choices_are_short_enough_and_explained(parts: dict[str, bytes]) -> None:
    for name, sheet, _ in sheets(parts):
        for choice in sheet.iter(f"{MAIN}dataValidation"):
            assert len(choice.findtext(f"{MAIN}formula1")) <= 255, name
            assert choice.get("prompt") and choice.get("error"), name


def test_account_ids_carry_no_number_stored_as_text_mark(parts: dict[str, bytes]) -> None:
    for name, sheet, table in sheets(parts):
        headers = [column.get("name") for column in table.iter(f"{MAIN}tableColumn")]
        bottom = range_boundaries(table.get("ref"))[3]
        expected = {
            f"{get_column_letter(i)}6:{get_column_letter(i)}{bottom}"
            for i, header in enumerate(headers, 1)
            if header.casefold().endswith("account id") or header == "Group"  # accounts among other groups
        }
        quiet = {e.get("sqref") for e in sheet.iter(f"{MAIN}ignoredError") if e.get("numberStoredAsText") == "1"}
        assert quiet == expected, name


def test_each_chart_is_described(parts: dict[str, bytes]) -> None:
    drawings = [content for name, content in parts.items() if re.fullmatch(r"xl/drawings/drawing\d+\.xml", name)]
    described = [e.get("descr") for content in drawings for e in etree.fromstring(content).iter("{*}cNvPr")]
    assert len(described) == sum(name.startswith("xl/charts/chart") for name in parts)
    assert all(text and len(text) > 30 for text in described)


def test_chart_references_stay_inside_the_tables(parts: dict[str, bytes]) -> None:
    workbook = etree.fromstring(parts["xl/workbook.xml"])
    names = [sheet.get("name") for sheet in workbook.iter(f"{MAIN}sheet")]
    bottoms = {names[i]: range_boundaries(table.get("ref"))[3] for i, (_, _, table) in enumerate(_in_order(parts))}
    for name, content in parts.items():
        if name.startswith("xl/charts/chart"):
            for reference in etree.fromstring(content).iter("{*}f"):
                sheet, cells = reference.text.rsplit("!", 1)
                _, top, _, bottom = range_boundaries(cells)
                assert 6 <= top <= bottom <= bottoms[sheet.strip("'")], name


def _in_order(parts: dict[str, bytes]) -> list[tuple[str, Any, Any]]:
    return sorted(sheets(parts), key=lambda found: int("".join(filter(str.isdigit, found[0]))))


def test_no_external_link_and_no_macro(parts: dict[str, bytes]) -> None:
    assert not [name for name in parts if "externalLink" in name or "vba" in name.casefold()]
    assert not [name for name, content in parts.items() if name.endswith(".rels") and b"TargetMode" in content]


def test_pages_are_set_up_for_print(parts: dict[str, bytes]) -> None:
    for name, sheet, _ in sheets(parts):
        assert sheet.find(f"{MAIN}pageSetup").get("orientation") == "landscape", name
        assert sheet.find(f"{MAIN}pageSetup").get("fitToHeight") == "0", name
        footer = sheet.findtext(f"{MAIN}headerFooter/{MAIN}oddFooter")
        assert footer.startswith("&L&8 "), name
        assert "&P of &N" in footer, name
    titles = parts["xl/workbook.xml"].decode()
    assert titles.count("_xlnm.Print_Titles") == len(list(sheets(parts)))


def test_panes_are_frozen_below_the_header_and_after_the_first_column(parts: dict[str, bytes]) -> None:
    for name, sheet, _ in sheets(parts):
        assert sheet.find(f".//{MAIN}pane").get("topLeftCell") == "B6", name


def test_document_dates_come_from_the_snapshot(parts: dict[str, bytes]) -> None:
    core = parts["docProps/core.xml"].decode()
    assert core.count("2026-11-01T05:12:33Z") == 2
