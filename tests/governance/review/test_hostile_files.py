"""Workbooks and folders as clumsy and hostile people leave them: one clear line, nothing lost, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from click.testing import CliRunner
from governance.review.conftest import HEADER, Review, cell, make_review, only

from sesreport.cli.main import cli
from sesreport.core.errors import ConfigError, WriteError
from sesreport.core.quarter import Quarter
from sesreport.governance.review import imports
from sesreport.governance.review.approvals import register_csv, updated
from sesreport.governance.review.checks import Answer
from sesreport.governance.review.reading import AnsweredWorkbook
from sesreport.governance.review.rows import PROPERTIES, ROWS, About
from sesreport.settings.approvals import LONGEST, Entry, read_entries

DAY = date(2026, 11, 4)


def problems(review: Review, edit: Callable[[Any], None]) -> list[str]:
    found = review.import_(review.answered(edit))
    assert found.written == [] and found.answers == 0
    return [str(each).removeprefix(str(review.folder / "answered.xlsx")) for each in found.problems]


def without(title: str) -> Callable[[Any], None]:
    return lambda sheet: sheet.delete_cols(cell(sheet, HEADER, title).column)


def twice(sheet: Any) -> None:
    for column in range(1, sheet.max_column + 1):
        sheet.cell(HEADER + 5, column).value = sheet.cell(HEADER + 1, column).value
    cell(sheet, HEADER + 5, "Comment").value = "As I said."


def rows_said(number: str) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        next(each for each in sheet.parent.custom_doc_props.props if each.name == PROPERTIES[ROWS]).value = number

    return edit


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (without("Comment"),
         ", sheet Review, row 5: Comment: there is no such column; restore its title, or take the exported file"),
        (lambda sheet: setattr(sheet, "sheet_state", "hidden"),
         ": has no sheet with a column 'Key' (hidden ones are passed over); take the workbook that was exported, with "
         "all columns"),
        (lambda sheet: sheet.parent.copy_worksheet(sheet),
         ": its sheets 'Review' and 'Review Copy' both have a column key; hide all but one"),
        (lambda sheet: setattr(sheet.cell(HEADER + 1, 16_000), "value", "x"),
         ": row 6 holds something in column 16000, far from all others; take it out"),
        (rows_said("9" * 5_000), f": says it has '{'9' * 39} rows; take the workbook that was exported"),
        (rows_said("\u0664"), ": says it has '\u0664' rows; take the workbook that was exported"),
        (twice, ", sheet Review, row 10: Key: is that of row 6 once more; take one of the two out"),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_and_with_what_to_do(review: Review, edit: Callable[[Any], None], line: str) -> None:
    assert problems(review, edit) == [line]


def _inflated(path: Path) -> Path:
    made = path.with_name("inflated.xlsx")
    with ZipFile(path) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part) + b" " * (2**26 if "sheet1" in part.filename else 0))
    return made


def test_a_workbook_that_is_too_large_is_not_to_be_saved_as_what_is_not_taken(review: Review) -> None:
    (problem,) = review.import_(_inflated(review.answered())).problems
    assert str(problem).endswith("more than 64, so it was not read; take out what was added to it")


def test_a_file_that_cannot_be_read_is_one_line(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    (review.folder / "sesreport.toml").write_text(
        '[paths]\nregister = "register.csv"\nsnapshots = "snapshots"\nattestations = "attestations.parquet"\n'
    )
    (review.folder / "folder.xlsx").mkdir()
    command = [
        "review",
        "import",
        "--config",
        str(review.folder / "sesreport.toml"),
        str(review.folder / "folder.xlsx"),
    ]
    done = CliRunner().invoke(cli, command)
    assert "folder.xlsx: cannot be read (Is a directory)" in done.stderr.splitlines()[0]
    many = review.answered(lambda sheet: [setattr(sheet.cell(row, 1), "value", "note") for row in range(10, 200)])
    done = CliRunner().invoke(cli, [*command[:-1], str(many)])
    assert len(done.stderr.splitlines()) == 102
    assert done.stderr.splitlines()[100].startswith("sesreport: … and ")


@pytest.mark.parametrize("last", ["attestations.parquet", "register-2026-Q4.diff", "register-2026-Q4-fixes.csv"])
def test_of_an_import_whose_files_cannot_all_be_written_nothing_stays(
    review: Review, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk; the next import writes what it would have written at first."""
    file = review.answered(mailwise="revoke")
    for module in (imports, "sesreport.settings.attestations"):
        write = imports.write_whole

        def full(path: Path, content: Any, write: Any = write) -> None:
            if path.name == last:
                raise WriteError(f"{path} could not be written: No space left on device")
            write(path, content)

        monkeypatch.setattr(f"{getattr(module, '__name__', module)}.write_whole", full)
    with pytest.raises(WriteError, match="No space left"):
        review.import_(file)
    assert review.beside == [] and not (review.folder / "attestations.parquet").exists()
    monkeypatch.undo()
    assert review.import_(file).answers == 4
    assert review.beside == ["register-2026-Q4-fixes.csv", "register-2026-Q4.csv", "register-2026-Q4.diff"]


