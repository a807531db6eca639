"""The packs' workbooks, each written once for all tests that only read them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sesreport.report.workbook import write_workbook
from workbook.sample_pack import bare_pack, empty_pack, sample_pack


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workbook") / "pack.xlsx"
    write_workbook(sample_pack(), path)
    return path


@pytest.fixture(scope="session")
def book(written: Path) -> Iterator[Any]:
    opened = openpyxl.load_workbook(written)
    yield opened
    opened.close()


@pytest.fixture(scope="session", params=["empty frames", "no frames"])
def book_without_rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("workbook") / "pack.xlsx"
    write_workbook(empty_pack() if request.param == "empty frames" else bare_pack(), path)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="session")
def resaved(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The workbook as LibreOffice read it and wrote it again."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    folder = tmp_path_factory.mktemp("libreoffice")
    profile = f"-env:UserInstallation=file://{folder}/profile"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder), str(written)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return openpyxl.load_workbook(folder / "pack.xlsx")
