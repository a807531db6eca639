"""Where things go on a slide, in inches of a slide 13.333 wide (scale.py takes them to a template's size)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 13.333, 7.5
LEFT, RIGHT = 0.6, 12.733
GAP = 0.25
TITLE_SIZE, SUBTITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 26, 16, 16, 14
"""Points."""
TEXT_SIZES = (20, 18, 16, 14)
"""Points of text that is as large as its place allows."""
DENSE_SIZE = 12
"""Points of page one, which has four answers to give; nothing on another slide is smaller than SMALL_SIZE."""
INSET = 0.12
"""Inches of a text box or table cell to its text, left and right."""


@dataclass(frozen=True)
class Box:
    """A rectangle in inches."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def columns(self, count: int, gap: float = GAP) -> list[Box]:
        width = (self.width - gap * (count - 1)) / count
        return [Box(self.left + i * (width + gap), self.top, width, self.height) for i in range(count)]

    def shares(self, of: Sequence[float], gap: float = GAP) -> list[Box]:
        """Columns whose widths are in proportion."""
        across, boxes, left = self.width - gap * (len(of) - 1), [], self.left
        for share in of:
            width = across * share / sum(of)
            boxes.append(Box(left, self.top, width, self.height))
            left += width + gap
        return boxes

    def split(self, left_share: float, gap: float = GAP) -> tuple[Box, Box]:
        width = (self.width - gap) * left_share
        return (
            Box(self.left, self.top, width, self.height),
            Box(self.left + width + gap, self.top, self.width - gap - width, self.height),
        )

    def rows(self, first_height: float, gap: float = 0.0) -> tuple[Box, Box]:
        return (
            Box(self.left, self.top, self.width, first_height),
            Box(self.left, self.top + first_height + gap, self.width, self.height - first_height - gap),
        )


@dataclass(frozen=True)
class Grid:
    """The areas of one slide."""

    title: Box
    subtitle: Box
    body: Box
    takeaway: Box
    footer: Box
    page: Box

    @classmethod
    def of(cls, width: float, height: float, title_lines: int, title: Box | None = None) -> Grid:
        """The grid of a slide that size; ``title`` when a template says where its title is."""
        left, right = LEFT, width - LEFT
        line = TITLE_SIZE * 1.2 / 72
        title = title or Box(left, 0.42, right - left, line * title_lines + 0.1)
        subtitle = Box(left, title.bottom, right - left, 0.4)
        footer_top = height - 0.52
        takeaway = Box(left, footer_top - 0.78, right - left, 0.62)
        body_top = subtitle.bottom + 0.15
        return cls(
            title=title,
            subtitle=subtitle,
            body=Box(left, body_top, right - left, footer_top - 0.16 - body_top),
            takeaway=takeaway,
            footer=Box(left, footer_top, right - left - 0.9, 0.36),
            page=Box(right - 0.8, footer_top, 0.8, 0.36),
        )

    def body_and_foot(self, height: float) -> tuple[Box, Box]:
        """The body, its last ``height`` inches set apart."""
        top = self.body.bottom - height
        above = Box(self.body.left, self.body.top, self.body.width, top - 0.15 - self.body.top)
        return above, Box(self.body.left, top, self.body.width, height)

    @property
    def body_above_takeaway(self) -> Box:
        return Box(self.body.left, self.body.top, self.body.width, self.takeaway.top - 0.15 - self.body.top)
