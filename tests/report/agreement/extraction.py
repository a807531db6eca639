"""What the outputs of one pack say, read from the files by programs that did not write them.

A :class:`Text` is a title, heading, sentence, caption or alternative text; a :class:`Table` has its header and rows as
they are shown; :class:`Bars` are the marks of a native chart. ``where`` says where it stands.
"""

from __future__ import annotations

import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from lxml import etree
from lxml import html as lxml_html
from openpyxl import load_workbook
from pptx import Presentation

from sesreport.core.period import Period
from sesreport.report.delivery.message import message
from sesreport.report.delivery.parcel import open_parcel

PERIOD = "2026-10"
FILE = f"ses-governance-{PERIOD}"
BLOCKS = "//ul[@class='cards']/li | //dl/div | //h1 | //h2 | //h3 | //p | //figcaption | //summary | //title | //pre"
_DRAWN = {"c": "http://schemas.openxmlformats.org/drawingml/2006/chart"}


@dataclass(frozen=True)
class Text:
    """A piece of text."""

    output: str
    where: str
    text: str

    @property
    def is_title(self) -> bool:
        """Whether its numbers may be words: ``Six unknown accounts``."""
        return self.output == "deck" and self.where.endswith(", title")


@dataclass(frozen=True)
class Table:
    """A table; in a page the rows that stand in it, and those a script draws, are two tables."""

    output: str
    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Bars:
    """The marks of a native chart: values by series and category, and which of them are highlighted in red or amber."""

    output: str
    where: str
    title: str
    categories: tuple[str, ...]
    series: dict[str, tuple[float | None, ...]]
    colors: tuple[str | None, ...]
    """Color of each mark of the first series where it has one of its own."""
    embedded: dict[str, tuple[float | None, ...]]
    """The values by series in the workbook that opens when the chart is edited."""


@dataclass(frozen=True)
class Plot:
    """A chart of the workbook: the cells it draws."""

    title: str
    cells: tuple[str, ...]


Said = Text | Table | Bars


def workbook(pack: Path) -> Iterator[Said]:
    """Every sheet: the three lines above its table, the table, and what its charts are called and described as."""
    book = _opened(pack)
    yield Text("workbook", "properties", _line(f"{book.properties.title} {book.properties.subject}"))
    for sheet in book:
        for part in (sheet.oddFooter.left, sheet.oddFooter.center):
            yield Text("workbook", f"{sheet.title}, footer", _line(part.text))
        for row in range(1, 4):
            if sheet.cell(row, 1).value:
                yield Text("workbook", f"{sheet.title}, A{row}", _line(sheet.cell(row, 1).value))
        reference = next(iter(sheet.tables.values())).ref
        last = int(re.sub(r"\D", "", reference.split(":")[1]))
        rows = [tuple(row) for row in sheet.iter_rows(min_row=5, max_row=last, values_only=True)]
        yield Table("workbook", sheet.title, tuple(map(str, rows[0])), tuple(rows[1:]))
    with zipfile.ZipFile(pack / f"{FILE}.xlsx") as archive:
        for name in sorted(n for n in archive.namelist() if n.startswith("xl/drawings/drawing")):
            for number, text in enumerate(etree.fromstring(archive.read(name)).xpath("//@descr"), 1):
                yield Text("workbook", f"{name}, chart {number}", _line(text))


def plots(pack: Path) -> list[Plot]:
    """The workbook's charts, by the cells they refer to."""
    with zipfile.ZipFile(pack / f"{FILE}.xlsx") as archive:
        charts = [etree.fromstring(archive.read(n)) for n in archive.namelist() if n.startswith("xl/charts/chart")]
    return [
        Plot(
            "".join(chart.xpath("//c:chart/c:title//text()", namespaces=_DRAWN)).strip(),
            tuple(chart.xpath("//c:ser/c:val//c:f/text()", namespaces=_DRAWN)),
        )
        for chart in charts
    ]


