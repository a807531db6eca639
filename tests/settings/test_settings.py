"""sesreport.toml, periods and the register: every mistake is one clear line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.findings.findings import check_rule_names
from sesreport.kpis.registry import kpis
from sesreport.kpis.scorecard import check_kpi_lines, check_kpi_names
from sesreport.settings.config import Budget, Config, KpiSetting, load_config
from sesreport.settings.register import read_register, register_of, why_nobody_is_known

TODAY = date(2026, 11, 3)
FILES = Path(__file__).parents[1] / "data" / "settings"
EXCEPTION = "[[findings.exceptions]]\nrule = 'x'\nreason = 'y'\n"
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


def test_cost_exports_are_relative_to_the_file_and_urls_stay(tmp_path: Path) -> None:
    costs = config(tmp_path, "[costs]\nexports = ['cur', '/abs/focus', 's3://bucket/exports']\n").costs
    assert costs.exports == [str(tmp_path / "cur"), "/abs/focus", "s3://bucket/exports"]


def test_a_budget_is_a_decimal(tmp_path: Path) -> None:
    budget = config(tmp_path, "[costs]\nbudget = { amount = 1200.10, currency = 'USD' }\n").costs.budget
    assert budget == Budget(amount=Decimal("1200.1"), currency="USD")


def test_without_cost_settings_there_are_none() -> None:
    assert (Config().costs.exports, Config().costs.budget) == ([], None)


def test_where_cost_exports_are_judges_nothing_and_the_budget_does(tmp_path: Path) -> None:
    assert config(tmp_path, "[costs]\nexports = ['cur']\n").sha256 == Config().sha256
    assert config(tmp_path, "[costs]\nbudget = { amount = 1, currency = 'USD' }\n").sha256 != Config().sha256


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
    path = workbook(tmp_path, ["account_id", "name", "expires_at"], [310000000001, "Mailwise", date(2027, 1, 1)])
    frame = read_register(path, today=TODAY)
    assert frame["account_id"].tolist() == ["310000000001"]


def test_toml_tables_are_read(tmp_path: Path) -> None:
    path = tmp_path / "register.toml"
    path.write_text('[[account]]\naccount_id = "310000000001"\nname = "Mailwise"\nidentities = ["example.com"]\n')
    assert list(read_register(path, today=TODAY)["identities"].iloc[0]) == ["example.com"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    path.write_text("[]")
    with pytest.raises(ConfigError, match=r"is \.csv, \.xlsx or \.toml"):
        read_register(path, today=TODAY)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("r.csv", "account_id,name,name\n", r"there are 2 columns 'name'"),
        ("r.csv", "name\nMailwise\n", r"has no column 'account_id'"),
        ("r.csv", "account_id,name\n310000000001,Caf\udce9\n", r"is not UTF-8 text"),
        ("r.csv", f"account_id,name\n310000000001,{'x' * 200_000}\n", r"is not a CSV file"),
        ("r.csv", "account_id,name\n٣١٠٠٠٠٠٠٠٠٠١,Mailwise\n", r"row 2: account_id"),
        ("r.csv", "account_id,name\n310000000001\n", r"row 2: name"),
        ("r.csv", "account_id,name,expires_at\n310000000001,A,31/12/2027\n", r"row 2: expires_at"),
        ("r.xlsx", "account_id,name\n", r"is not a workbook"),
        ("r.toml", "[[account]\n", r"not valid TOML"),
        ("r.toml", "account = 'x'\n", r"\[\[account\]\] tables"),
        ("r.toml", "account = ['x']\n", r"\[\[account\]\] tables"),
        ("r.toml", "[[accounts]]\naccount_id = '310000000001'\n", r"unknown table 'accounts'; did you mean 'account'"),
        (
            "r.toml",
            "[[account]]\naccount_id = '310000000001'\nname = 'A'\ntiket = '1'\n",
            r"row 1: unknown key 'tiket'",
        ),
        ("r.toml", "[[account]]\naccount_id = 310000000001\nname = 'A'\n", r"row 1: account_id"),
    ],
)
def test_a_bad_register_is_one_line_with_its_place(tmp_path: Path, name: str, content: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ConfigError, match=rf"{name}.*{says}") as caught:
        read_register(path, today=TODAY)
    assert "\n" not in str(caught.value)


def test_a_register_that_is_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "register.csv").mkdir()
    with pytest.raises(ConfigError, match=r"register\.csv: cannot be read \(Is a directory\)"):
        read_register(tmp_path / "register.csv", today=TODAY)


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    path = register(tmp_path, "310000000001,A,,,,,,,,,", ",,,,,,,,,,", "", "310000000002,B,,,,,,,,,")
    assert read_register(path, today=TODAY)["name"].tolist() == ["A", "B"]


def workbook(tmp_path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "register.xlsx")
    return tmp_path / "register.xlsx"


def test_a_ticket_that_excel_made_a_number_is_text_again(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["account_id", "name", "ticket"], [310000000001.0, "Mailwise", 1041])
    assert read_register(path, today=TODAY)["ticket"].tolist() == ["1041"]


@pytest.mark.parametrize("value", [True, 310000000001.5, -1, 42, 10**12])
def test_a_cell_that_is_no_account_id_is_located(tmp_path: Path, value: object) -> None:
    path = workbook(tmp_path, ["account_id", "name"], ["310000000001", "A"], [value, "B"])
    with pytest.raises(ConfigError, match=r"register\.xlsx, row 3: account_id"):
        read_register(path, today=TODAY)


@pytest.mark.parametrize("text", ["0000-05", "٢٠٢٦-10"])
def test_a_month_no_calendar_has_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a month"):
        Period.parse(text, today=TODAY)


def test_a_month_knows_its_neighbours() -> None:
    month = Period.of("2026-01")
    assert [str(m) for m in month.back(3)] == ["2025-11", "2025-12", "2026-01"]
    assert (month.start.isoformat(), month.end.isoformat()) == (
        "2026-01-01T00:00:00+00:00",
        "2026-02-01T00:00:00+00:00",
    )
    assert month.name == "January 2026"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[organization]\naccounts_include = [210000000001]\n", r"organization\.accounts_include\.0"),
        ("[organization]\naccounts_include = ['٢١٠٠٠٠٠٠٠٠٠١']\n", r"organization\.accounts_include\.0"),
        ("[organization]\nregions = 'eu-west-1'\n", r"organization\.regions: .* not 'eu-west-1'"),
        ("[organization.environment_values]\nlive = 'production'\n", r"organization\.environment_values\.live"),
        ("[collect]\nworkers = 'many'\n", r"collect\.workers: .* not 'many'"),
        ("[paths]\nregister_file = 'r.csv'\n", r"unknown key 'paths\.register_file'; did you mean 'register'\?"),
        (
            "[[findings.exceptions]]\nrule = 'x'\nreason = 'y'\nexpirs = 2027-01-01\nexpires = 2027-01-01\n",
            r"unknown key 'findings\.exceptions\.0\.expirs'; did you mean 'expires'\?",
        ),
        (
            "[zzz]\n",
            r"unknown key 'zzz'; known are collect, costs, delivery, findings, kpis, organization, owners, paths, "
            "report, review, stakes, tags",
        ),
        ("[costs]\nexports = ['']\n", r"costs\.exports\.0: "),
        ("[costs]\nbudget = { amount = -1, currency = 'USD' }\n", r"costs\.budget\.amount: .* not -1"),
        ("[costs]\nbudget = { amount = nan, currency = 'USD' }\n", r"costs\.budget\.amount: .* not nan"),
        ("[costs]\nbudget = { amount = true, currency = 'USD' }\n", r"costs\.budget\.amount: .* not True"),
        ("[costs]\nbudget = { amount = 1, currency = 'usd' }\n", r"costs\.budget\.currency: .* not 'usd'"),
        ("[costs]\nbudget = { amount = 1 }\n", r"costs\.budget\.currency: "),
        ("[costs.budget]\namout = 1\n", r"unknown key 'costs\.budget\.amout'; did you mean 'amount'"),
        ("organization = 1\n", r"organization: .* not 1"),
        ("[kpis.coverage]\ntarget = true\n", r"kpis\.coverage\.target: .* not True"),
        ("[kpis.coverage]\ntarget = nan\n", r"kpis\.coverage\.target: .* not nan"),
        ("[report]\nminimum_coverage = false\n", r"report\.minimum_coverage: .* not False"),
        ("[report]\nminimum_sends = true\n", r"report\.minimum_sends: .* not True"),
        (f"{EXCEPTION}expires = 2027-01-01\nidentity = ''\n", r"exceptions\.0\.identity: .* not ''"),
        ("[report]\nexpiry_warning_days = 999999999999\n", r"report\.expiry_warning_days: .* not 999999999999"),
        (f"{EXCEPTION}expires = 9999-12-31\n", r"findings\.exceptions\.0\.expires: must be a day between"),
        (f"{EXCEPTION}expires = '31.12.2026'\n", r"exceptions\.0\.expires: .*\(here 2026-12-31\)"),
        (f"{EXCEPTION}expires = 20271231\n", r"exceptions\.0\.expires: a date is written YYYY-MM-DD, not 20271231"),
    ],
)
def test_a_wrong_type_or_nested_key_names_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=rf"sesreport\.toml: .*{says}") as caught:
        config(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_settings_that_are_no_text_are_said(tmp_path: Path) -> None:
    (tmp_path / "sesreport.toml").write_bytes(b"[report]\nname = '\xff'\n")
    with pytest.raises(ConfigError, match=r"sesreport\.toml, line 2, column 9: is not UTF-8 text \(byte 0xFF\)"):
        load_config(tmp_path / "sesreport.toml")
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        load_config(tmp_path)


def test_a_byte_order_mark_is_no_content() -> None:
    assert load_config(FILES / "bom.toml").organization.name == "Example Corp"


def test_settings_in_utf_16_are_said(tmp_path: Path) -> None:
    (tmp_path / "sesreport.toml").write_bytes("[report]\n".encode("utf-16"))
    with pytest.raises(ConfigError, match="is UTF-16, not UTF-8 text; save it as UTF-8"):
        load_config(tmp_path / "sesreport.toml")


def test_a_link_to_settings_that_are_gone_is_not_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sesreport.toml").symlink_to("gone.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(None)


def test_only_a_register_that_the_settings_name_has_to_be_there(tmp_path: Path) -> None:
    assert not config(tmp_path, "[paths]\noutput = 'packs'\n").register_named
    assert config(tmp_path, "[paths]\nregister = 'data/register.csv'\n").register_named


def test_a_register_that_is_named_and_not_there_is_an_error() -> None:
    named = load_config(FILES / "register_path_typo.toml")
    with pytest.raises(ConfigError, match=r"data/regsiter\.csv: there is no such register; correct paths\.register"):
        register_of(named, TODAY)


def test_a_register_that_is_not_named_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert register_of(Config(), TODAY).empty
    assert why_nobody_is_known(Config(), []) == (
        "There is no register of approved accounts, so every outside account counts as unknown."
    )


def test_a_register_without_rows_knows_nobody(tmp_path: Path) -> None:
    register(tmp_path)
    settings = config(tmp_path, "[paths]\nregister = 'register.csv'\n")
    assert why_nobody_is_known(settings, register_of(settings, TODAY)).startswith("The register lists no account, so")
    register(tmp_path, "310000000001,A,,,,,,,,,")
    assert why_nobody_is_known(settings, register_of(settings, TODAY)) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[kpis.owned_identities]\ntarget = 90\n", r"target: a share is written 0\.\.1 \(0\.9 for 90 %\), not 90"),
        ("[kpis.public_identities]\ntarget = -1\n", r"kpis\.public_identities\.target: must be 0 or more, not -1"),
        ("[kpis.owned_identities]\nwatch = 80\n", r"kpis\.owned_identities\.watch: a share is written 0\.\.1"),
        ("[kpis.owned_identities]\ntarget = 0.9\nwatch = 0.95\n", r"watch: 0\.95 is better than the target, 0\.9"),
        ("[kpis.public_identities]\ntarget = 5\nwatch = 4\n", r"watch: 4 is better than the target, 5; lower is"),
        ("[kpis.sent_volume]\ntarget = 1000\n", r"kpis\.sent_volume\.target: neither more nor less of it is better"),
    ],
)
def test_a_target_that_cannot_be_is_an_error(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        check_kpi_lines(config(tmp_path, text).kpis)


def test_targets_that_can_be_are_taken(tmp_path: Path) -> None:
    text = "[kpis.owned_identities]\ntarget = 1\nwatch = 0\n[kpis.public_identities]\ntarget = 0\nwatch = 2\n"
    check_kpi_lines(config(tmp_path, text).kpis)
    check_kpi_lines({definition.id: KpiSetting() for definition in kpis()})


def test_settings_that_differ_have_another_hash(tmp_path: Path) -> None:
    one, two = Config(), Config.model_validate({"collect": {"metric_days": 30}})
    assert one.sha256 == Config().sha256 != two.sha256
