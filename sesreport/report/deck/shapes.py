"""What shapes on slides are made with: positions and paragraphs."""

from __future__ import annotations

from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.text import PP_ALIGN
from pptx.util import Inches, Pt

from sesreport.report.deck.grid import Box


def emu(box: Box) -> tuple[int, int, int, int]:
    """Left, top, width and height as python-pptx takes them."""
    return Inches(box.left), Inches(box.top), Inches(box.width), Inches(box.height)


def paragraph(frame: Any, text: str, size: float, color: str, bold: bool, *, first: bool) -> Any:
    """Writes the first paragraph of a text frame, or adds one."""
    made = frame.paragraphs[0] if first else frame.add_paragraph()
    made.text = text.replace("\n", "\v")
    made.alignment = PP_ALIGN.LEFT
    for run in made.runs:
        run.font.size, run.font.bold = Pt(size), bold
        run.font.color.rgb = RGBColor.from_string(color)
    return made
