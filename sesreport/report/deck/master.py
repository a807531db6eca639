"""The presentation a deck starts from: python-pptx's own, made 16:9 and quiet, or the user's template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PackageNotFoundError
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches

from sesreport.core.errors import ConfigError
from sesreport.report.contents import Branding
from sesreport.report.deck.grid import HEIGHT, LEFT, RIGHT, TITLE_SIZE, WIDTH, Box
from sesreport.report.deck.scale import factor

FONT = "Arial"
NO_WIDER = frozenset(
    {"arial", "helvetica", "helvetica neue", "liberation sans", "calibri", "carlito", "aptos", "arial narrow",
     "times new roman", "cambria", "garamond", "gill sans mt", "franklin gothic book"}
)  # fmt: skip
"""Typefaces whose text takes no more room than Arial's, in which texts are measured."""
LAYOUT_NAMES = ("sesreport", "title only")
"""A template's layout for every slide, by name in any letter case; else its first layout that has a title."""
_KEPT = ("Title Slide", "Title and Content", "Title Only", "Blank")
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)


def start(branding: Branding) -> tuple[Any, Any, Box | None]:
    """An empty presentation, the layout for its slides, and the template's title place in the design's inches.

    The place is None without a template. Raises ConfigError for a template that cannot be used.
    """
    if branding.deck_template is None:
        deck = Presentation()
        _make_wide(deck)
        _restyle(deck, branding.accent.lstrip("#").upper())
        return deck, _layout(deck, "the built-in deck"), None
    template = Path(branding.deck_template)
    try:
        deck = Presentation(str(template.absolute()))  # so that it says where a file was looked for
    except (PackageNotFoundError, KeyError, ValueError, OSError, etree.XMLSyntaxError) as error:
        raise ConfigError(f"report.deck_template {template} is not a .pptx that can be opened: {error}") from error
    _drop_slides(deck)
    layout = _layout(deck, str(template))
    title = next(shape for shape in layout.placeholders if shape.placeholder_format.type in _TITLES)
    if deck.slide_width is None or deck.slide_height is None:
        raise ConfigError(f"report.deck_template {template} does not say how large its slides are: set its slide size")
    by = factor(deck.slide_width.inches, deck.slide_height.inches)
    inches = [Emu(value).inches / by for value in (title.left, title.top, title.width, title.height)]
    return deck, layout, Box(*inches)


def keep_measured(deck: Any) -> None:
    """Set our texts in Arial when the template's own typefaces are, or may be, wider than what was measured."""
    theme = etree.fromstring(deck.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME).blob)
    faces = {latin.get("typeface", "").casefold() for font in ("a:majorFont", "a:minorFont")
             for latin in theme.iterfind(f".//{{{_A}}}{font[2:]}/{{{_A}}}latin")}  # fmt: skip
    if faces <= NO_WIDER:
        return
    for slide in deck.slides:
        for shape in slide.shapes:
            frames = [shape.text_frame] if shape.has_text_frame else []
            if shape.has_table:
                frames += [cell.text_frame for row in shape.table.rows for cell in row.cells]
            for run in (run for frame in frames for paragraph in frame.paragraphs for run in paragraph.runs):
                run.font.name = FONT


def _layout(deck: Any, where: str) -> Any:
    titled = [
        layout
        for layout in deck.slide_layouts
        if any(shape.placeholder_format.type in _TITLES for shape in layout.placeholders)
    ]
    for name in LAYOUT_NAMES:
        for layout in titled:
            if layout.name.strip().casefold() == name:
                return layout
    if not titled:
        raise ConfigError(f"report.deck_template {where} has no layout with a title: add one named {LAYOUT_NAMES[0]!r}")
    return titled[0]


def _drop_slides(deck: Any) -> None:
    """A template's example slides are not ours to show."""
    listed = deck.slides._sldIdLst
    for slide in list(listed):
        deck.part.drop_rel(slide.get(qn("r:id")))
        listed.remove(slide)


def _make_wide(deck: Any) -> None:
    for layout in list(deck.slide_layouts):
        if layout.name not in _KEPT:
            deck.slide_layouts.remove(layout)
    across, down = Inches(WIDTH) / deck.slide_width, Inches(HEIGHT) / deck.slide_height
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    for holder in (deck.slide_master, *deck.slide_layouts):
        for off in holder._element.iter(qn("a:off")):
            off.set("x", str(round(int(off.get("x")) * across)))
            off.set("y", str(round(int(off.get("y")) * down)))
        for ext in holder._element.iter(qn("a:ext")):
            if ext.get("cx"):
                ext.set("cx", str(round(int(ext.get("cx")) * across)))
                ext.set("cy", str(round(int(ext.get("cy")) * down)))


def _restyle(deck: Any, accent: str) -> None:
    """Titles flush left, bold, in the accent; Arial throughout; a thin accent rule at the top of every slide."""
    master = deck.slide_master
    theme = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    tree = etree.fromstring(theme.blob)
    for latin in tree.iter(qn("a:latin")):
        latin.set("typeface", FONT)
    for color in tree.iter(qn("a:accent1")):
        for child in list(color):
            color.remove(child)
        etree.SubElement(color, qn("a:srgbClr")).set("val", accent)
    theme._blob = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    for level in master._element.iter(qn("p:titleStyle")):
        paragraph = level.find(qn("a:lvl1pPr"))
        paragraph.set("algn", "l")
        run = paragraph.find(qn("a:defRPr"))
        run.set("sz", str(TITLE_SIZE * 100))
        run.set("b", "1")
        for fill in run.findall(qn("a:solidFill")):
            for child in list(fill):
                fill.remove(child)
            etree.SubElement(fill, qn("a:srgbClr")).set("val", accent)
    for holder in (
        master,
        *(layout for layout in deck.slide_layouts if layout.name in ("Title Only", "Title and Content")),
    ):
        for shape in holder.placeholders:
            if shape.placeholder_format.type in _TITLES:
                shape.left, shape.top = Inches(LEFT), Inches(0.42)
                shape.width, shape.height = Inches(RIGHT - LEFT), Inches(0.97)
                shape.text_frame._txBody.bodyPr.set("anchor", "t")
                for side in ("lIns", "rIns", "tIns", "bIns"):
                    shape.text_frame._txBody.bodyPr.set(side, "0")
    _rule(master, accent)


def _rule(master: Any, accent: str) -> None:
    shape = etree.fromstring(
        f'<p:sp xmlns:p="{_P}" xmlns:a="{_A}"><p:nvSpPr><p:cNvPr id="99" name="Accent rule"/>'
        '<p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/>'
        f'<a:ext cx="{Inches(WIDTH)}" cy="{Inches(0.12)}"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:srgbClr val="{accent}"/></a:solidFill>'
        "<a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
    )
    tree = master.shapes._spTree
    tree.insert(2, shape)


_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
