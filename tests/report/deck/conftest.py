"""The packs' decks, each written once for all tests that only read them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.util import Inches
from workbook.sample_pack import bare_pack, empty_pack, hostile_pack, sample_pack

from sesreport.report.contents import Branding
from sesreport.report.deck import write_deck

PACKS = {"full": sample_pack, "hostile": hostile_pack, "empty frames": empty_pack, "no frames": bare_pack}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deck") / "pack.pptx"
    write_deck(sample_pack(), path)
    return path


@pytest.fixture(scope="session")
def deck(written: Path) -> Any:
    return Presentation(str(written))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's small 16:9 template: an example slide, and a layout named sesreport with its own title place."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(10), Inches(5.625)
    layout = next(each for each in deck.slide_layouts if each.name == "Title and Content")
    layout.name = "SESreport"
    for shape in layout.placeholders:
        if shape.placeholder_format.type == PP_PLACEHOLDER.TITLE:
            shape.left, shape.top, shape.width, shape.height = Inches(0.5), Inches(0.2), Inches(9), Inches(0.8)
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "Example slide"
    path = tmp_path_factory.mktemp("template") / "house.pptx"
    deck.save(str(path))
    return path


@pytest.fixture(scope="session", params=[*PACKS, "template"])
def any_deck(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("deck") / "pack.pptx"
    if request.param == "template":
        house = request.getfixturevalue("template")
        write_deck(sample_pack(Branding(accent="#7A4B00", deck_template=str(house))), path)
    else:
        write_deck(PACKS[request.param](), path)
    return Presentation(str(path))


@pytest.fixture(scope="session")
def pdf(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deck as LibreOffice shows it."""
    office = shutil.which("soffice")
    if office is None or shutil.which("pdftotext") is None:
        pytest.skip("LibreOffice (soffice) or poppler (pdftotext) is not installed")
    folder = tmp_path_factory.mktemp("libreoffice")
    profile = f"-env:UserInstallation=file://{folder}/profile"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(written)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder / "pack.pdf"
