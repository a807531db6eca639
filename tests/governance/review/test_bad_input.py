"""What is wrong with a workbook that comes back is told with its place, and nothing is written."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from estate import EU, FORMER, SHOP, STRANGER, Estate, policy
from governance.review.conftest import HEADER, Review, cell, make_review, row_of

from sesreport.cli.main import cli
from sesreport.core.errors import ConfigError, WriteError
from sesreport.core.files import alone_in
from sesreport.governance.review import imports
from sesreport.governance.review.reading import AnsweredWorkbook
from sesreport.governance.review.rows import KEY, facts_hash
from sesreport.report.review import review_export


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Review:
    """For tests in which nothing is ever written."""
    return make_review(tmp_path_factory.mktemp("review"))


def told(review: Review, *files: Path, **how: Any) -> list[str]:
    """What an import says is wrong; it must have written nothing."""
    found = review.import_(*files, **how)
    assert (found.written, found.answers) == ([], 0)
    assert not (review.folder / "attestations.parquet").exists()
    assert review.beside == []
    lines = [str(problem) for problem in found.problems]
    assert lines and not any("\n" in line for line in lines)
    return lines


def put(title: str, value: Any, policy_name: str = "open") -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        cell(sheet, row_of(sheet, policy_name), title).value = value

    return edit


def rename(title: str, new: str | None) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        next(each for each in sheet[HEADER] if each.value == title).value = new

    return edit


def delete(title: str) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        sheet.delete_cols(next(each.column for each in sheet[HEADER] if each.value == title))

    return edit


def merge(sheet: Any) -> None:
    column = next(each.column_letter for each in sheet[HEADER] if each.value == "Answer")
    sheet.merge_cells(f"{column}{HEADER + 1}:{column}{HEADER + 2}")


def twice(sheet: Any) -> None:
    sheet.cell(HEADER, sheet.max_column + 1).value = "Answer"


def drop_row(sheet: Any) -> None:
    sheet.delete_rows(HEADER + 2)


def copy(sheet: Any) -> None:
    sheet.append([each.value for each in sheet[sheet.max_row]])


def other_key(sheet: Any) -> None:
    at = cell(sheet, HEADER + 1, KEY)
    at.value = f"{'0' * 12}{at.value[12:]}"


LATER = datetime.fromisoformat("2026-11-03T12:00+00:00")
NEW_YEAR, JUNE = (datetime.fromisoformat(day) for day in ("2026-01-01", "2027-06-30"))  # Excel has no time zones
CASES: dict[str, tuple[Callable[[Any], None], str]] = {
    "no answer": (put("Answer", None), "row 6: Answer: no answer; write keep, narrow or revoke"),
    "not an answer": (put("Answer", "kep"), "row 6: Answer: 'kep' is no answer; did you mean 'keep'?"),
    "merged cells": (merge, "row 7: Answer: belongs to the merged cells "),
    "a deleted column": (delete("Ticket"), "row 5: Ticket: there is no such column"),
    "a renamed column": (rename("Ticket", "Tickets"), "Ticket: there is no such column; did you mean 'Tickets'?"),
    "a deleted key": (delete(KEY), "has no sheet with a column 'Key'"),
    "a column twice": (twice, "row 5: Answer: there are 2 columns of that title; keep one"),
    "a changed fact": (put("Identity", "c.example.com"), "row 6: Identity: is not what was exported"),
    "a fact that became a number": (put("Who may send", 420000000001), "Who may send: is the number 420000000001"),
    "an emptied fact": (put("Approval", None), "row 6: Approval: is not what was exported"),
    "a key that is none": (put(KEY, "1e5"), "row 6: Key: names no row of the export"),
    "a key that was changed": (other_key, "row 6: Key: is not what was exported"),
    "a row that is gone": (drop_row, "has 3 of the 4 rows that were exported"),
    "a formula as answer": (put("Answer", '="keep"'), "row 6: Answer: is a formula; write the value itself"),
    "a formula as comment": (put("Comment", '=HYPERLINK("x")'), "row 6: Comment: is a formula"),
    "a day as another text": (put("New expiry", "31/12/2026", "old"), "a date is written YYYY-MM-DD (here 2026-12-31)"),
    "words as a day": (put("New expiry", "next year", "old"), "New expiry: 'next year': a date is written YYYY-MM-DD"),
    "a day in the past": (put("New expiry", date(2026, 11, 4), "old"), "New expiry: 2026-11-04 is not after today"),
    "no end at all": (put("New expiry", date(9999, 12, 31), "old"), "New expiry: '9999-12-31': must be a day"),
    "an end for what is revoked": (put("New expiry", date(2027, 1, 1), "open"), "there is no approval to renew"),
    "an approval that ends too soon": (put("New expiry", None, "agency"), "ends on 2026-12-01, before 2026-12-31"),
    "no approval": (put("New expiry", None, "old"), "New expiry: there is no approval to keep it by (unregistered)"),
    "a ticket like a formula": (put("Ticket", "+1", "mailwise"), "Ticket: begins with '+', like a formula"),
    "a reviewer like a formula": (put("Reviewed by", "@Ada"), "Reviewed by: begins with '@', like a formula"),
    "a row twice": (copy, "row 10: Key: is that of row 9 once more; take one of the two out"),
    "a date as ticket": (put("Ticket", NEW_YEAR, "mailwise"), "Ticket: Excel has made a date"),
    "nobody's answer": (put("Reviewed by", None), "Reviewed by: nobody is named; write who answered"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_cell_is_told_with_its_place_and_nothing_is_written(shared: Review, case: str) -> None:
    edit, says = CASES[case]
    file = shared.answered(edit)
    (first, *_) = lines = told(shared, file)
    assert first.startswith(f"{file}"), first
    assert any(says in line for line in lines), lines


def test_a_cell_that_cannot_be_read_has_one_problem(shared: Review) -> None:
    assert len(told(shared, shared.answered(put("Answer", '="keep"')))) == 1
    assert len(told(shared, shared.answered(put("New expiry", "=TODAY()", "agency")))) == 1


def test_a_note_above_the_titles_is_not_taken_for_them(review: Review) -> None:
    def note(sheet: Any) -> None:
        sheet["B2"].value, sheet["C2"].value = KEY, "hidden on the right"

    assert review.import_(review.answered(note)).problems == ()


def test_characters_that_are_not_seen_are_written_as_their_code_points(review: Review) -> None:
    def hide(sheet: Any) -> None:
        put("Ticket", "SEC\u200b-1", "old")(sheet)
        put("Reviewed by", "\u202eAda", "old")(sheet)

    found = review.import_(review.answered(hide))
    row = review.attestations.set_index("policy_name").loc["old"]
    assert (row["ticket"], row["reviewer"]) == ("SEC⟨U+200B⟩-1", "⟨U+202E⟩Ada")
    assert found.register is not None
    assert "SEC⟨U+200B⟩-1,⟨U+202E⟩Ada," in found.register.read_text()


def test_the_reviewer_of_all_rows_must_not_be_like_a_formula(shared: Review) -> None:
    with pytest.raises(ConfigError, match="reviewer: '=Ada' begins like a formula"):
        shared.import_(shared.answered(), reviewer=" =Ada")


def test_an_approval_with_a_pattern_like_a_formula_is_to_be_entered_by_hand(tmp_path: Path) -> None:
    condition = {"Condition": {"StringLike": {"ses:FromAddress": "=cmd@a.example.com"}}}
    review = make_review(tmp_path, agency=policy(FORMER, **condition))
    (line,) = told(review, review.answered())
    assert "New expiry: '=cmd@a.example.com' begins like a formula; enter this approval into the register" in line


@pytest.mark.parametrize("value", ["2027-06-30", 46568, JUNE])
def test_a_day_is_read_as_text_as_a_number_and_as_a_date(review: Review, value: Any) -> None:
    assert review.import_(review.answered(put("New expiry", value, "old"))).problems == ()
    expires = review.attestations.set_index("policy_name").loc["old", "expires_at"]
    assert expires.date() == date(2027, 7, 1)


@pytest.mark.parametrize("answer", ["KEEP", " keep ", "Keep"])
def test_an_answer_is_read_in_any_case(review: Review, answer: str) -> None:
    assert review.import_(review.answered(put("Answer", answer, "mailwise"))).problems == ()


def test_the_reviewer_may_be_named_for_all_rows(review: Review) -> None:
    assert review.import_(review.answered(put("Reviewed by", None)), reviewer="Grace").problems == ()
    assert review.attestations["reviewer"].value_counts().to_dict() == {"Ada": 3, "Grace": 1}


def renamed(review: Review, name: str) -> Path:
    return review.answered().rename(review.folder / name)


def test_what_is_no_workbook_is_told(shared: Review) -> None:
    text = shared.folder / "text.xlsx"
    text.write_text("Key,Answer\n")
    assert "is not a workbook that can be read" in told(shared, text)[0]
    assert "is not an .xlsx file; save it as .xlsx without macros" in told(shared, renamed(shared, "a.xlsm"))[0]
    assert "is not an .xlsx file; save it as .xlsx" in told(shared, renamed(shared, "a.ods"))[0]
    assert "cannot be read (No such file" in told(shared, shared.folder / "none.xlsx")[0]


def test_a_large_file_is_not_read(shared: Review) -> None:
    large = shared.folder / "large.xlsx"
    with large.open("wb") as file:
        file.truncate(50 * 2**20)
    assert "is larger than 16 MiB, so it was not read" in told(shared, large)[0]


def test_a_zip_bomb_is_not_unpacked(shared: Review) -> None:
    bomb = shared.answered(name="bomb.xlsx")
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/more.xml", b" " * (65 * 2**20))
    assert "MiB unpacked" in told(shared, bomb)[0]


def about(review: Review, name: str, value: str) -> Path:
    """The answered workbook that says it is of something else, as a property and on the sheet."""
    file = review.answered(name=f"{name}.xlsx")
    book = openpyxl.load_workbook(file)
    for prop in book.custom_doc_props.props:
        if prop.name == f"sesreport_{name}":
            prop.value = value
    book.save(file)
    return file


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("quarter", "2026-Q2", "is of 2026-Q2; on 2026-11-04 only 2026-Q3 and 2026-Q4 can be answered for"),
        ("quarter", "2027-Q1", "is of 2027-Q1; on 2026-11-04 only"),
        ("quarter", "Q4", "is not a quarter"),
        ("organization", "o-anotherone1", "is of the organization o-anotherone1, not of o-exampleorg1"),
        ("snapshot", "20261001T000000Z", "was exported from the snapshot 20261001T000000Z, which is not there"),
        ("rows", "many", "says it has 'many' rows"),
        ("quarter", "2026-Q3", "row 6: Key: is not what was exported"),
    ],
)
def test_a_workbook_of_something_else_is_told(shared: Review, name: str, value: str, says: str) -> None:
    assert says in told(shared, about(shared, name, value))[0]


def test_without_its_properties_a_workbook_says_on_a_sheet_what_it_is_of(review: Review) -> None:
    file = review.answered()
    book = openpyxl.load_workbook(file)
    while book.custom_doc_props.props:
        book.custom_doc_props.props.pop()
    book.save(file)
    assert review.import_(file).problems == ()
    del book["About this review"]
    book.save(file)
    assert "does not say its quarter" in str(review.import_(file).problems[0])


def test_reviewers_who_disagree_are_both_named(shared: Review) -> None:
    one, other = shared.answered(name="one.xlsx"), shared.answered(name="other.xlsx", mailwise="revoke")
    (line,) = told(shared, one, other)
    assert f"{other}, sheet Review" in line and f"{one}, row" in line and "settle it" in line


def test_a_grant_that_changed_or_is_gone_since_the_export_is_told(tmp_path: Path) -> None:
    review = make_review(tmp_path)
    later = Estate(LATER).identity("a.example.com", {"mailwise": policy(STRANGER), "agency": policy(FORMER)})
    later.identity("b.example.com", {"old": policy(STRANGER, "ses:*")}).write(review.folder / "snapshots")
    lines = told(review, review.answered())
    gone, changed = "the grant is gone, as", "the grant was changed since the export, as"
    assert [line.partition("Key: ")[2].startswith((gone, changed)) for line in lines] == [True] * 3, lines
    assert sum(changed in line for line in lines) == 1


def test_a_grant_that_the_newest_snapshot_could_not_read_is_not_told_as_gone(tmp_path: Path) -> None:
    review = make_review(tmp_path)
    later = Estate(LATER).identity("a.example.com", read=False).gap(SHOP, EU, "policies")
    later.write(review.folder / "snapshots")
    lines = told(review, review.answered())
    assert len([line for line in lines if "could not read the policies" in line]) == 4, lines


def test_with_partial_the_right_rows_are_taken_and_the_rest_is_listed(review: Review) -> None:
    found = review.import_(review.answered(put("Answer", "perhaps")), partial=True)
    assert (len(found.problems), found.answers) == (1, 3)
    assert set(review.attestations["policy_name"]) == {"mailwise", "agency", "old"}


def test_with_partial_neither_of_two_answers_that_differ_is_taken(review: Review) -> None:
    one, other = review.answered(name="one.xlsx"), review.answered(name="other.xlsx", mailwise="revoke")
    review.import_(one, other, partial=True)
    assert set(review.attestations["policy_name"]) == {"agency", "old", "open"}


def test_a_reviewer_who_differs_from_an_earlier_import_is_told_with_the_row(review: Review) -> None:
    review.import_(review.answered(open="revoke"))
    other = review.answered(put("Reviewed by", "Grace"), "other.xlsx")
    (problem,) = review.import_(other).problems
    assert str(problem).startswith(f"{other}, sheet Review, row 6: Answer: revoke was answered by Ada on 2026-11-04")
    assert len(review.attestations) == 4


def test_an_import_is_refused_while_another_runs(review: Review) -> None:
    with alone_in(review.folder), pytest.raises(WriteError, match="another process writes there now; try again"):
        review.import_(review.answered())
    assert not (review.folder / "attestations.parquet").exists()


def test_without_locks_answers_of_another_import_are_not_lost(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other import ends after this one has read the attestations."""
    monkeypatch.setattr("sesreport.core.files.fcntl", None)
    file, other = review.answered(open="revoke"), review.answered(name="other.xlsx", mailwise="revoke")
    read = imports.read_workbook

    def read_late(path: Path) -> AnsweredWorkbook:
        monkeypatch.setattr(imports, "read_workbook", read)
        review.import_(other)
        return read(path)

    monkeypatch.setattr(imports, "read_workbook", read_late)
    with pytest.raises(WriteError, match="was changed meanwhile, so nothing was written; import the files again"):
        review.import_(file)
    assert review.attestations.set_index("policy_name").loc["mailwise", "answer"] == "revoke"


