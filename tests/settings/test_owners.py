"""The directory of owners: read however it is kept, and refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sesreport.core.errors import ConfigError
from sesreport.settings.config import Config, load_config
from sesreport.settings.owners import absent, directory_of, read_directory

NAMES = {"crm", "jane.doe@example.com", "shop team"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.txt", "# people\ncrm\nJane.Doe@example.com # head of sales\n\nShop  Team\n"),
        ("d.csv", "Email;team\nJane.Doe@example.com;crm\n;Shop Team\n"),
        ("d.toml", 'owners = ["crm", "Jane.Doe@example.com", "Shop Team"]\n'),
    ],
)
def test_a_directory_is_read_however_it_is_kept(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert read_directory(tmp_path / name) == NAMES


def test_a_workbook_is_a_directory(tmp_path: Path) -> None:
    book = Workbook()
    assert isinstance(book.active, Worksheet)
    for row in (["email", "team"], ["Jane.Doe@example.com", "crm"], [None, "Shop Team"], ["", 42]):
        book.active.append(row)
    book.save(tmp_path / "d.xlsx")
    assert read_directory(tmp_path / "d.xlsx") == {*NAMES, "42"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.json", "[]", ": a directory of owners is .csv, .xlsx, .toml or .txt"),
        ("d.txt", "# nobody\n", ": names nobody; enter the people and teams there are, or take owners.directory out"),
        ("d.csv", "email,tema\na@example.com,b\n", ", row 1: unknown column 'tema'; did you mean 'team'?"),
        ("d.csv", "email,\na@example.com,b\n", ", row 2: has a value in a column without a name"),
        ("d.toml", "owner = ['a']\n", ": unknown key 'owner'; did you mean 'owners'?"),
        ("d.toml", "owners = 'a'\n", ": owners is a list of names"),
        ("d.toml", "owners = ['a', 7]\n", ", name 2: 7 is no name; write it as text"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_directory(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}{says}"


def test_a_directory_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "sesreport.toml").write_text("[owners]\ndirectory = 'people.txt'\n")
    with pytest.raises(ConfigError, match=r"people\.txt: there is no such directory of owners; correct owners\.dir"):
        directory_of(load_config(tmp_path / "sesreport.toml"))
    assert directory_of(Config()) is None


@pytest.mark.parametrize(
    ("owner", "gone"),
    [
        ("CRM", []),
        ("shop  team", []),
        ("crm; jane.doe@example.com", []),
        ("crm, r.osei", ["r.osei"]),
        ("r.osei", ["r.osei"]),
    ],
)
def test_an_owner_is_there_by_each_name(owner: str, gone: list[str]) -> None:
    assert absent(owner, frozenset(NAMES)) == gone
