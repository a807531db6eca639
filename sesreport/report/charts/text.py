"""Labels of charts: outside text cut to a length, lines, counts in words, short numbers."""

from __future__ import annotations

import textwrap

from sesreport.core.text import visible


def shortened(text: object, length: int) -> str:
    """The visible text, cut to ``length`` characters with an ellipsis where it is longer."""
    shown = visible(text)
    return shown if len(shown) <= length else shown[: length - 1].rstrip() + "…"


def lines(text: str, width: int) -> list[str]:
    """The text broken into lines of at most ``width`` characters; one empty line for an empty text."""
    return textwrap.wrap(text, width) or [""]


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 account``, ``12 accounts``, ``1,204 identities``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def compact(value: float) -> str:
    """A large count in at most four characters and a unit: ``940``, ``12.5 k``, ``1.2 M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            scaled = value / size
            return f"{scaled:.0f} {unit}" if scaled >= 99.95 else f"{scaled:.1f} {unit}".replace(".0 ", " ")
    return f"{value:.0f}"
