"""A pack of an organization in which every name is hostile: no output holds a character that is not seen."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import openpyxl
import pytest
from pptx import Presentation
from tests_shared import once, shared

from sesreport.cli.lines import tell_pack
from sesreport.governance.explanations import of_identity
from sesreport.kpis.results import Results
from sesreport.report.build import Made, report
from sesreport.report.contents import Pack
from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import open_parcel
from sesreport.settings.config import Config
from sesreport.snapshot.store import load
from tests.analysis.estate import OCTOBER, SHOP, STRANGER, VENDOR, Estate, policy

UNSEEN = (
    "\x00\x07\x1b\x85\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200d\u2028\u202e\u2066\u2800\u3164\ue000\ufe0f\ufeff"
    "\uffa0\ufff9\ufffe\uffff\U000e0001\U0010ffff"
)
NAME = f"＝1+1 <b>&{UNSEEN}\x1b[31m\r\n_x0041_ عربي"
"""Of everything that has a name."""
SHOWN = ("⟨U+202E⟩", "⟨U+FFFE⟩", "⟨U+001B⟩[31m", "عربي")
"""What is left to read of it."""


class Unread(Estate):
    """An organization that was not read everywhere, for a reason that is hostile, too."""

    def _coverage(self) -> list[dict[str, Any]]:
        return [{**row, "reason": row["reason"] and NAME} for row in super()._coverage()]


def hostile(now: datetime) -> Estate:
    """Three accounts, two identities, policies and changes, all with that name."""
    estate = Unread(now)
    for row in estate.rows["accounts"]:
        row |= {"name": NAME, "tags": json.dumps({"owner": NAME, "environment": "prod", NAME: NAME})}
    principal = f"arn:aws:iam::{STRANGER}:role/{NAME}"
    limit = {"StringLike": {"ses:FromAddress": NAME, f"aws:{NAME}": NAME}}
    estate.identity(NAME, {NAME: policy(principal, Sid=NAME, Condition=limit)}, tags={"owner": NAME, "ticket": NAME})
    estate.identity(f"b{NAME}", {NAME: policy("*", Sid=NAME), "broken": NAME})
    estate.change("2026-10-02T00:00", "PutIdentityPolicy", NAME, policy(principal), identity=NAME)
    estate.rows["changes"][-1] |= {"principal_arn": NAME, "source_ip": NAME}
    estate.quota(1000.0)
    estate.days("delivery_attempts", {f"2026-10-{day:02}": 100.0 + 900 * (day == 20) for day in range(1, 31)})
    estate.gap(SHOP, "us-east-1", "policies")
    return estate


NOTEBOOK = (
    "import sesreport as ses\nfrom sesreport import charts, tables\nopened = ses.open_pack(pack)",
    "for frame in opened.frames.values():\n    display(frame)",
    "print(opened.results.headline, *opened.frames['accounts']['name'])",
    "charts.findings_by_rule(opened.frames['findings'], results=opened.results)",
    "tables.decisions(opened.results)",
)


def notebook(folder: Path) -> Path:
    """One that shows all frames, prints names and draws them."""
    parameters = nbformat.v4.new_code_cell('pack: str = ""  # folder', metadata={"tags": ["parameters"]})
    cells = [parameters, *map(nbformat.v4.new_code_cell, NOTEBOOK)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "hostile.ipynb")
    return folder / "hostile.ipynb"


def configured(folder: Path) -> Config:
    """Settings and a register in which every name is hostile, too."""
    with (folder / "register.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["account_id", "name", "vendor", "owner", "justification", "ticket"])
        rows.writerow([VENDOR, *[NAME.replace("\x00", "")] * 5])
    exception = {"rule": "no_owner", "reason": NAME, "expires": "2027-01-01"}
    return Config.model_validate(
        {
            "organization": {"name": NAME},
            "report": {"title": NAME, "classification": NAME, "contact": NAME},
            "kpis": {"unknown_accounts": {"owner": NAME}},
            "findings": {"exceptions": [exception]},
            "paths": {
                "register": str(folder / "register.csv"),
                "snapshots": str(folder / "snapshots"),
                "output": str(folder / "out"),
            },
        }
    )


@pytest.fixture(scope="session")
def organization(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the organization's settings, snapshot and pack."""
    folder = shared(tmp_path_factory, worker_id) / "hostile-names"

    def make() -> None:
        config = configured(folder)
        path = hostile(datetime(2026, 11, 1, 6, tzinfo=UTC)).write(folder / "snapshots")
        assert report(config, OCTOBER, snapshot=load(path), only=[notebook(folder)]).failed == ()

    return once(folder, make)


