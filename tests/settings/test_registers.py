"""Registers as offices make them: read as they are meant, or refused in one line with row, column and remedy."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.worksheet.worksheet import Worksheet

from sesreport.core import files
from sesreport.core.errors import ConfigError
from sesreport.settings import workbooks
from sesreport.settings.approvals import Entry, read_entries

FILES = Path(__file__).parents[1] / "data" / "registers"
ACCOUNT = "310000000001"
MAILVENDOR = Entry(
    account_id="210000000555", name="MailVendor", vendor="MailVendor", owner="mail", justification="campaigns",
    ticket="T-1", approved_by="ciso", approved_at=date(2026, 9, 1), expires_at=date(2027, 12, 31), identities=["*"],
    from_patterns=["*"],
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "blank_in_header.csv", "header_case.csv", "hidden_first.xlsx", "semicolon.csv", "serial_dates.xlsx",
        "trailing_blank_row.xlsx", "trailing_columns.csv", "trailing_columns.xlsx", "upper.CSV",
    ],
)  # fmt: skip
def test_a_register_is_read_however_it_was_saved(name: str) -> None:
    assert read_entries(FILES / name) == [MAILVENDOR]


@pytest.mark.parametrize("name", ["comma.csv", "newline.csv"])
def test_a_list_may_have_commas_and_line_breaks_in_it(name: str) -> None:
    entries = read_entries(FILES / name)
    assert entries[1].identities == ["promo.example.com", "offers.example.com"]
    assert entries == read_entries(FILES / "semi.csv")


def test_a_name_is_read_as_it_is_with_characters_that_no_text_has() -> None:
    entries = read_entries(FILES / "noncharacter_names.csv")
    assert entries[0].name == "Mailwise\uffff"
    assert entries[1:] == read_entries(FILES / "semi.csv")[1:]


def test_rows_beyond_the_dimension_that_a_workbook_tells_are_read() -> None:
    assert [entry.name for entry in read_entries(FILES / "stale_dimension.xlsx")] == ["A", "B", "C"]


def test_a_byte_order_mark_before_toml_is_no_content() -> None:
    assert [entry.account_id for entry in read_entries(FILES / "bom.toml")] == ["210000000555"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cp1252.csv", "row 2: name: is not UTF-8 text (byte 0xFC); save the file as 'CSV UTF-8'"),
        ("date_9999-12-31.csv", "row 2: expires_at: must be a day between 2000-01-01 and 2099-12-31, not '9999-12-31'"),
        (
            "dm.xlsx",
            "row 2: approved_at: a date is written YYYY-MM-DD (here 2026-02-01 or 2026-01-02), not '01/02/2026' (and 1 "
            "more)",
        ),
        ("n42.xlsx", "row 2: account_id: an account id has 12 digits, not the number 42; write it as text"),
        (
            "semicolon_german.csv",
            "row 2: approved_at: a date is written YYYY-MM-DD (here 2026-09-01), not '01.09.2026' (and 1 more)",
        ),
        (
            "short_row.csv",
            "row 2: vendor: the row ends before it, with 2 of 11 values; add what is missing, or the separators (',')",
        ),
        (
            "ticket_as_date.xlsx",
            "row 2: ticket: Excel has made a date or a time of it (2026-09-01 00:00:00); format it as text and write "
            "it again",
        ),
        ("unclosed_quote.csv", 'row 2: name: a quote (") is opened and never closed; close it or take it out'),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_entries(FILES / name)
    assert str(caught.value) == f"{FILES / name}, {says}"


def test_every_file_here_has_its_right_outcome() -> None:
    named = set(re.findall(r"[a-z0-9_-]+\.(?:csv|CSV|xlsx|toml)", Path(__file__).read_text(encoding="utf-8")))
    assert {path.name for path in FILES.iterdir()} <= named


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_entries(path)
    said = str(caught.value)
    assert said.startswith(str(path)) and "\n" not in said
    return said.removeprefix(str(path))


def text(folder: Path, content: str, encoding: str = "utf-8") -> Path:
    path = folder / "register.csv"
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused(tmp_path: Path, encoding: str) -> None:
    said = refused(text(tmp_path, "account_id,name\n", encoding))
    assert said == ", row 1, column 1: is UTF-16, not UTF-8 text; save it as 'CSV UTF-8'"


def test_bytes_that_are_no_utf_8_are_found_in_the_header_too(tmp_path: Path) -> None:
    said = refused(text(tmp_path, "account_id,name,größe\n", "cp1252"))
    assert said.startswith(", row 1: the name of column 3: is not UTF-8 text (byte 0xF6)")


def test_bytes_that_are_no_utf_8_are_found_by_line_and_column_in_toml(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes('[[account]]\r\nname = "Müller"\n'.encode("cp1252"))
    assert refused(tmp_path / "r.toml") == ", line 2, column 10: is not UTF-8 text (byte 0xFC); save it as UTF-8"


def test_toml_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("a = " + "[" * 100_000)
    assert ": not valid TOML: " in refused(tmp_path / "r.toml")


def test_tabs_may_separate_values(tmp_path: Path) -> None:
    path = text(tmp_path, f"account_id\tname\tidentities\n{ACCOUNT}\tA, B; C\ta.example.com, b.example.com\n")
    (entry,) = read_entries(path)
    assert (entry.name, entry.identities) == ("A, B; C", ["a.example.com", "b.example.com"])


def test_a_row_is_counted_by_the_line_it_begins_on(tmp_path: Path) -> None:
    path = text(tmp_path, f'account_id,name,justification\n{ACCOUNT},A,"one\ntwo"\n\n42,B,\n')
    assert refused(path).startswith(", row 5: account_id: an account id is text of 12 digits, not '42'")


def test_a_comma_that_splits_a_list_into_two_columns_is_refused(tmp_path: Path) -> None:
    path = text(tmp_path, f"account_id,name,identities,from_patterns\n{ACCOUNT},A,a.example.com, b.example.com\n")
    assert refused(path).startswith(", row 2: from_patterns: 'b.example.com' is no address such as *@example.com")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("identities", "all domains", "'all domains' is no domain or address"),
        ("identities", "news.example.com, and others", "'and others' is no domain or address"),
        ("identities", "-", "'-' is no domain or address"),
        ("identities", ";", "names nothing; leave it empty where there is no limit"),
        ("from_patterns", "anything", "'anything' is no address"),
        ("expires_at", "never", "a date is written YYYY-MM-DD, not 'never'"),
        ("expires_at", "31.12.2026", "(here 2026-12-31), not '31.12.2026'"),
        ("expires_at", "31/12/26", "(here 2026-12-31), not '31/12/26'"),
        ("expires_at", "31.02.2026", "a date is written YYYY-MM-DD, not '31.02.2026'"),
        ("expires_at", "46387", "(here 2026-12-31), not '46387'"),
        ("expires_at", "4102444800", "a date is written YYYY-MM-DD, not '4102444800'"),
        ("expires_at", "1999-12-31", "must be a day between 2000-01-01 and 2099-12-31"),
        ("approved_at", "2100-01-01", "must be a day between 2000-01-01 and 2099-12-31"),
        ("vendor", "x" * 32_768, "has 32,768 characters, more than 32,767"),
    ],
)
def test_no_value_is_guessed(tmp_path: Path, column: str, value: str, says: str) -> None:
    said = refused(text(tmp_path, f'account_id,name,{column}\n{ACCOUNT},A,"{value}"\n'))
    assert said.startswith(f", row 2: {column}: ") and says in said


def test_an_approval_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    rows = f"account_id,name,approved_at,expires_at\n{ACCOUNT},A,2026-09-01,2026-08-31\n"
    said = refused(text(tmp_path, rows))
    assert said == ", row 2: expires_at: 2026-08-31 is before approved_at, 2026-09-01; correct one"


@pytest.mark.parametrize("value", ["2027-12-31", "2027-12-31T00:00:00Z", "2027-12-31 00:00:00", "2099-12-31"])
def test_days_may_be_written_with_midnight(tmp_path: Path, value: str) -> None:
    (entry,) = read_entries(text(tmp_path, f"account_id,name,expires_at\n{ACCOUNT},A,{value}\n"))
    assert entry.expires_at == date.fromisoformat(value[:10])


@pytest.mark.parametrize("value", ["news.example.com", "*.example.com", "*", "a+b@example.com", "[ab].example.com"])
def test_identities_are_domains_addresses_and_patterns(tmp_path: Path, value: str) -> None:
    (entry,) = read_entries(text(tmp_path, f"account_id,name,identities\n{ACCOUNT},A,{value}\n"))
    assert entry.identities == [value]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 10)
    assert refused(text(tmp_path, "account_id,name\n")) == (
        ": is larger than 0 MiB, so it was not read; is it the right file?"
    )


def book(folder: Path, *rows: list[object], edit: Callable[[Worksheet], None] = lambda sheet: None) -> Path:
    """A workbook of account ids, names and what follows; ``edit`` changes the sheet before it is saved."""
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    edit(sheet)
    path = folder / "register.xlsx"
    made.save(path)
    return path


def sheets(folder: Path, *sheets: list[list[object]]) -> Path:
    """A workbook of several sheets, each of some rows."""
    made = Workbook()
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet() if number else made.active
        assert isinstance(sheet, Worksheet)
        for row in rows:
            sheet.append(row)
    path = folder / "register.xlsx"
    made.save(path)
    return path


def store_results(path: Path, cell: str) -> None:
    """Puts ``cell`` in place of the start of every formula cell and of its missing result."""
    change(path, r'<c r="(\w+)"( s="\d+")?><f>([^<]*)</f><v ?/?>(</v>)?', cell)


def change(path: Path, old: str, new: str) -> None:
    """Replaces what a pattern finds in the first sheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], changed = re.subn(old, new, parts[sheet])
    assert changed
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


