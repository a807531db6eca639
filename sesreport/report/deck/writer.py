"""Puts slides together: descriptions in, a .pptx file out."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE, PP_PLACEHOLDER
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from sesreport.core.files import write_whole
from sesreport.core.text import marked
from sesreport.kpis import words
from sesreport.kpis.results import Kpi
from sesreport.report.contents import Pack
from sesreport.report.deck import charts, master, scale, tables
from sesreport.report.deck.description import Headline, Nothing, SlideChart, SlideContent, SlideTable
from sesreport.report.deck.grid import DENSE_SIZE, INSET, SMALL_SIZE, SUBTITLE_SIZE, TEXT_SIZE, TITLE_SIZE, Box, Grid
from sesreport.report.deck.shapes import emu, paragraph
from sesreport.report.deck.textfit import LINE, fit, wrap
from sesreport.report.deck.titles import limited
from sesreport.report.ooxml import KEYWORDS, brief, moment, rewrite
from sesreport.report.workbook.styles import INK, MUTED, on

PANEL = "F3F5F7"
_Part = tuple[str, float, str, bool]
"""A paragraph: text, points, color, bold."""
TITLE_SIZES = (28, 26, 24, 22, 20, 18, 16, 14)
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
LINES_GAP = 2
"""Points between two lines of page one."""
ANSWERED = 2
"""Sentences that page one tells before more of what happened: the cost, and whether we are safer."""
TILES, TILE_HEAD = 1.26, 0.64
"""Inches of its tiles, and of their upper part."""
FOOT = 0.42
"""Of a slide's body, for a table below charts."""
NOTES_LIMIT = 12_000
"""Characters of speaker notes."""


def write(slides: list[SlideContent], pack: Pack, path: Path) -> None:
    """Write the slides as one .pptx; whole or not at all. Raises WriteError and, for a template, ConfigError."""
    deck, layout, title_place = master.start(pack.branding)
    results = pack.results
    finished_at = moment(results.snapshot.finished_at)
    about = deck.core_properties
    about.title, about.subject = brief(f"{results.title}, {results.period_name}"), brief(results.headline)
    about.author = about.last_modified_by = f"sesreport {results.snapshot.tool_version}"
    about.category, about.keywords = brief(results.classification), KEYWORDS
    about.created = about.modified = finished_at.astimezone(UTC).replace(tzinfo=None)
    by = scale.factor(Emu(deck.slide_width).inches, Emu(deck.slide_height).inches)
    size = (Emu(deck.slide_width).inches / by, Emu(deck.slide_height).inches / by)
    pages = [page for content in slides for page in _pages(content, size, title_place)]
    for number, content in enumerate(pages, 1):
        _Slide(deck.slides.add_slide(layout), size, title_place, pack, number).write(content)
    scale.apply(deck, by)
    master.keep_measured(deck)
    staged = io.BytesIO()
    deck.save(staged)
    write_whole(path, lambda out: rewrite(staged, out, finished_at=finished_at))


