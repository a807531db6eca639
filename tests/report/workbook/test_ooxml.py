"""Files whole or not at all, the same bytes for the same pack."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sesreport.core.errors import WriteError
from sesreport.report import ooxml
from sesreport.report.workbook import write_workbook
from workbook.sample_pack import sample_pack

AT = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)


def package(parts: dict[str, bytes], when: tuple[int, int, int, int, int, int] = (2020, 1, 1, 0, 0, 0)) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, when), content)
    return buffer


def rewritten(parts: dict[str, bytes], **edits: ooxml.Edit) -> dict[str, bytes]:
    out = io.BytesIO()
    ooxml.rewrite(package(parts), out, finished_at=AT, edits=edits)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_order_and_time_of_entries_do_not_matter() -> None:
    parts = {"b.xml": b"<b/>", "a.xml": b"<a/>"}
    first, second = io.BytesIO(), io.BytesIO()
    ooxml.rewrite(package(parts), first, finished_at=AT)
    ooxml.rewrite(package(dict(sorted(parts.items())), (2026, 5, 5, 5, 5, 4)), second, finished_at=AT)
    assert first.getvalue() == second.getvalue()


def test_document_dates_become_the_snapshot_s_also_inside_embedded_workbooks() -> None:
    core = b'<p><dcterms:created xsi:type="dcterms:W3CDTF">2031-01-01T00:00:00Z</dcterms:created></p>'
    inner = package({"docProps/core.xml": core}).getvalue()
    out = rewritten({"docProps/core.xml": core, "ppt/embeddings/Microsoft_Excel_Sheet.xlsx": inner})
    assert b"2026-11-01T05:00:00Z" in out["docProps/core.xml"]
    with zipfile.ZipFile(io.BytesIO(out["ppt/embeddings/Microsoft_Excel_Sheet.xlsx"])) as archive:
        assert b"2026-11-01T05:00:00Z" in archive.read("docProps/core.xml")


def test_document_dates_are_utc_wherever_the_snapshot_was_made() -> None:
    out = io.BytesIO()
    core = b"<dcterms:modified>x</dcterms:modified>"
    local = AT.astimezone(timezone(timedelta(hours=9)))
    ooxml.rewrite(package({"docProps/core.xml": core}), out, finished_at=local)
    with zipfile.ZipFile(out) as archive:
        assert archive.read("docProps/core.xml") == b"<dcterms:modified>2026-11-01T05:00:00Z</dcterms:modified>"


def test_an_edit_of_a_part_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"no part xl/none\.xml"):
        rewritten({"a.xml": b""}, **{"xl/none.xml": lambda content: content})


def test_rows_are_added_after_those_that_are_there_and_edits_come_after_the_rows() -> None:
    name = "xl/worksheets/sheet1.xml"
    sheet = b"<worksheet><sheetData><row/></sheetData><tableParts/></worksheet>"
    out = io.BytesIO()
    rows = {name: iter([b"<row1/>", b"<row2/>"])}
    ooxml.rewrite(package({name: sheet}), out, finished_at=AT, edits={name: ooxml.text_numbers("A6:A9")}, rows=rows)
    mark = b'<ignoredErrors><ignoredError sqref="A6:A9" numberStoredAsText="1"/></ignoredErrors>'
    with zipfile.ZipFile(out) as archive:
        assert archive.read(name) == (
            b"<worksheet><sheetData><row/><row1/><row2/></sheetData>" + mark + b"<tableParts/></worksheet>"
        )


def test_descriptions_are_escaped() -> None:
    drawing = b'<d><xdr:cNvPr id="1" name="Chart 1"/><xdr:cNvPr id="2" name="Chart 2"></xdr:cNvPr></d>'
    out = ooxml.alt_texts(['a "quoted" <b>', "second\x07"])(drawing).decode()
    assert "descr='a \"quoted\" &lt;b&gt;'/>" in out
    assert 'name="Chart 2" descr="second⟨U+0007⟩">' in out


@pytest.mark.parametrize("text", ["_x0041_", "_x0041_x000A_", "_x005F_x0041_", "__x0041__", "_x41_", "x0041", ""])
def test_what_looks_like_an_escape_comes_back_as_it_was(text: str) -> None:
    read = re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), ooxml.xstring(text))
    assert read == text


def test_a_folder_that_does_not_exist_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "none" / "pack.xlsx"
    with pytest.raises(WriteError, match=r"pack\.xlsx could not be written: No such file or directory") as caught:
        write_workbook(sample_pack(), path)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sesreport.report.workbook.writer.rewrite", full)
    with pytest.raises(WriteError, match="No space left on device"):
        write_workbook(sample_pack(), tmp_path / "pack.xlsx")
    assert list(tmp_path.iterdir()) == []