EXPIRES = ["account_id", "name", "expires_at"]


def test_a_formula_without_a_stored_value_is_not_an_empty_cell(tmp_path: Path) -> None:
    said = refused(book(tmp_path, EXPIRES, [ACCOUNT, "A", "=DATE(2027,1,1)"]))
    assert said == (
        ", row 2: expires_at: is a formula without a stored value; save the file in Excel, or write the value"
    )


def test_a_row_of_formulas_without_values_is_not_an_empty_row(tmp_path: Path) -> None:
    assert refused(book(tmp_path, EXPIRES, ["=B9", "=C9"])).startswith(", row 2: account_id: is a formula")


def test_a_formula_has_the_value_that_is_stored(tmp_path: Path) -> None:
    path = book(tmp_path, EXPIRES, [ACCOUNT, "A", "=DATE(2027,12,31)"])
    store_results(path, r'<c r="\1"><f>\3</f><v>46752</v>')
    assert read_entries(path)[0].expires_at == date(2027, 12, 31)


def test_rows_prepared_with_formulas_that_give_no_text_are_empty(tmp_path: Path) -> None:
    path = book(tmp_path, EXPIRES, [ACCOUNT, "A"], ["=B9", "=C9"])
    store_results(path, r'<c r="\1" t="str"><f>\3</f><v></v>')
    assert [entry.name for entry in read_entries(path)] == ["A"]