class _Slide:
    """One slide while it is being made. Shapes are added in reading order."""

    def __init__(self, slide: Any, size: tuple[float, float], title_place: Box | None, pack: Pack, number: int) -> None:
        self.slide, self.size = slide, size
        self.title_place, self.pack, self.number = title_place, pack, number
        self.accent = pack.branding.accent.lstrip("#").upper()

    def write(self, content: SlideContent) -> None:
        grid = self._title(content)
        self._text(grid.subtitle, content.subtitle, SUBTITLE_SIZE, name="Subtitle", color=MUTED)
        body = content.body
        if isinstance(body, Headline):
            across = grid.body.width - 2 * INSET
            basis = [fit(text, across, DENSE_SIZE, lines=2) for text in body.basis]
            above, foot = grid.body_and_foot(_height(basis, across, DENSE_SIZE, LINES_GAP) + 0.21)
            self._headline(body, above)
            parts = [(text, float(DENSE_SIZE), INK, False) for text in basis]
            self._panel(foot, parts, name="How sure we are", anchor=MSO_ANCHOR.MIDDLE, gap=LINES_GAP)
        elif isinstance(body, SlideTable):
            area = grid.body_above_takeaway if content.takeaway else grid.body
            tables.add(self.slide, body, area, self.accent)
            self._takeaway(content.takeaway, grid.takeaway)
        elif content.kpi is not None:
            area, panel = grid.body.split(0.7)
            self._charts(body, area)
            self._card(content.kpi, panel, content.kpi.reason)
        else:
            area = grid.body_above_takeaway if content.takeaway else grid.body
            if content.foot is not None:
                area, below = area.rows(area.height * (1 - FOOT), 0.15)
                self._charts(body, area)
                tables.add(self.slide, content.foot, below, self.accent)
            else:
                self._charts(body, area)
            self._takeaway(content.takeaway, grid.takeaway)
        self._footer(content, grid)
        notes = marked(content.notes)
        cut = notes if len(notes) <= NOTES_LIMIT else f"{notes[: NOTES_LIMIT - 1]}…"
        self.slide.notes_slide.notes_text_frame.text = cut

    def _title(self, content: SlideContent) -> Grid:
        grid = _grid(content.title, self.size, self.title_place)
        title = self.slide.shapes.title
        across = grid.title.width - 0.05
        if self.title_place is None:
            _place(title, grid.title)
            _frame(title, inset=0)
            title.text_frame.text = fit(content.title, across, TITLE_SIZE, lines=2, bold=True)
        else:
            self._template_title(title, content.title, grid.title)
        for shape in list(self.slide.placeholders):
            if shape.placeholder_format.type not in (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE):
                shape._element.getparent().remove(shape._element)
        return grid

    def _template_title(self, title: Any, text: str, box: Box) -> None:
        """The template's typeface and color, at a size that the place it gives has room for."""
        across, down = box.width - 2 * INSET, box.height - 0.1
        size = next((s for s in TITLE_SIZES if _height([text], across, s, 0, bold=True) <= down), SMALL_SIZE)
        lines = max(1, int(down * 72 / (size * LINE)))
        title.text_frame.text = fit(text, across, size, lines=lines, bold=True)
        title.text_frame.paragraphs[0].runs[0].font.size = Pt(size)

    def _text(
        self, box: Box, text: str, size: float, *, name: str, color: str = INK, bold: bool = False, align: Any = None
    ) -> Any:
        """A text box without insets, the text fitted to it."""
        shape = self.slide.shapes.add_textbox(*emu(box))
        shape.name = name
        frame = _frame(shape, inset=0)
        lines = max(1, int(box.height * 72 / (size * LINE)))
        paragraph(frame, fit(text, box.width - 0.05, size, lines=lines, bold=bold), size, color, bold, first=True)
        if align is not None:
            frame.paragraphs[0].alignment = align
        return shape

    def _charts(self, body: tuple[SlideChart, ...] | Nothing | SlideTable | Headline, box: Box) -> None:
        if isinstance(body, Nothing):
            self._panel(box, [(body.text, 20, MUTED, False)], name="No data", anchor=MSO_ANCHOR.MIDDLE)
        elif isinstance(body, tuple):
            for i, (chart, place) in enumerate(zip(body, box.shares([each.share for each in body]), strict=True), 1):
                if chart.heading:
                    heading, place = place.rows(0.36, 0.04)
                    self._text(heading, chart.heading, TEXT_SIZE, name=f"Chart heading {i}", bold=True)
                charts.add(self.slide, chart, place, f"Chart {i}")

    def _takeaway(self, text: str, box: Box) -> None:
        if text:
            self._panel(box, [(text, TEXT_SIZE, INK, False)], name="Takeaway", anchor=MSO_ANCHOR.MIDDLE)

    def _card(self, kpi: Kpi, box: Box, text: str) -> None:
        """A KPI with its status: a band in the status's color, the figures below it."""
        band, rest = box.rows(0.46)
        self._band(kpi, band)
        basis = kpi.coverage
        parts = [
            (words.value_of(kpi), 36, INK, True),
            (kpi.label, TEXT_SIZE, INK, True),
            (words.fraction(kpi), SMALL_SIZE, MUTED, False),
            ("No target" if kpi.target is None else f"Target {words.target(kpi)}", SMALL_SIZE, MUTED, False),
            (f"Change {words.change(kpi)}", SMALL_SIZE, MUTED, False),
            (text, 18, INK, False),
            (f"Owner: {kpi.owner or 'no owner'}", SMALL_SIZE, MUTED, False),
            (f"Rests on {basis.read:,} of {basis.expected:,} places", SMALL_SIZE, MUTED, False),
        ]
        parts = [part for part in parts if part[0]]
        self._panel(rest, parts, name="Takeaway", gap=8)

    def _band(self, kpi: Kpi, box: Box) -> None:
        fill = words.judgement_color(kpi).lstrip("#")
        shape = self._rectangle(box, fill, f"Status of {kpi.label}")
        frame = _frame(shape, anchor=MSO_ANCHOR.MIDDLE)
        paragraph(
            frame,
            fit(words.judgement(kpi), box.width - 2 * INSET, SMALL_SIZE, bold=True),
            SMALL_SIZE,
            on(fill),
            True,
            first=True,
        )

    def _panel(
        self,
        box: Box,
        parts: Sequence[_Part],
        *,
        name: str,
        anchor: Any = MSO_ANCHOR.TOP,
        gap: float = 6,
        fill: str = PANEL,
    ) -> None:
        """A quiet box of paragraphs; what does not fit is shortened, last paragraphs first to give way but one line."""
        shape = self._rectangle(box, fill, name)
        frame = _frame(shape, anchor=anchor)
        across = box.width - 2 * INSET
        for i, (text, size, color, bold) in enumerate(_fitted(parts, across, box.height - 0.2, gap)):
            told = paragraph(frame, text, size, color, bold, first=i == 0)
            told.space_after = Pt(gap if i < len(parts) - 1 else 0)

    def _rectangle(self, box: Box, fill: str, name: str) -> Any:
        shape = self.slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *emu(box))
        shape.name = brief(name)
        shape.fill.solid()
        shape.fill.fore_color.rgb = RGBColor.from_string(fill)
        shape.line.fill.background()
        shape._element.remove(shape._element.find(f"{{{_P}}}style"))  # the theme's shadow and outline
        return shape

    def _headline(self, body: Headline, box: Box) -> None:
        top, row = (box, None) if not body.kpis else box.rows(box.height - TILES - 0.1, 0.1)
        says, asks = top.split(0.52) if body.asks else (top, None)
        shape = self.slide.shapes.add_textbox(*emu(says))
        shape.name = "Verdict"
        frame = _frame(shape, inset=0)
        room = Box(says.left, says.top, says.width - 0.1, says.height - 0.05)
        parts = self._whole(room, "What happened", body.happened, body.more, body.answers)
        for i, (text, points, color, bold) in enumerate(_fitted(parts, room.width, room.height, LINES_GAP)):
            paragraph(frame, text, points, color, bold, first=i == 0).space_after = Pt(LINES_GAP)
        if asks is not None:
            within = Box(asks.left, asks.top, asks.width - 2 * INSET, asks.height - 0.2)
            lines = [f"{number}. {ask}" for number, ask in enumerate(body.asks, 1)]
            more = [words.more_asks(body.more_asks + sum(body.counts[shown:])) for shown in range(len(lines) + 1)]
            self._panel(asks, self._whole(within, "Asked of you", lines, more), name="Asked of you", gap=LINES_GAP)
        if row is not None:
            shown = body.kpis[:4]
            for kpi, place in zip(shown, row.columns(len(shown), 0.2), strict=True):
                self._tile(kpi, place)

    def _whole(
        self, box: Box, heading: str, lines: Sequence[str], more: Sequence[str], after: Sequence[str] = ()
    ) -> list[_Part]:
        """A heading, lines told whole, at least one, what is left out (``more`` by how many are shown), and ``after``.

        The first ANSWERED of ``after`` come before further lines, and further lines before the rest of it.
        """
        choices = [(shown, kept) for shown in range(len(lines), 0, -1) for kept in range(len(after), -1, -1)]
        for shown, kept in sorted(choices, key=lambda each: (min(each[1], ANSWERED), *each), reverse=True):
            parts: list[_Part] = [(heading, DENSE_SIZE, self.accent, True)]
            parts += [(line, DENSE_SIZE, INK, False) for line in lines[:shown]]
            parts += [(more[shown], DENSE_SIZE, MUTED, False)] if more[shown] else []
            parts += [(text, DENSE_SIZE, INK, False) for text in after[:kept]]
            if _height([text for text, *_ in parts], box.width, DENSE_SIZE, LINES_GAP) <= box.height:
                break
        return parts

    def _tile(self, kpi: Kpi, box: Box) -> None:
        """A number with its name on its status's color; below them the status, the target and what it was."""
        head, rest = box.rows(TILE_HEAD)
        fill = words.judgement_color(kpi).lstrip("#")
        shape = words.judgement(kpi)[:1] + " " if kpi.target is not None else ""
        parts = [(f"{shape}{words.value_of(kpi)}", float(SMALL_SIZE), on(fill), True)]
        parts.append((kpi.label, float(DENSE_SIZE), on(fill), False))
        self._panel(head, parts, name=f"Status of {kpi.label}", gap=0, fill=fill)
        before = words.NO_EARLIER if kpi.prior is None else f"was {words.number(kpi.prior, kpi.unit, kpi.currency)}"
        told = f"{words.judged(kpi)}: {words.target(kpi)}" if kpi.target is not None else words.judged(kpi)
        self._panel(rest, [(f"{told}, {before}", float(DENSE_SIZE), INK, False)], name=kpi.label)

    def _footer(self, content: SlideContent, grid: Grid) -> None:
        results = self.pack.results
        text = f"Source: {content.source} · snapshot {results.snapshot.sha256[:12]} · {results.classification}"
        self._text(grid.footer, text, SMALL_SIZE, name="Footer", color=MUTED)
        self._text(grid.page, str(self.number), SMALL_SIZE, name="Page", color=MUTED, align=PP_ALIGN.RIGHT)