def test_a_broken_update_beside_the_register_says_what_to_do(review: Review) -> None:
    (review.folder / "register-2026-Q4.csv").write_text("account_id,name\n12,x\n")
    with pytest.raises(ConfigError, match=r"row 2: account_id: .*; it is an update .* correct it, or take it away"):
        review.import_(review.answered(only("agency")))


def test_a_register_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    review = make_review(tmp_path)
    (tmp_path / "register.toml").write_text(
        '[[account]]\naccount_id = "310000000001"\nname = "Mailwise"\nexpires_at = 2027-03-31\n'
        'justification = "as\\n310000000002 has"\n'
    )
    paths = review.config.paths.model_copy(update={"register_file": str(tmp_path / "register.toml")})
    review.config = review.config.model_copy(update={"paths": paths})
    with pytest.raises(ConfigError, match=r"could not be read again, so nothing was written: row 2: justification"):
        review.import_(review.answered(only("old")))
    assert review.beside == [] and not (tmp_path / "attestations.parquet").exists()


def test_a_renewal_for_more_identities_than_a_cell_holds_is_several_approvals(tmp_path: Path) -> None:
    names = [f"{number:05}.a-rather-long-name-of-a-brand.example.com" for number in range(1_500)]
    book = AnsweredWorkbook(Path("a.xlsx"), "a", About(Quarter(2026, 4), "o-exampleorg1", "s"))
    review = {"facts": json.dumps({"from_patterns": []}), "grantee_account_id": "310000000009", "approval_id": None,
              "grantee_name": "Vendor"}  # fmt: skip
    answers = [
        Answer(book, 6, {**review, "identity": each}, "keep", date(2027, 6, 30), None, None, "Ada") for each in names
    ]
    (tmp_path / "register.csv").write_text(register_csv(updated([], answers, {}, DAY)))
    made = read_entries(tmp_path / "register.csv")
    assert len(made) == 3 and len({entry.key for entry in made}) == 3
    assert sorted(name for entry in made for name in entry.identities) == names


def test_a_ticket_longer_than_a_register_takes_is_told(review: Review) -> None:
    marks = "\u202e" * (LONGEST // 2)  # each is written with the name of its character
    (line,) = problems(review, lambda sheet: setattr(cell(sheet, HEADER + 1, "Ticket"), "value", marks))
    assert line.endswith(f"more than {LONGEST:,}; shorten it") and ": Ticket: has " in line


def test_entries_of_the_register_are_those_that_are_read_back(tmp_path: Path) -> None:
    entry = Entry(account_id="310000000009", name="Vendor", identities=["a.example.com", "b.example.com"])
    (tmp_path / "register.csv").write_text(register_csv([entry]))
    assert read_entries(tmp_path / "register.csv") == [entry.model_copy(update={"approval_id": entry.key})]