def test_the_sheet_that_has_the_column_is_read_wherever_it_stands(tmp_path: Path) -> None:
    path = sheets(tmp_path, [["How to fill this in"]], [["Account id", "name"], [ACCOUNT, "A"]])
    assert [entry.name for entry in read_entries(path)] == ["A"]


def test_of_two_sheets_with_the_column_none_is_chosen_silently(tmp_path: Path) -> None:
    path = sheets(tmp_path, [EXPIRES, [ACCOUNT, "A"]], [EXPIRES, [ACCOUNT, "B"]])
    assert "its sheets 'Sheet' and 'Sheet1' both have a column account_id; hide all but one" in refused(path)


def test_a_row_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, EXPIRES, [ACCOUNT, "A", date(2027, 1, 1)], [ACCOUNT, "A", date(2027, 12, 31)])
    change(path, r'<row r="3"', '<row r="2"')
    assert "row 2 of sheet 'Sheet' stands there twice" in refused(path)


def test_merged_cells_do_not_make_an_approval_without_end(tmp_path: Path) -> None:
    rows = [EXPIRES, [ACCOUNT, "A", date(2027, 1, 1)], ["310000000002", "B", None]]
    said = refused(book(tmp_path, *rows, edit=lambda sheet: sheet.merge_cells("C2:C3")))
    assert said == (
        ", row 3: expires_at: belongs to the merged cells C2:C3; unmerge them and write the value into each row"
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("#N/A", "holds the error #N/A; correct it"),
        (True, "a date is written YYYY-MM-DD, not True"),
        (2027, "a date is written YYYY-MM-DD, not '2027'"),
        (99_999_999_999, "a date is written YYYY-MM-DD, not '99999999999'"),
        (date(9999, 12, 31), "must be a day between 2000-01-01 and 2099-12-31, not 9999-12-31"),
    ],
)
def test_a_cell_that_holds_no_day_is_refused(tmp_path: Path, value: object, says: str) -> None:
    assert says in refused(book(tmp_path, EXPIRES, [ACCOUNT, "A", value]))


