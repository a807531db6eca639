"""What a reader of the workbook meets: sheets, links, numbers, and outside text that does nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from sesreport.analysis.reviews import STANDINGS
from sesreport.kpis import words
from sesreport.report.workbook.description import registered
from workbook.sample_frames import HOSTILE
from workbook.sample_pack import sample_pack

pytestmark = pytest.mark.filterwarnings("ignore:Sparkline Group extension")  # openpyxl cannot keep them

ORDER = [
    "Cover", "Contents", "Scorecard", "By account, OU, owner", "Trends", "Changes", "Exposure", "Grants",
    "Trust register", "Reviews", "Ownership", "Sending & reputation", "Sending places", "Anomalies & forecasts", "Cost",
    "Waste", "Actions", "Findings", "Fixes", "Remediation", "Data quality", "Evidence", "Definitions", "Run",
]  # fmt: skip


def table(sheet: Any) -> pd.DataFrame:
    """A sheet's table as text headers and raw values."""
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    reference = next(iter(sheet.tables.values())).ref
    last = int("".join(filter(str.isdigit, reference.split(":")[1])))
    return pd.DataFrame(rows[1 : last - 4], columns=rows[0], dtype="object")


def corner(sheet: Any) -> list[list[Any]]:
    """The first rows and columns of the table, numbers to nine places."""
    rows = sheet.iter_rows(min_row=5, max_row=25, max_col=8, values_only=True)
    return [[round(value, 9) if isinstance(value, float) else value for value in row] for row in rows]


def test_sheets_come_in_the_board_s_order(book: Any) -> None:
    assert book.sheetnames == ORDER


def test_every_sheet_is_in_the_contents_with_its_question_and_rows(book: Any) -> None:
    listing = table(book["Contents"]).set_index("Sheet")
    for each in registered():
        if each.title != "Contents":
            assert listing.loc[each.title, "Question it answers"] == each.question
            shown = table(book[each.title])
            assert listing.loc[each.title, "Rows"] == (shown.iloc[:, 0] != "no data").sum()


def test_links_lead_to_sheets_that_exist_and_back(book: Any) -> None:
    for sheet in book.worksheets:
        links = {cell.coordinate: cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink}
        assert all(link.location.split("!")[0].strip("'") in book.sheetnames for link in links.values())
        if sheet.title != "Contents":
            assert links["A1"].location == "'Contents'!A1"
    targets = {cell.hyperlink.location for cell in book["Contents"]["A"] if cell.hyperlink}
    assert targets == {f"'{name}'!A1" for name in ORDER if name != "Contents"}


def test_the_scorecard_shows_the_results_numbers(book: Any) -> None:
    shown = table(book["Scorecard"]).set_index("KPI")
    for kpi in sample_pack().results.kpis:
        row = shown.loc[kpi.label]
        for header, value in (
            ("Actual", kpi.value), ("Target", kpi.target), ("Prior", kpi.prior), ("Change", kpi.change),
            ("Numerator", kpi.numerator), ("Denominator", kpi.denominator),
            *((point.period, point.value) for point in kpi.series),
        ):  # fmt: skip
            assert (row[header] is None) == (value is None), (kpi.id, header)
            assert value is None or row[header] == pytest.approx(value, abs=1e-12), (kpi.id, header)
        assert row["Status"] == words.judgement(kpi)


def test_the_breakdown_shows_every_group_and_leaves_the_unknown_blank(book: Any) -> None:
    shown = table(book["By account, OU, owner"])
    expected = sample_pack().frames["kpi_breakdown"].query("dimension != 'overall'")
    assert set(shown["By"]) == {"Environment", "OU", "Owner", "Account"}
    values = {group: None if pd.isna(v) else v for group, v in zip(expected["group"], expected["value"], strict=True)}
    assert dict(zip(shown["Group"], shown["Actual"], strict=True)) == values
    assert set(shown.loc[shown["Actual"].isna(), "Status"]) == {"○ not measurable"}


def test_the_trends_show_every_month_of_every_kpi(book: Any) -> None:
    shown = table(book["Trends"])
    expected = [(k.label, p.period, p.value) for k in sample_pack().results.kpis for p in k.series]
    assert list(shown[["KPI", "Month", "Value"]].itertuples(index=False, name=None)) == expected


def test_calamine_reads_the_same_numbers(written: Path, book: Any) -> None:
    reader = CalamineWorkbook.from_path(str(written))
    assert reader.sheet_names == ORDER
    rows = reader.get_sheet_by_name("Scorecard").to_python(skip_empty_area=False)
    header, first = rows[4], rows[5]
    shown = table(book["Scorecard"]).iloc[0]
    for name in ("KPI", "Status", "Actual", "Target", "Change", "2025-10"):
        assert first[header.index(name)] == shown[name]


def test_document_and_footers_carry_title_and_classification(book: Any) -> None:
    assert book.properties.title == "Amazon SES governance, October 2026"
    assert book.properties.category == "Confidential & internal"
    assert all(sheet.oddFooter.left.text == "Confidential && internal" for sheet in book.worksheets)


def test_nothing_is_a_formula(book: Any) -> None:
    formulas = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.startswith(tuple("=+-@"))])
def test_text_that_looks_like_a_formula_stays_text_when_edited(book: Any, text: str) -> None:
    cells = [cell for row in book["Findings"].iter_rows(min_row=6) for cell in row if cell.value == text]
    assert cells
    assert all(cell.data_type in ("s", "inlineStr") and cell.quotePrefix for cell in cells)