@cache
def links(pack: Path) -> dict[str, str]:
    """The sheet that the scorecard's link leads to, by KPI."""
    sheet = _opened(pack)["Scorecard"]
    header = [cell.value for cell in sheet[5]]
    return {
        row[0].value: row[header.index("Details")].hyperlink.location.split("!")[0].strip("'")
        for row in sheet.iter_rows(min_row=6)
        if row[0].value
    }


@cache
def _opened(pack: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl cannot keep sparklines
        return load_workbook(pack / f"{FILE}.xlsx")


def deck(pack: Path) -> Iterator[Said]:
    """Every slide: the text of each shape as a whole, tables, charts, alternative texts and notes."""
    opened = Presentation(str(pack / f"{FILE}.pptx"))
    about = opened.core_properties
    yield Text("deck", "properties", _line(f"{about.title} {about.subject}"))
    for number, slide in enumerate(opened.slides, 1):
        title = slide.shapes.title.text_frame.text
        for shape in slide.shapes:
            where = f"slide {number}, {'title' if shape == slide.shapes.title else shape.name}"
            described = shape._element.xpath(".//p:cNvPr/@descr")
            if described and described[0]:
                yield Text("deck", f"{where}, described", _line(described[0]))
            if shape.has_text_frame and shape.name != "Page":
                yield Text("deck", where, _line(shape.text_frame.text))
            elif shape.has_table:
                rows = [tuple(_line(cell.text_frame.text) for cell in row.cells) for row in shape.table.rows]
                yield Table("deck", where, rows[0], tuple(rows[1:]))
            elif shape.has_chart:
                yield _bars(shape.chart, where, title)
        for paragraph in slide.notes_slide.notes_text_frame.text.splitlines():
            yield Text("deck", f"slide {number}, notes", _line(paragraph))


def _line(text: object) -> str:
    """The text on one line."""
    return " ".join(str(text).split())


def _bars(chart: Any, where: str, title: str) -> Bars:
    plot = chart.plots[0]
    first = plot.series[0]
    colors: list[str | None] = []
    for index in range(len(first.values)):
        fill = first.points[index].format.fill
        colors.append(str(fill.fore_color.rgb) if fill.type is not None else None)
    series = {each.name: tuple(each.values) for one in chart.plots for each in one.series}
    labels = tuple(" ".join(str(label).split()) for label in plot.categories)
    return Bars("deck", where, title, labels, series, tuple(colors), _embedded(chart, list(series)))


def _embedded(chart: Any, names: list[str]) -> dict[str, tuple[float | None, ...]]:
    sheet = load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob), read_only=True).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    return {name: tuple(row[header.index(name)] for row in rows) for name in names}


def page(pack: Path) -> Iterator[Said]:
    """The HTML report: what stands in it, what its charts describe, and the rows that its script draws."""
    return _page("page", lxml_html.parse(str(pack / f"{FILE}.html")).getroot())


def copies(pack: Path) -> Iterator[Said]:
    """The reader's copies of the executed notebooks."""
    for path in _of_the_pack(pack, "html"):
        yield from _page(f"copy of {path.stem}", lxml_html.fromstring(path.read_bytes()))


def _page(output: str, root: Any) -> Iterator[Said]:
    """Charts by what they describe, tables, the rows a script draws, and then each block of text as a whole."""
    for svg in root.xpath("//*[local-name()='svg']"):
        parts = svg.xpath("./*[local-name()='title' or local-name()='desc']")
        yield Text(output, _place(parts[0]), _line(". ".join(part.text for part in parts)))
        _drop(svg)
    for label in root.xpath("//img/@alt | //@aria-label | //@title"):
        yield Text(output, "label", _line(label))
    for script in root.xpath("//script[@type='application/json']"):
        columns = [_decoded(column) for column in json.loads(script.text)["columns"]]
        yield Table(output, f"{_place(script)}, whole", _header(script.getparent()), tuple(zip(*columns, strict=True)))
    for table in root.xpath("//table[not(.//table)]"):
        yield _table(table, output, _place(table))
        _drop(table)
    for junk in root.xpath("//script | //style"):
        _drop(junk)
    for block in root.xpath(BLOCKS):
        if _line(" ".join(block.itertext())) and not any(parent.get("told") for parent in block.iterancestors()):
            block.set("told", "yes")
            yield Text(output, f"{_place(block)}, {block.tag}", _line(" ".join(block.itertext())))
    for text in root.xpath("//text()[normalize-space() and not(ancestor::*[@told])]"):
        yield Text(output, f"{_place(text.getparent())}, {text.getparent().tag}", _line(text))