def test_a_workbook_that_counts_days_from_1904_is_read(tmp_path: Path) -> None:
    def count_from_1904(sheet: Worksheet) -> None:
        assert sheet.parent is not None
        sheet.parent.epoch = MAC_EPOCH

    path = book(tmp_path, EXPIRES, [ACCOUNT, "A", date(2027, 1, 1)], edit=count_from_1904)
    assert read_entries(path)[0].expires_at == date(2027, 1, 1)


def test_digits_that_excel_has_lost_are_not_made_up(tmp_path: Path) -> None:
    said = refused(book(tmp_path, ["account_id", "name", "ticket"], [ACCOUNT, "A", 1_234_567_890_123_456_789]))
    assert said.startswith(", row 2: ticket: is a number of more than 15 digits")


def test_a_value_under_no_name_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, ["account_id", "name"], [ACCOUNT, "A", None, None, "2027-01-01"])
    assert refused(path) == ", row 2: has more values than the header has columns: '2027-01-01'"


def test_a_workbook_is_not_unpacked_when_it_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path, ["account_id", "name"], [ACCOUNT, "A"])
    monkeypatch.setattr(workbooks, "LARGEST_INSIDE", 1000)
    monkeypatch.setattr(workbooks, "load_workbook", None)  # calling it would be a TypeError
    assert "MiB unpacked, more than 0, so it was not read" in refused(path)


