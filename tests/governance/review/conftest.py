"""A small organization with a register, whose review is exported, answered and imported."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from sesreport.governance.review import Imported, review_import
from sesreport.governance.review.rows import PROPERTIES, ROWS
from sesreport.report.review import review_export
from sesreport.settings.attestations import read_attestations
from sesreport.settings.config import Config, Paths

sys.path.insert(0, str(Path(__file__).parents[2] / "analysis"))

from estate import FORMER, STRANGER, VENDOR, Estate, policy

TODAY = date(2026, 11, 4)
REGISTER = """account_id,name,owner,ticket,approved_at,expires_at
310000000001,Mailwise,crm,SEC-1041,2026-01-01,2027-03-31
310000000002,Brightside,marketing,MKT-1,2025-01-01,2026-12-01
"""
HEADER = 5


def estate(now: datetime = datetime(2026, 11, 3, 6, tzinfo=UTC), **more: Any) -> Estate:
    """Four grants: of the vendor, of one whose approval ends within the quarter, of a stranger, and of anyone."""
    policies = {"mailwise": policy(VENDOR), "agency": policy(FORMER)}
    made = Estate(now).identity("a.example.com", policies | more, tags={"owner": "shop"})
    return made.identity("b.example.com", {"old": policy(STRANGER), "open": policy("*")}, tags={"owner": "crm"})


@dataclass
class Review:
    """A folder with snapshots, register and attestations, and the workbook exported from it."""

    folder: Path
    config: Config
    exported: Path

    def answered(self, edit: Callable[[Any], None] | None = None, name: str = "answered.xlsx", **answers: Any) -> Path:
        """The workbook with an answer in every row: revoke where the policy is named, else keep; then edited."""
        book = openpyxl.load_workbook(self.exported)
        sheet = book["Review"]
        for row in range(HEADER + 1, sheet.max_row + 1):
            name_of = str(cell(sheet, row, "Policy").value).split(",")[0]
            answer = answers.get(name_of, "keep")
            cell(sheet, row, "Answer").value = answer
            cell(sheet, row, "Reviewed by").value = "Ada"
            if name_of in ("agency", "old") and answer == "keep":
                cell(sheet, row, "New expiry").value = date(2027, 6, 30)
        if edit is not None:
            edit(sheet)
        book.save(self.folder / name)
        return self.folder / name

    def import_(self, *files: Path, **how: Any) -> Imported:
        return review_import(files, self.config, **{"today": TODAY, **how})

    @property
    def attestations(self) -> pd.DataFrame:
        return read_attestations(self.folder / "attestations.parquet")

    @property
    def beside(self) -> list[str]:
        """Files beside the register that an import wrote."""
        return sorted(path.name for path in self.folder.glob("register-*"))


def cell(sheet: Any, row: int, title: str) -> Any:
    return next(sheet.cell(row, each.column) for each in sheet[HEADER] if each.value == title)


def row_of(sheet: Any, policy_name: str) -> int:
    rows = range(HEADER + 1, sheet.max_row + 1)
    return next(row for row in rows if str(cell(sheet, row, "Policy").value).startswith(f"{policy_name},"))


def only(*policies: str) -> Callable[[Any], None]:
    """Leaves an export of these policies alone, as one by owner is."""

    def edit(sheet: Any) -> None:
        for row in reversed(range(HEADER + 1, sheet.max_row + 1)):
            if str(cell(sheet, row, "Policy").value).split(",")[0] not in policies:
                sheet.delete_rows(row)
        for prop in sheet.parent.custom_doc_props.props:
            if prop.name == PROPERTIES[ROWS]:
                prop.value = str(len(policies))

    return edit


def config_of(folder: Path) -> Config:
    paths = Paths(
        register=str(folder / "register.csv"), snapshots=str(folder / "snapshots"), output=str(folder / "out"),
        attestations=str(folder / "attestations.parquet"),
    )  # fmt: skip
    return Config(paths=paths)


def make_review(folder: Path, register: str = REGISTER, **policies: Any) -> Review:
    estate(**policies).write(folder / "snapshots")
    (folder / "register.csv").write_text(register)
    config = config_of(folder)
    (exported,) = review_export(config, quarter="2026-Q4")
    return Review(folder, config, exported)


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Review:
    """Exported once; every test gets a copy."""
    return make_review(tmp_path_factory.mktemp("review"))


@pytest.fixture
def review(_made: Review, tmp_path: Path) -> Review:
    shutil.copytree(_made.folder, tmp_path, dirs_exist_ok=True)
    return Review(tmp_path, config_of(tmp_path), tmp_path / _made.exported.relative_to(_made.folder))
