"""A reviewer's file of the demonstration: asked for, answered and imported by the command line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from governance.review.conftest import HEADER, cell

from sesreport.analysis import Analysis
from sesreport.cli.main import cli
from sesreport.core.resources import shipped
from sesreport.demo.snapshot import ANSWERS, FOLDER
from sesreport.settings.approvals import read_entries
from sesreport.settings.attestations import read_attestations, write_attestations

SAID = {
    "brightside": ("keep", date(2027, 3, 31), "MKT-120"),
    "example": ("revoke", None, None),
    "authorize-user": ("narrow", None, None),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path, demo_answered: Analysis) -> Iterator[Path]:
    """Where somebody who ran the demonstration works: its snapshot, and what its reviewers answered."""
    made = tmp_path_factory.mktemp("demonstration")
    shutil.copytree(demo_folder, made / FOLDER, ignore=shutil.ignore_patterns("done"))
    write_attestations(made / FOLDER / ANSWERS, demo_answered.attestations)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        patch.setenv("XDG_CACHE_HOME", str(made / "cache"))
        yield made


def command(*arguments: str) -> list[str]:
    """The lines that a command prints; it must end well."""
    done = CliRunner().invoke(cli, ["review", *arguments, "--demo"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def answered(path: Path) -> Path:
    """The workbook as a reviewer fills it in."""
    book = openpyxl.load_workbook(path)
    sheet: Any = book["Review"]
    for row in range(HEADER + 1, sheet.max_row + 1):
        answer, expiry, ticket = SAID[str(cell(sheet, row, "Policy").value).split(",")[0]]
        for title, value in (("Answer", answer), ("New expiry", expiry), ("Ticket", ticket), ("Reviewed by", "Ada")):
            cell(sheet, row, title).value = value
        cell(sheet, row, "Comment").value = "As agreed with the agency" if expiry else None
    book.save(path)
    return path


def test_a_reviewer_s_file_is_imported(folder: Path) -> None:
    theirs = (shipped("data/demo") / "register.csv").read_bytes()
    before = read_attestations(folder / FOLDER / ANSWERS)
    written = command("export", "--quarter", "2026-Q3", "--by", "owner")
    assert "out/review-2026-Q3/review-2026-Q3-marketing.xlsx" in written

    lines = command("import", str(answered(Path("out/review-2026-Q3/review-2026-Q3-marketing.xlsx"))))

    new = read_attestations(folder / FOLDER / ANSWERS).iloc[len(before) :]
    said = dict(zip(new["policy_name"], new["answer"], strict=True))
    assert said == {name: answer for name, (answer, *_) in SAID.items()}
    assert set(new["reviewer"]) == {"Ada"} and set(new["quarter"]) == {"2026-Q3"}
    assert lines == [
        "3 answers added, 0 were there already",
        *(f"{FOLDER}/{name}" for name in
          (ANSWERS, "register-2026-Q3.csv", "register-2026-Q3.diff", "register-2026-Q3-fixes.csv")),
    ]  # fmt: skip
    old, renewed = [each for each in read_entries(Path(FOLDER, "register-2026-Q3.csv")) if "Brightside" in each.name]
    assert (old.expires_at, renewed.expires_at) == (date(2026, 8, 31), date(2027, 3, 31))
    assert (renewed.approved_by, renewed.ticket, renewed.identities) == ("Ada", "MKT-120", ["offers.example.com"])
    diff = Path(FOLDER, "register-2026-Q3.diff").read_text().splitlines()
    assert [line for line in diff if line.startswith("-") and not line.startswith("---")] == []
    assert sum(line.startswith("+") and not line.startswith("+++") for line in diff) == 1
    assert (shipped("data/demo") / "register.csv").read_bytes() == theirs