def test_a_day_that_no_calendar_has_is_told_once(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    def format_as_day(sheet: Worksheet) -> None:
        sheet["C2"].number_format = "yyyy-mm-dd"

    said = refused(book(tmp_path, EXPIRES, [ACCOUNT, "A", 99_999_999], edit=format_as_day))
    assert said == ", row 2: expires_at: holds a date that cannot be; correct it"
    assert not recwarn.list  # openpyxl's own warnings would be lines of their own


def test_a_link_to_nowhere_is_no_missing_register(tmp_path: Path) -> None:
    (tmp_path / "register.csv").symlink_to(tmp_path / "nowhere.csv")
    assert refused(tmp_path / "register.csv").startswith(": there is no such register")


def test_stray_quotes_do_not_give_a_row_the_end_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text(
        'account_id,name,identities,expires_at\n310000000001,"V,a.com,2026-01-31\n310000000002,W","b.com",2026-12-31\n'
    )
    with pytest.raises(ConfigError, match="row 2: name: holds a line with an account id"):
        read_entries(path)


@pytest.mark.parametrize(("justification", "refused"), [("mails\nour invoices", False), ("x\n310000000002,W", True)])
def test_a_justification_may_have_lines_but_no_row(tmp_path: Path, justification: str, refused: bool) -> None:
    path = tmp_path / "register.csv"
    path.write_text(f'account_id,name,justification\n310000000001,V,"{justification}"\n')
    if refused:
        with pytest.raises(ConfigError, match="justification: holds a line"):
            read_entries(path)
    else:
        assert [entry.justification for entry in read_entries(path)] == [justification]


def test_a_cell_far_to_the_right_is_refused_and_named(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["account_id", "name"])
    sheet.append(["310000000001", "V"])
    sheet["XFD2"] = "x"
    book.save(tmp_path / "register.xlsx")
    with pytest.raises(ConfigError, match="row 2 holds something in column 16384"):
        read_entries(tmp_path / "register.xlsx")


def entries(folder: Path, *rows: str, columns: str = "account_id,name,approved_at,identities") -> list[Entry]:
    return read_entries(text(folder, "\n".join([columns, *rows]) + "\n"))


def test_an_account_may_have_several_approvals(tmp_path: Path) -> None:
    found = entries(tmp_path, f"{ACCOUNT},A,2026-01-01,a.example.com", f"{ACCOUNT},A,2026-06-01,a.example.com")
    assert len({entry.key for entry in found}) == 2


def test_an_approval_keeps_its_id_whatever_is_written_of_it_later(tmp_path: Path) -> None:
    (first,) = entries(tmp_path, f"{ACCOUNT},A,2026-01-01,a.example.com;b.example.com")
    columns = "ticket,owner,name,account_id,identities,approved_at,expires_at,review_every"
    row = f"T-1,crm,B,{ACCOUNT},b.example.com;a.example.com,2026-01-01,2027-01-01,6 months"
    (later,) = entries(tmp_path, row, columns=columns)
    assert later.key == first.key == "A-" + first.key[2:] and len(first.key) == 12


@pytest.mark.parametrize(
    "row", [f"{ACCOUNT},A,2026-01-02,a.example.com", f"{ACCOUNT},A,,a.example.com", f"{ACCOUNT},A,2026-01-01,"]
)
def test_another_day_or_another_limit_is_another_approval(tmp_path: Path, row: str) -> None:
    found = entries(tmp_path, f"{ACCOUNT},A,2026-01-01,a.example.com", row)
    assert found[0].key != found[1].key


def test_an_id_that_the_register_gives_is_kept(tmp_path: Path) -> None:
    (entry,) = entries(tmp_path, f"{ACCOUNT},A,APP-7", columns="account_id,name,approval_id")
    assert entry.key == "APP-7"


def test_an_id_that_is_given_twice_is_told_with_both_rows(tmp_path: Path) -> None:
    path = text(tmp_path, f"account_id,name,approval_id\n{ACCOUNT},A,7\n310000000002,B,8\n310000000003,C,7\n")
    assert refused(path) == ", row 4: approval_id '7' is already that of row 2; give each approval its own"


def test_the_same_approval_twice_is_told_with_both_rows(tmp_path: Path) -> None:
    path = text(tmp_path, f"account_id,name,ticket\n{ACCOUNT},A,1\n{ACCOUNT},B,2\n")
    assert refused(path).startswith(f", row 3: account_id {ACCOUNT} is already registered above, in row 2, for the")


@pytest.mark.parametrize(("written", "read"), [("", None), ("6 months", "6 months"), (" 12  Months", "12 months")])
def test_how_often_an_approval_is_reviewed_is_read(tmp_path: Path, written: str, read: str | None) -> None:
    (entry,) = entries(tmp_path, f"{ACCOUNT},A,{written}", columns="account_id,name,review_every")
    assert entry.review_every == read


def test_another_interval_is_refused(tmp_path: Path) -> None:
    path = text(tmp_path, f"account_id,name,review_every\n{ACCOUNT},A,weekly\n")
    assert refused(path) == ", row 2: review_every: is written 3 months, 6 months or 12 months, not 'weekly'"


def test_ids_and_reviews_are_read_from_workbooks_and_toml(tmp_path: Path) -> None:
    book = Workbook()
    assert isinstance(book.active, Worksheet)
    book.active.append(["account_id", "name", "approval_id", "review_every"])
    book.active.append([ACCOUNT, "A", 17, "6 months"])
    book.save(tmp_path / "r.xlsx")
    table = f'[[account]]\naccount_id = "{ACCOUNT}"\nname = "A"\napproval_id = "17"\nreview_every = "6 months"\n'
    (tmp_path / "r.toml").write_text(table)
    assert read_entries(tmp_path / "r.xlsx") == read_entries(tmp_path / "r.toml")
    assert [entry.key for entry in read_entries(tmp_path / "r.toml")] == ["17"]
