"""sesreport.toml, periods and the register: every mistake is one clear line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from sesreport.analysis.findings import check_rule_names
from sesreport.config import Config, KpiSetting, load_config
from sesreport.errors import ConfigError
from sesreport.period import Period
from sesreport.register import read_register
from sesreport.scorecard import check_kpi_names

TODAY = date(2026, 11, 3)
HEADER = "account_id,name,vendor,owner,justification,ticket,approved_by,approved_at,expires_at,identities,from_patterns"


def config(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "sesreport.toml"
    path.write_text(text)
    return load_config(path)


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(None) == Config()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[organisation]\n", r"unknown key 'organisation'; did you mean 'organization'\?"),
        ("[organization]\nrolename = 'x'\n", r"unknown key 'organization\.rolename'; did you mean 'role_name'\?"),
        (
            "[kpis.owned_identities]\ntargt = 1\n",
            r"unknown key 'kpis\.owned_identities\.targt'; did you mean 'target'\?",
        ),
        ("[collect]\nworkers = 0\n", r"collect\.workers: .* not 0"),
        ("[report]\naccent = 'red'\n", r"report\.accent"),
        ("[organization\n", "not valid TOML"),
        ("[[findings.exceptions]]\nrule = 'x'\nexpires = 2027-01-01\n", r"findings\.exceptions\.0\.reason"),
    ],
)
def test_a_mistake_names_file_place_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=rf"sesreport\.toml: .*{says}"):
        config(tmp_path, text)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    assert config(tmp_path, "[paths]\nregister = 'r.csv'\n").paths.register_file == str(tmp_path / "r.csv")


def test_an_unknown_kpi_or_rule_has_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="did you mean 'owned_identities'"):
        check_kpi_names({"owned_identity": KpiSetting(target=1)})
    with pytest.raises(ConfigError, match="did you mean 'open_to_anyone'"):
        check_rule_names(["open_to_anyon"])


@pytest.mark.parametrize("text", ["2026-11", "2027-01"])
def test_a_month_that_is_not_closed_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="not closed yet on 2026-11-03: the last closed month is 2026-10"):
        Period.parse(text, today=TODAY)


@pytest.mark.parametrize("text", ["2026-13", "26-10", "October", "2026-1"])
def test_what_is_no_month_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a month"):
        Period.parse(text, today=TODAY)


def test_last_month_crosses_the_year() -> None:
    assert str(Period.parse("last-month", today=date(2027, 1, 1))) == "2026-12"


def register(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "register.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return path


def test_a_row_is_read_with_its_lists_and_days(tmp_path: Path) -> None:
    path = register(tmp_path, "000000000042,Mailwise,,crm,,,,2026-01-01,2027-12-31,a.example.com; b.example.com,*@x")
    row = read_register(path, today=TODAY).iloc[0]
    assert row["account_id"] == "000000000042"
    assert list(row["identities"]) == ["a.example.com", "b.example.com"]
    assert row["expires_at"].isoformat() == "2028-01-01T00:00:00+00:00"
    assert row["status"] == "valid"


@pytest.mark.parametrize(
    ("approved", "expires", "status"),
    [
        ("", "", "valid"),
        ("2026-01-01", "2026-11-03", "expiring"),  # the last approved day is approved
        ("2026-01-01", "2026-11-02", "expired"),
        ("2026-11-04", "2027-11-02", "expired"),  # not yet approved
        ("2026-01-01", "2027-11-02", "valid"),
    ],
)
def test_standing_on_the_day(tmp_path: Path, approved: str, expires: str, status: str) -> None:
    path = register(tmp_path, f"310000000001,Mailwise,,,,,,{approved},{expires},,")
    assert read_register(path, today=TODAY)["status"].iloc[0] == status


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["31000000001,Mailwise,,,,,,,,,"], r"row 2: account_id: .*'31000000001'"),
        (["310000000001,,,,,,,,,,"], r"row 2: name"),
        (["310000000001,A,,,,,,,,,", "310000000001,B,,,,,,,,,"], r"row 3: account_id 310000000001 is already"),
        (["310000000001,A,,,,,,2026-13-01,,,"], r"row 2: approved_at"),
        (["310000000001,A,,,,,,,,,,surplus"], r"row 2: has more values"),
    ],
)
def test_a_bad_row_is_located(tmp_path: Path, rows: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=rf"register\.csv, {says}"):
        read_register(register(tmp_path, *rows), today=TODAY)


def test_an_unknown_column_has_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown column 'acount_id'; did you mean 'account_id'"):
        read_register(register(tmp_path, header="acount_id,name"), today=TODAY)


def test_a_register_that_is_not_there_approves_nobody(tmp_path: Path) -> None:
    assert read_register(tmp_path / "none.csv", today=TODAY).empty


def test_a_workbook_is_read_with_ids_that_excel_made_numbers(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["account_id", "name", "expires_at"])
    sheet.append([42, "Mailwise", date(2027, 1, 1)])
    book.save(tmp_path / "register.xlsx")
    frame = read_register(tmp_path / "register.xlsx", today=TODAY)
    assert frame["account_id"].tolist() == ["000000000042"]


def test_numbers_and_days_of_a_workbook_are_read_as_text_and_days(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["account_id", "name", "ticket", "approved_at"])
    sheet.append(["310000000001", 360, 4711, datetime(2026, 1, 1)])  # noqa: DTZ001 (Excel knows no zones)
    book.save(tmp_path / "register.xlsx")
    row = read_register(tmp_path / "register.xlsx", today=TODAY).iloc[0]
    assert (row["name"], row["ticket"], row["approved_at"].isoformat()) == ("360", "4711", "2026-01-01T00:00:00+00:00")


def test_what_is_no_workbook_is_said(tmp_path: Path) -> None:
    (tmp_path / "register.xlsx").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ConfigError, match=r"register\.xlsx: is not a workbook"):
        read_register(tmp_path / "register.xlsx", today=TODAY)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f'{HEADER}\n"310000000001,' + "x" * 200_000, "is not CSV: field larger"),
        (f"{HEADER}\n310000000001,A\xff".encode("latin-1"), "is not UTF-8 text"),
        ("", "has no column 'account_id'"),
        ("account_id;name\n310000000001;A", "unknown column 'account_id;name'"),
    ],
)
def test_what_is_no_csv_is_said(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=rf"register\.csv: {says}"):
        read_register(path, today=TODAY)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[account]", "not valid TOML"),
        ("[account]\nname = 'A'\n", r"\[\[account\]\] tables"),
        ("account = [1]\n", "row 1"),
        ("[[account]]\naccount_id = 310000000001\nname = 'A'\n", "row 1: account_id"),
        ("[[account]]\naccount_id = '310000000001'\nname = 'A'\nend = 1\n", "row 1: unknown key 'end'"),
        ("[[acount]]\naccount_id = '310000000001'\n", "unknown key 'acount'; did you mean 'account'"),
    ],
)
def test_a_bad_toml_register_is_located(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "register.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"register\.toml.*{says}"):
        read_register(path, today=TODAY)


def test_toml_tables_are_read(tmp_path: Path) -> None:
    path = tmp_path / "register.toml"
    path.write_text('[[account]]\naccount_id = "310000000001"\nname = "Mailwise"\nidentities = ["example.com"]\n')
    assert list(read_register(path, today=TODAY)["identities"].iloc[0]) == ["example.com"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    path.write_text("[]")
    with pytest.raises(ConfigError, match=r"is \.csv, \.xlsx or \.toml"):
        read_register(path, today=TODAY)
