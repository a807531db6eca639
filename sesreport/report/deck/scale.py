"""From the design's size to the template's: positions, type and lines shrink or grow together.

Slides are laid out 13.333 inches wide. On a template that is smaller everything is made smaller by the same factor,
as PowerPoint does when a slide's size changes, so the deck looks the same on a screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pptx.oxml.ns import qn

from sesreport.report.deck.grid import HEIGHT, WIDTH

_ATTRIBUTES = {
    "a:off": ("x", "y"),
    "a:ext": ("cx", "cy"),
    "a:gridCol": ("w",),
    "a:tr": ("h",),
    "a:bodyPr": ("lIns", "tIns", "rIns", "bIns"),
    "a:tcPr": ("marL", "marR", "marT", "marB"),
    "a:ln": ("w",),
    "a:lnB": ("w",),
    "a:rPr": ("sz",),
    "a:defRPr": ("sz",),
    "a:endParaRPr": ("sz",),
    "a:spcPts": ("val",),
}


def factor(width: float, height: float) -> float:
    """How large a slide of that size (inches) is beside the design."""
    return min(width / WIDTH, height / HEIGHT)


def apply(deck: Any, by: float) -> None:
    """Scale what was laid out for the design, on every slide and in every chart."""
    if abs(by - 1) < 1e-6:
        return
    for element in _trees(deck):
        for tag, names in _ATTRIBUTES.items():
            for found in element.iter(qn(tag)):
                for name in names:
                    if found.get(name) is not None:
                        found.set(name, str(round(int(found.get(name)) * by)))


def _trees(deck: Any) -> Iterator[Any]:
    for slide in deck.slides:
        yield slide._element
        for shape in slide.shapes:
            if shape.has_chart:
                yield shape.chart._chartSpace