def _fitted(parts: Sequence[tuple[str, float, str, bool]], across: float, height: float, gap: float) -> Sequence[_Part]:
    """The paragraphs, each fitted to the lines that are left when every later one has at least one line."""
    left = height - sum(size * LINE / 72 for _, size, _, _ in parts) - gap / 72 * (len(parts) - 1)
    fitted = []
    for text, size, color, bold in parts:
        line = size * LINE / 72
        allowed = 1 + max(0, int(left / line + 1e-9))
        shortened = fit(text, across, size, lines=allowed, bold=bold)
        left -= (len(wrap(shortened, across, size, bold=bold)) - 1) * line
        fitted.append((shortened, size, color, bold))
    return fitted


def _grid(title: str, size: tuple[float, float], title_place: Box | None) -> Grid:
    across = title_place.width if title_place else Grid.of(*size, 1).title.width
    return Grid.of(*size, min(2, len(wrap(title, across - 0.05, TITLE_SIZE, bold=True))), title_place)


def _pages(content: SlideContent, size: tuple[float, float], title_place: Box | None) -> list[SlideContent]:
    """The content, a table that is too tall for one slide over several."""
    if not isinstance(content.body, SlideTable):
        return [content]
    grid = _grid(content.title + " (9 of 9)", size, title_place)
    parts = tables.parts(content.body, grid.body_above_takeaway if content.takeaway else grid.body)
    if len(parts) == 1:
        return [content]
    return [
        dataclasses.replace(
            content, title=limited(f"{content.title} ({number} of {len(parts)})", content.title), body=part
        )
        for number, part in enumerate(parts, 1)
    ]


def _height(texts: Sequence[str], across: float, size: float, gap: float, *, bold: bool = False) -> float:
    lines = sum(len(wrap(text, across, size, bold=bold)) for text in texts)
    return lines * size * LINE / 72 + gap / 72 * (len(texts) - 1)


def _place(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = emu(box)


def _frame(shape: Any, *, inset: float = INSET, anchor: Any = MSO_ANCHOR.TOP) -> Any:
    frame = shape.text_frame
    frame.word_wrap = True
    frame.vertical_anchor = anchor
    frame.margin_left = frame.margin_right = Inches(inset)
    frame.margin_top = frame.margin_bottom = Inches(0.1 if inset else 0.02)
    return frame
