"""Geometry and type: nothing off the slide, nothing over anything else, no text larger than its box."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from pptx.util import Emu, Inches, Pt

from sesreport.report.deck.grid import TITLE_SIZE, WIDTH
from sesreport.report.deck.textfit import LINE, width, wrap

SLACK = Inches(0.01)


def factor(deck: Any) -> float:
    """How large the deck is beside the 13.333-inch design; type scales with it."""
    return float(deck.slide_width / Inches(WIDTH))


def box(shape: Any) -> tuple[int, int, int, int]:
    return shape.left, shape.top, shape.left + shape.width, shape.top + shape.height


def test_no_shape_is_off_the_slide(any_deck: Any) -> None:
    for number, slide in enumerate(any_deck.slides, 1):
        for shape in slide.shapes:
            left, top, right, bottom = box(shape)
            assert left >= 0 and top >= 0, (number, shape.name)
            assert right <= any_deck.slide_width + SLACK, (number, shape.name)
            assert bottom <= any_deck.slide_height + SLACK, (number, shape.name)


def test_no_two_shapes_overlap(any_deck: Any) -> None:
    for number, slide in enumerate(any_deck.slides, 1):
        for one, other in combinations(slide.shapes, 2):
            a, b = box(one), box(other)
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            assert across <= SLACK or down <= SLACK, (number, one.name, other.name)


def test_every_text_fits_its_box(any_deck: Any) -> None:
    for number, slide in enumerate(any_deck.slides, 1):
        for shape in slide.shapes:
            if shape.has_text_frame:
                inset = Emu(shape.text_frame.margin_left + shape.text_frame.margin_right).inches
                needed = _height(shape.text_frame, Emu(shape.width).inches - inset)
                assert needed <= Emu(shape.height).inches + 0.01, (number, shape.name, shape.text_frame.text)


def test_every_table_fits_its_rows_and_its_place(any_deck: Any) -> None:
    for number, slide in enumerate(any_deck.slides, 1):
        for shape in slide.shapes:
            if not shape.has_table:
                continue
            table = shape.table
            assert sum(row.height for row in table.rows) <= shape.height + SLACK, number
            for row in table.rows:
                for cell, column in zip(row.cells, table.columns, strict=True):
                    across = Emu(column.width - cell.margin_left - cell.margin_right).inches
                    needed = _height(cell.text_frame, across)
                    assert needed <= Emu(row.height).inches + 0.01, (number, cell.text_frame.text)


def test_no_type_is_smaller_than_14_points_and_on_page_one_than_12(any_deck: Any) -> None:
    smallest = factor(any_deck) - 1e-3
    for number, slide in enumerate(any_deck.slides):
        least = 14 if number else 12
        for shape in slide.shapes:
            frames = [shape.text_frame] if shape.has_text_frame and shape != slide.shapes.title else []
            if shape.has_table:
                frames += [cell.text_frame for row in shape.table.rows for cell in row.cells]
            for frame in frames:
                for paragraph in frame.paragraphs:
                    assert all(
                        run.font.size is not None and run.font.size >= Pt(least) * smallest for run in paragraph.runs
                    )
            if shape.has_chart:
                sizes = [int(e.get("sz")) for e in shape.chart._chartSpace.iter("{*}defRPr", "{*}rPr") if e.get("sz")]
                assert sizes and min(sizes) >= 1400 * smallest


def _height(frame: Any, across: float) -> float:
    """Inches that the paragraphs of a text frame take at a width."""
    total = 0.0
    for paragraph in frame.paragraphs:
        run = paragraph.runs[0] if paragraph.runs else None
        size = run.font.size.pt if run is not None and run.font.size is not None else TITLE_SIZE
        bold = bool(run is not None and (run.font.bold or run.font.size is None))
        lines = [line for part in paragraph.text.split("\v") for line in wrap(part, across, size, bold=bold)]
        assert all(width(line, size, bold=bold) <= across + 0.01 for line in lines)
        total += len(lines) * size * LINE / 72 + (paragraph.space_after.inches if paragraph.space_after else 0)
    return total
