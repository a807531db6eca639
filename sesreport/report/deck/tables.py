"""Native tables: how wide and tall their columns and rows are, and over how many slides they go."""

from __future__ import annotations

import dataclasses
from typing import Any

from lxml import etree
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches

from sesreport.core.text import marked
from sesreport.report.deck.description import Cell, SlideTable
from sesreport.report.deck.grid import INSET, SMALL_SIZE, TEXT_SIZES, Box
from sesreport.report.deck.shapes import emu, paragraph
from sesreport.report.deck.textfit import LINE, fit, width, wrap
from sesreport.report.workbook.styles import INK, on

HAIRLINE = "D9DEE4"
ROW_PAD = 0.08
"""Inches a table row has at least beyond its text."""
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def add(slide: Any, body: SlideTable, box: Box, accent: str) -> None:
    """Adds a native table, in the largest type in which nothing is shortened."""
    rows = len(body.rows) + 1
    size = next((each for each in TEXT_SIZES[1:] if _suits(body, box, each)), SMALL_SIZE)
    across = _across(body, box.width, size)
    line = size * LINE / 72
    needed = [_lines(row, across, body.lines, size) for row in body.rows]
    spare = (box.height - line * (sum(needed) + 1)) / rows
    pad = max(0.02, min(0.2, spare))
    heights = [line + pad, *(line * lines + pad for lines in needed)]
    frame = slide.shapes.add_table(
        rows, len(across), *emu(Box(box.left, box.top, box.width, min(sum(heights), box.height)))
    )
    frame.name = "Table"
    frame._element.nvGraphicFramePr.cNvPr.set("descr", marked(body.alt)[:2000])
    table = frame.table
    _plain_style(table)
    for i, column_width in enumerate(across):
        table.columns[i].width = Inches(column_width)
    for i, height in enumerate(heights):
        table.rows[i].height = Inches(height)
    for i, header in enumerate(body.headers):
        _fill(table.cell(0, i), Cell(header, fill=accent, bold=True), across[i], 1, size, i in body.right)
    for r, row in enumerate(body.rows, 1):
        for i, cell in enumerate(row):
            _fill(table.cell(r, i), cell, across[i], body.lines, size, i in body.right)


def parts(body: SlideTable, box: Box) -> list[SlideTable]:
    """The table over as many slides as it is too tall for, as evenly as its rows allow."""
    across = _across(body, box.width, SMALL_SIZE)
    line = SMALL_SIZE * LINE / 72
    heights = [line * _lines(row, across, body.lines, SMALL_SIZE) + ROW_PAD for row in body.rows]
    room = box.height - line - ROW_PAD
    for count in range(1, len(heights) + 1):
        each = -(-len(heights) // count)
        starts = range(0, len(heights), each)
        if all(sum(heights[at : at + each]) <= room for at in starts):
            break
    if count == 1:
        return [body]
    return [dataclasses.replace(body, rows=body.rows[at : at + each]) for at in starts]


def _fill(cell: Any, content: Cell, across: float, lines: int, size: float, right: bool) -> None:
    fill = (content.fill or "#FFFFFF").lstrip("#")
    cell.fill.solid()
    cell.fill.fore_color.rgb = RGBColor.from_string(fill)
    cell.margin_left = cell.margin_right = Inches(INSET)
    cell.margin_top = cell.margin_bottom = 0
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    text = fit(content.text, across - 2 * INSET, size, lines=lines, bold=content.bold or bool(content.fill))
    color = on(fill) if content.fill else INK
    told = paragraph(cell.text_frame, text, size, color, content.bold or bool(content.fill), first=True)
    told.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
    _underline(cell)


def _lines(row: tuple[Cell, ...], across: list[float], most: int, size: float) -> int:
    return min(most, max(_needed(cell, w, size) for cell, w in zip(row, across, strict=True)))


def _needed(cell: Cell, across: float, size: float) -> int:
    return len(wrap(marked(cell.text[:2000]), across - 2 * INSET, size, bold=cell.bold or bool(cell.fill)))


def _breaks_word(cell: Cell, across: float, size: float) -> bool:
    return any(
        width(word, size, bold=cell.bold or bool(cell.fill)) > across - 2 * INSET for word in cell.text[:2000].split()
    )


def _across(body: SlideTable, across: float, size: float) -> list[float]:
    """Column widths: what the content needs on one line where that is enough, else the declared shares."""
    shares = [share / sum(body.widths) for share in body.widths]
    if body.lines == 1:
        rows = (tuple(Cell(header, bold=True) for header in body.headers), *body.rows)
        needed = [
            max(width(cell.text[:200], size, bold=cell.bold or bool(cell.fill)) for cell in column) + 2 * INSET + 0.05
            for column in zip(*rows, strict=True)
        ]
        spare = across - sum(needed)
        if spare >= 0:
            return [least + spare * share for least, share in zip(needed, shares, strict=True)]
    return [across * share for share in shares]


def _suits(body: SlideTable, box: Box, size: float) -> bool:
    """Whether the whole table can be shown at that size with nothing shortened and no word broken."""
    across = _across(body, box.width, size)
    headers = tuple(Cell(header, bold=True) for header in body.headers)
    whole = all(
        _needed(cell, w, size) <= (1 if row is headers else body.lines) and not _breaks_word(cell, w, size)
        for row in (headers, *body.rows)
        for cell, w in zip(row, across, strict=True)
    )
    lines = 1 + sum(_lines(row, across, body.lines, size) for row in body.rows)
    return whole and lines * size * LINE / 72 + ROW_PAD * (len(body.rows) + 1) <= box.height


def _plain_style(table: Any) -> None:
    """No banding and PowerPoint's "No Style, No Grid" (a GUID that every version knows)."""
    table.horz_banding = False
    table.first_row = True
    style = table._tbl.tblPr.find(f"{{{_A}}}tableStyleId")
    if style is not None:
        style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


def _underline(cell: Any) -> None:
    """A hairline below the cell and nothing around it (``a:lnB`` comes before the fill)."""
    properties = cell._tc.get_or_add_tcPr()
    line = etree.fromstring(
        f'<a:lnB xmlns:a="{_A}" w="9525"><a:solidFill><a:srgbClr val="{HAIRLINE}"/></a:solidFill></a:lnB>'
    )
    properties.insert(0, line)