@pytest.fixture
def pack(organization: Path) -> Path:
    return organization / "out" / "2026-10"


def check(text: str) -> None:
    """Nothing is in the text that is not seen, and what is shown of it is."""
    assert {f"U+{ord(character):04X}" for character in text if character in UNSEEN} == set()
    assert [part for part in SHOWN if part not in text] == []


def texts(archive: bytes) -> Iterator[str]:
    """Every text and attribute of a workbook or deck, and of the workbooks in it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as parts:
        for name in parts.namelist():
            if name.endswith(".xlsx"):
                yield from texts(parts.read(name))
            elif name.endswith((".xml", ".rels")):
                for element in ET.fromstring(parts.read(name)).iter():
                    yield from (element.text or "", element.tail or "", *element.attrib.values())


def strings(value: Any) -> Iterator[str]:
    """Every text of what JSON holds."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("ending", ["xlsx", "pptx"])
def test_workbook_and_deck_show_it(ending: str, pack: Path) -> None:
    check("\n".join(texts((pack / f"ses-governance-2026-10.{ending}").read_bytes())))


def test_the_workbook_opens_with_every_name_and_no_formula(pack: Path) -> None:
    book = openpyxl.load_workbook(pack / "ses-governance-2026-10.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    names = [cell for cell in cells if str(cell.value).startswith("＝1+1")]
    assert names and all(cell.quotePrefix for cell in names if cell.row > 5)
    assert all("_x005F_x0041_" in cell.value for cell in names if len(cell.value) > len(NAME))


def test_the_deck_opens_with_the_name_on_its_slides(pack: Path) -> None:
    deck = Presentation(str(pack / "ses-governance-2026-10.pptx"))
    frames = [shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    assert any("⟨U+202E⟩" in text for text in frames)


def test_the_page_shows_it(pack: Path) -> None:
    page = (pack / "ses-governance-2026-10.html").read_text(encoding="utf-8")
    check(page)
    check(unescape(page))


def test_an_executed_notebook_and_its_reading_copy_show_it(pack: Path) -> None:
    executed = json.loads((pack / "notebooks" / "hostile.ipynb").read_text(encoding="utf-8"))
    check("".join(strings([cell["outputs"] for cell in executed["cells"] if "outputs" in cell])))
    check((pack / "notebooks" / "hostile.html").read_text(encoding="utf-8"))


def test_results_hold_the_names_and_nothing_that_acts_on_who_looks_at_the_file(pack: Path) -> None:
    text = (pack / "results.json").read_bytes()
    assert text.isascii() and text.decode().replace("\n", "").isprintable()
    assert Results.from_json(text.decode()).organization_name == NAME


def test_the_message_shows_it(pack: Path) -> None:
    parcel = open_parcel(pack.parent, OCTOBER, now=datetime(2026, 11, 3, tzinfo=UTC))
    mail = message(parcel, sender="a@example.com", from_name="", to=["b@example.com"])
    check(mail["Subject"])
    for part in ("plain", "html"):
        body = mail.get_body((part,))
        assert body is not None
        check(unescape(body.get_content().replace("\r\n", "\n")))


def test_the_terminal_shows_it(organization: Path, pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_pack(Made(pack, Pack(Results.read(pack / "results.json"), {}), ()))
    summary = capsys.readouterr().out
    assert set(summary).isdisjoint(UNSEEN)
    check("\n".join(map(str, of_identity(NAME, configured(organization)))))