def test_damaged_attestations_stop_the_import_and_stay(review: Review) -> None:
    path = review.folder / "attestations.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match=r"attestations\.parquet: is damaged"):
        review.import_(review.answered())
    assert path.read_bytes() == b"PAR1"
    assert review.beside == []


@pytest.mark.parametrize(
    ("quarter", "says"), [("2026-Q2", "cannot be asked"), ("2027-Q2", "cannot be asked"), ("2026", "is not a quarter")]
)
def test_a_quarter_that_cannot_be_asked_about_is_told(shared: Review, quarter: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        review_export(shared.config, quarter=quarter, output=shared.folder / "none")


def settings(review: Review) -> Path:
    file = review.folder / "sesreport.toml"
    file.write_text(
        '[paths]\nregister = "register.csv"\nsnapshots = "snapshots"\nattestations = "attestations.parquet"\n'
    )
    return file


def test_the_command_ends_with_2_and_a_line_for_each_problem(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sesreport.cli.given.now", lambda: datetime.fromisoformat("2026-11-04T12:00+00:00"))
    config = ["--config", str(settings(review))]
    file = review.answered(put("Answer", None))
    wrong = CliRunner().invoke(cli, ["review", "import", *config, str(file)], standalone_mode=False)
    assert wrong.return_value == 2
    assert wrong.stderr.splitlines() == [
        f"sesreport: {file}, sheet Review, row 6: Answer: no answer; write keep, narrow or revoke",
        "sesreport: 1 problem; nothing was written (--partial takes the other rows)",
    ]
    partly = CliRunner().invoke(cli, ["review", "import", *config, "--partial", str(file)], standalone_mode=False)
    assert partly.return_value == 3
    assert partly.stdout.startswith("3 answers added, 0 were there already\n")
    right = CliRunner().invoke(cli, ["review", "import", *config, str(review.answered())], standalone_mode=False)
    assert (right.return_value, right.stdout.splitlines()[0]) == (0, "1 answer added, 3 were there already")


def test_a_key_tells_facts_apart_whose_hashes_begin_alike() -> None:
    one, other = ({"facts_sha256": "0" * 31 + end + "0" * 32} for end in "ab")
    assert facts_hash(one) != facts_hash(other)
