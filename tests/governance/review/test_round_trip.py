"""A review goes out as a workbook and comes back with answers."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from governance.review.conftest import HEADER, REGISTER, Review, cell, estate, make_review, only, row_of
from openpyxl.worksheet.datavalidation import DataValidation

from sesreport.core.errors import ConfigError
from sesreport.governance.review import Imported
from sesreport.governance.review.rows import KEY
from sesreport.report.review import review_export
from sesreport.settings.approvals import read_entries

SAID = {"agency": "revoke", "open": "narrow"}


def answers(review: Review) -> dict[str, str]:
    frame = review.attestations
    return dict(zip(frame["policy_name"], frame["answer"], strict=True))


def test_answers_are_kept_with_what_they_are_about(review: Review) -> None:
    found = review.import_(review.answered(**SAID))
    assert (found.problems, found.answers, found.known) == ((), 4, 0)
    assert answers(review) == {"mailwise": "keep", "agency": "revoke", "old": "keep", "open": "narrow"}
    row = review.attestations.set_index("policy_name").loc["agency"]
    assert (row["quarter"], row["reviewer"], row["snapshot"]) == ("2026-Q4", "Ada", "20261103T060000Z")
    assert (row["answered_at"], row["due"]) == (datetime(2026, 11, 4, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=UTC))


def test_the_same_file_twice_adds_nothing(review: Review) -> None:
    file = review.answered(**SAID)
    review.import_(file)
    beside, before = review.beside, review.attestations
    copy = shutil.copy(file, review.folder / "copy.xlsx")
    found = review.import_(file, Path(copy), today=date(2026, 11, 20))
    assert (found.answers, found.known, found.written) == (0, 4, [])
    assert review.attestations.equals(before)
    assert review.beside == beside


def test_the_register_is_brought_up_to_date_beside_the_one_in_use(review: Review) -> None:
    register = review.folder / "register.csv"
    before = register.read_bytes()
    found = review.import_(review.answered(**SAID))
    assert register.read_bytes() == before
    assert review.beside == ["register-2026-Q4-fixes.csv", "register-2026-Q4.csv", "register-2026-Q4.diff"]
    assert found.register is not None and found.diff is not None
    entries = {(entry.name, entry.expires_at, tuple(entry.identities)) for entry in read_entries(found.register)}
    assert entries == {
        ("Mailwise", date(2027, 3, 31), ()),
        ("Brightside", date(2026, 12, 1), ()),
        ("420000000001", date(2027, 6, 30), ("b.example.com",)),
    }
    assert "+420000000001,420000000001,,,,,Ada,2026-11-04,2027-06-30,b.example.com" in found.diff.read_text()


def test_a_revoked_approval_ends_when_it_is_due_and_no_later_than_it_did(review: Review) -> None:
    found = review.import_(review.answered(mailwise="revoke", agency="revoke"))
    assert found.register is not None
    ends = {entry.name: entry.expires_at for entry in read_entries(found.register)}
    assert (ends["Mailwise"], ends["Brightside"]) == (date(2026, 12, 4), date(2026, 12, 1))


def test_a_renewal_is_a_row_of_its_own_for_what_was_kept(review: Review) -> None:
    found = review.import_(review.answered())
    assert found.register is not None
    old, new = [entry for entry in read_entries(found.register) if entry.name == "Brightside"]
    assert (old.expires_at, old.approved_by) == (date(2026, 12, 1), None)
    assert (new.approved_at, new.expires_at, new.identities) == (
        date(2026, 11, 4),
        date(2027, 6, 30),
        ["a.example.com"],
    )
    assert (new.owner, new.approved_by, new.ticket) == ("marketing", "Ada", "MKT-1")


def test_fixes_are_listed_with_their_due_day_and_cannot_be_formulas(review: Review) -> None:
    def comment(sheet: Any) -> None:
        at = cell(sheet, row_of(sheet, "open"), "Comment")
        at.value, at.data_type = "=HYPERLINK(1)", "s"

    found = review.import_(review.answered(comment, **SAID))
    assert found.fixes is not None
    lines = found.fixes.read_text().splitlines()
    assert lines[1] == "2026-12-04,narrow,210000000001,eu-west-1,b.example.com,open,1,*,,'=HYPERLINK(1),Ada"
    assert [line.split(",")[1] for line in lines[1:]] == ["narrow", "revoke"]


def test_a_second_import_does_not_write_over_the_first_update(review: Review) -> None:
    review.import_(review.answered(**SAID))
    review.import_(review.answered(name="later.xlsx", agency="revoke", open="revoke"))
    assert "register-2026-Q4-2-fixes.csv" in review.beside
    assert len(review.attestations) == 5


def ends(found: Imported) -> dict[str, set[date | None]]:
    """The ends of the approvals in an updated register, by name."""
    assert found.register is not None
    made: dict[str, set[date | None]] = {}
    for entry in read_entries(found.register):
        made.setdefault(entry.name, set()).add(entry.expires_at)
    return made


def test_an_update_holds_what_those_before_it_changed(review: Review) -> None:
    review.import_(review.answered(only("agency")))
    review.import_(review.answered(only("mailwise"), mailwise="revoke"))
    found = review.import_(review.answered(only("old")))
    renewed = {date(2026, 12, 1), date(2027, 6, 30)}
    assert ends(found) == {
        "Mailwise": {date(2026, 12, 4)}, "Brightside": renewed, "420000000001": {date(2027, 6, 30)},
    }  # fmt: skip
    assert found.diff is not None
    assert found.diff.read_text().startswith("--- register.csv\n+++ register-2026-Q4-3.csv\n")
    assert len([line for line in found.diff.read_text().splitlines() if line.startswith("+3100")]) == 2


def test_an_update_that_was_taken_over_is_not_written_again(review: Review) -> None:
    found = review.import_(review.answered(only("agency")))
    assert found.register is not None
    (review.folder / "register.csv").write_bytes(found.register.read_bytes())
    assert review.import_(review.answered(only("open"), open="revoke")).register is None


@pytest.mark.parametrize("answer", ["revoke", "narrow"])
def test_a_renewal_that_was_taken_back_is_in_no_later_update(review: Review, answer: str) -> None:
    review.import_(review.answered(only("agency", "old")))
    found = review.import_(review.answered(only("old"), old=answer))
    assert set(ends(found)) == {"Mailwise", "Brightside"}
    assert ends(found)["Brightside"] == {date(2026, 12, 1), date(2027, 6, 30)}


def test_a_renewal_that_is_corrected_takes_the_place_of_the_first(review: Review) -> None:
    review.import_(review.answered(only("old")))

    def sooner(sheet: Any) -> None:
        only("old")(sheet)
        cell(sheet, row_of(sheet, "old"), "New expiry").value = date(2027, 1, 31)

    assert ends(review.import_(review.answered(sooner)))["420000000001"] == {date(2027, 1, 31)}


def test_revoking_what_an_approval_does_not_cover_does_not_end_it(tmp_path: Path) -> None:
    register = REGISTER.replace("\n", ",identities\n", 1).replace("2027-03-31", "2027-03-31,other.example.com", 1)
    review = make_review(tmp_path, register.replace("2026-12-01", "2026-12-01,"))
    found = review.import_(review.answered(only("mailwise"), mailwise="revoke"))
    assert (found.answers, found.register) == (1, None)


def test_asking_again_for_the_same_does_not_move_the_due_day(review: Review) -> None:
    review.import_(review.answered(**SAID))

    def other(sheet: Any) -> None:
        cell(sheet, row_of(sheet, "agency"), "Comment").value = "Now, please."

    review.import_(review.answered(other, "again.xlsx", **SAID), today=date(2026, 11, 20))
    frame = review.attestations
    dues = frame.loc[frame["policy_name"] == "agency", "due"]
    assert dues.tolist() == [datetime(2026, 12, 4, tzinfo=UTC)] * 2


def test_what_was_answered_is_not_asked_again_until_the_next_quarter(review: Review) -> None:
    review.import_(review.answered(**SAID))
    estate(datetime(2026, 11, 10, 6, tzinfo=UTC)).write(review.folder / "snapshots")
    with pytest.raises(ConfigError, match="no grant is to be answered for"):
        review_export(review.config, quarter="2026-Q4", output=review.folder / "again")
    estate(datetime(2027, 1, 10, 6, tzinfo=UTC)).write(review.folder / "snapshots")
    (path,) = review_export(review.config, quarter="2027-Q1", output=review.folder / "again")
    assert openpyxl.load_workbook(path)["Review"].max_row == HEADER + 4


def test_workbooks_can_be_parted_by_owner(review: Review) -> None:
    paths = review_export(review.config, quarter="2026-Q4", by="owner", output=review.folder / "by")
    rows = {path.name: openpyxl.load_workbook(path)["Review"].max_row - HEADER for path in paths}
    assert rows == {
        "review-2026-Q4-crm.xlsx": 3, "review-2026-Q4-marketing.xlsx": 1,
    }  # fmt: skip


def test_an_export_never_takes_the_place_of_a_file_that_may_hold_answers(review: Review) -> None:
    before = review.exported.read_bytes()
    with pytest.raises(ConfigError, match=r"review-2026-Q4\.xlsx: is there and may hold answers"):
        review_export(review.config, quarter="2026-Q4")
    assert review.exported.read_bytes() == before


def test_cells_for_answers_say_what_is_asked_and_check_it(review: Review) -> None:
    sheet = openpyxl.load_workbook(review.exported)["Review"]
    checks: dict[str, DataValidation] = {each.promptTitle: each for each in sheet.data_validations.dataValidation}
    assert set(checks) == {"Answer", "New expiry", "Ticket", "Comment", "Reviewed by"}
    assert (checks["Answer"].type, checks["Answer"].formula1) == ("list", '"keep,narrow,revoke"')
    assert checks["New expiry"].type == "date"
    assert all(each.prompt and each.showInputMessage for each in checks.values())
    assert sheet.freeze_panes == "B6" and sheet.tables
    key = next(each for each in sheet[HEADER] if each.value == KEY)
    assert sheet.column_dimensions[key.column_letter].hidden


def test_what_changed_since_the_last_answer_comes_first(review: Review) -> None:
    review.import_(review.answered(**SAID))
    from estate import VENDOR, policy

    later = estate(datetime(2027, 1, 10, 6, tzinfo=UTC), mailwise=policy(VENDOR, "ses:*"))
    later.write(review.folder / "snapshots")
    (path,) = review_export(review.config, quarter="2027-Q1", output=review.folder / "again")
    sheet = openpyxl.load_workbook(path)["Review"]
    assert cell(sheet, HEADER + 1, "Policy").value == "mailwise, statement 1"
    assert "actions: + ses:*" in cell(sheet, HEADER + 1, "Changed since the last answer").value


def test_answers_survive_sorting_filtering_hiding_and_moving(review: Review) -> None:
    def rearrange(sheet: Any) -> None:
        rows = [[each.value for each in row] for row in sheet.iter_rows(min_row=HEADER)]
        titles, *body = [[row[-1], *row[:-1]] for row in rows]  # the key comes first
        for number, values in enumerate([titles, *reversed(body)], HEADER):
            for column, value in enumerate(values, 1):
                sheet.cell(number, column).value = value
        sheet.row_dimensions[HEADER + 2].hidden = True
        sheet.column_dimensions["C"].hidden = True

    found = review.import_(review.answered(rearrange, **SAID))
    assert found.problems == ()
    assert answers(review) == {"mailwise": "keep", "agency": "revoke", "old": "keep", "open": "narrow"}


def test_answers_survive_an_office_program(review: Review) -> None:
    """Saved again as .xlsx, and by way of .ods; names that hide something included."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    out = review.folder / "office"
    command = [office, f"-env:UserInstallation=file://{out}/profile", "--headless", "--convert-to"]
    file = review.answered(**SAID)
    for ending, files in (("ods", [file]), ("xlsx", [file, out / "answered.ods"])):
        if ending == "xlsx":
            shutil.copy(out / "answered.ods", out / "by-way-of-ods.ods")
            files = [file, out / "by-way-of-ods.ods"]
        subprocess.run([*command, ending, "--outdir", out, *files], check=True, capture_output=True, timeout=120)
    found = review.import_(out / "answered.xlsx", out / "by-way-of-ods.xlsx")
    assert [str(problem) for problem in found.problems] == []
    assert (found.answers, found.known) == (4, 4)
    assert answers(review) == {"mailwise": "keep", "agency": "revoke", "old": "keep", "open": "narrow"}
    assert review.attestations["expires_at"].dropna().tolist() == [datetime(2027, 7, 1, tzinfo=UTC)]