def drawn(pack: Path) -> dict[str, list[str]]:
    """The words and numbers inside each chart of the page, by the chart's id."""
    root = lxml_html.parse(str(pack / f"{FILE}.html")).getroot()
    return {
        str(svg.get("aria-labelledby", "").split()[0]): [
            "".join(text.itertext()) for text in svg.xpath(".//*[local-name()='text']")
        ]
        for svg in root.xpath("//*[local-name()='svg']")
    }


def _place(element: Any) -> str:
    ids = element.xpath("ancestor-or-self::*[@id]/@id")
    return str(ids[-1]) if ids else "body"


def _drop(element: Any) -> None:
    """Takes an element out; the text behind it stays."""
    parent, tail = element.getparent(), element.tail or ""
    if parent is None:
        return
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _header(holder: Any) -> tuple[str, ...]:
    return tuple(" ".join(head.itertext()).strip() for head in holder.xpath(".//thead//th"))


def _table(table: Any, output: str, where: str) -> Table:
    rows = [_cells(row) for row in table.xpath(".//tbody/tr")]
    heads = table.xpath(".//thead/tr")
    return Table(output, where, _cells(heads[0]) if heads else (), tuple(rows))


def _cells(row: Any) -> tuple[str, ...]:
    return tuple(_line(" ".join(cell.itertext())) for cell in row.xpath("./th | ./td"))


def _decoded(column: Any) -> list[Any]:
    """A column of the rows a script draws: values, or indexes of a list of texts; below zero there is none."""
    values = column["values"]
    if "texts" not in column:
        return list(values)
    return [column["texts"][index] if index >= 0 else None for index in values]


def mail(pack: Path) -> Iterator[Said]:
    """The message that tells of the pack: subject, HTML and plain text."""
    parcel = open_parcel(pack.parent, Period.of(PERIOD), now=datetime(2026, 11, 3, tzinfo=UTC))
    made = message(parcel, sender="a@example.com", from_name="", to=["b@example.com"])
    yield Text("mail", "subject", str(made["Subject"]))
    for kind in ("plain", "html"):
        body = made.get_body((kind,))
        assert body is not None
        content = body.get_content()
        if kind == "html":
            yield from _page("mail", lxml_html.fromstring(content))
        else:
            yield Text("mail in plain text", "body", _line(content))


def terminal(printed: str) -> Iterator[Said]:
    """What the command printed."""
    yield Text("terminal", "output", _line(printed))


def _of_the_pack(pack: Path, ending: str) -> list[Path]:
    """The notebooks without the one about what is not so: its numbers are of a snapshot that it imagines."""
    every = sorted((pack / "notebooks").glob(f"*.{ending}"))
    return [path for path in every if path.stem != "70_what_if"]


def notebooks(pack: Path) -> Iterator[Said]:
    """Outputs of the executed notebooks: printed lines, tables, and the descriptions of charts."""
    for path in _of_the_pack(pack, "ipynb"):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells, 1):
            for output in cell.get("outputs", []):
                where = f"cell {number}"
                data = output.get("data", {})
                if "text/html" in data:
                    root = lxml_html.fromstring(data["text/html"])
                    yield from (_table(table, path.stem, where) for table in root.iter("table"))
                described = output.get("metadata", {}).get("image/png", {}).values()
                plain = "" if "text/html" in data else data.get("text/plain", "")
                for text in (output.get("text", ""), *described, plain):
                    if text.strip():
                        yield Text(path.stem, where, _line(text))


def everything(pack: Path, printed: str) -> list[Said]:
    """All that is said in any output."""
    return [
        *workbook(pack), *deck(pack), *page(pack), *mail(pack), *terminal(printed), *notebooks(pack), *copies(pack),
    ]  # fmt: skip