def test_control_characters_and_direction_marks_are_shown_not_obeyed(book: Any) -> None:
    evidence = set(table(book["Findings"])["Evidence"])
    assert "bell⟨U+0007⟩ and null⟨U+0000⟩ and escape⟨U+001B⟩" in evidence
    assert "safe⟨U+202E⟩txt.exe" in evidence
    assert "line one\nline two" in evidence


def test_text_too_long_for_a_cell_says_that_it_was_shortened(book: Any) -> None:
    longest = max(table(book["Findings"])["Evidence"].map(len))
    (cut,) = [text for text in table(book["Findings"])["Evidence"] if len(text) == longest]
    assert len(cut) == 32_767
    assert cut.endswith("… [shortened: 40,000 characters; the whole text is in the pack's data folder]")


def test_account_ids_are_text_with_their_leading_zeros(book: Any) -> None:
    ids = table(book["Ownership"])["Account id"]
    assert ids.str.fullmatch(r"\d{12}").all()
    assert ids.str.startswith("0000").any()


def test_unknown_numbers_are_blank_and_unknown_words_say_so(book: Any) -> None:
    sending = table(book["Sending & reputation"])
    unread = sending[sending["Account"] == "claims-prod"]
    assert unread["Sent"].isna().all()
    places = table(book["Sending places"])
    assert set(places.loc[places["AWS bounce rate"].isna(), "Bounce line reached"]) == {"not known"}
    assert "not known" in set(table(book["Exposure"])["Guarded by a condition or Deny"])
    assert "no owner" in set(table(book["Ownership"])["Owner"])


def test_times_are_utc_and_their_header_says_so(book: Any) -> None:
    shown = table(book["Findings"]).set_index("Fingerprint")["Opened (UTC)"]
    expected = sample_pack().frames["findings"].set_index("fingerprint")["opened_at"]
    for fingerprint, value in shown.items():
        if value is None:
            assert pd.isna(expected[fingerprint])
        else:
            assert isinstance(value, datetime)
            assert value.tzinfo is None
            assert abs(pd.Timestamp(value, tz="UTC") - expected[fingerprint]) < pd.Timedelta(seconds=1)


def test_findings_come_open_and_severe_first(book: Any) -> None:
    shown = table(book["Findings"])
    rank = shown["Severity"].map({"critical": 0, "high": 1, "medium": 2, "low": 3}).tolist()
    opened = [r for r, status in zip(rank, shown["Status"], strict=True) if status == "open"]
    assert opened == sorted(opened)
    assert shown["Status"].tolist()[: len(opened)] == ["open"] * len(opened)


def test_outside_accounts_nobody_registered_are_in_the_register_first(book: Any) -> None:
    shown = table(book["Trust register"])
    assert shown["Register status"].iloc[0] == "not registered"
    registered_ids = set(sample_pack().frames["register"]["account_id"])
    missing = shown[shown["Register status"] == "not registered"]
    assert not set(missing["Account id"]) & registered_ids
    assert (missing["Live grants"] > 0).all()


def test_the_worst_of_the_review_stands_first_in_its_color(book: Any) -> None:
    shown = table(book["Reviews"])
    rank = [STANDINGS.index(standing) for standing in shown["Standing"]]
    assert rank == sorted(rank) and set(rank) == set(range(len(STANDINGS)))
    colored = [rule.formula[0] for each in book["Reviews"].conditional_formatting for rule in each.rules]
    assert all(any(standing in formula for formula in colored) for standing in STANDINGS)


def test_no_cell_of_a_pack_asks_for_an_answer(book: Any) -> None:
    assert [sheet.title for sheet in book.worksheets if sheet.data_validations.dataValidation] == []
    assert "sesreport review export" in book["Trust register"]["A3"].value


def test_data_sheets_say_where_they_could_not_read(book: Any) -> None:
    for name in ("Exposure", "Grants", "Ownership", "Findings"):
        assert "Read in 59 of 64 places (account × Region); not read: denied" in book[name]["A3"].value


def test_sheets_without_rows_say_why(book_without_rows: Any) -> None:
    for name in ("Changes", "Exposure", "Grants", "Trust register", "Reviews", "Ownership", "Findings"):
        note = book_without_rows[name]["A3"].value
        assert note.startswith(("No", "None"))
        assert book_without_rows[name]["A6"].value == "no data"
    contents = table(book_without_rows["Contents"]).set_index("Sheet")["Rows"]
    assert contents["Findings"] == 0


def test_a_kpi_that_was_not_measured_is_blank_not_zero(book_without_rows: Any) -> None:
    shown = table(book_without_rows["Scorecard"])
    assert shown["Actual"].isna().all()
    assert set(shown["Status"]) == {"○ not measurable"}


def test_libreoffice_reads_the_same_texts_and_numbers(resaved: Any, book: Any) -> None:
    assert resaved.sheetnames == ORDER
    for name in ("Scorecard", "Findings", "Ownership"):
        assert corner(resaved[name]) == corner(book[name])
    formulas = [
        cell for sheet in resaved.worksheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert formulas == []


def test_libreoffice_keeps_the_charts(resaved: Any, book: Any) -> None:
    ours = {sheet.title: len(sheet._charts) for sheet in book.worksheets if sheet._charts}
    assert ours == {"Scorecard": 3, "Trends": 11, "Cost": 1}
    assert {sheet.title: len(sheet._charts) for sheet in resaved.worksheets if sheet._charts} == ours
