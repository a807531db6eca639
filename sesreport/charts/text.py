"""Outside text made fit to be shown: names, tags and policy text come from strangers."""

from __future__ import annotations

import re
import textwrap

# Controls, surrogates, bidirectional overrides, isolates and marks, zero-width characters, line separators: they
# draw nothing themselves but can hide, reorder or break what stands around them (Unicode TR36, "visual spoofing").
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SPACES = re.compile(r"[\t\n\r ]+")


def marked(text: str) -> str:
    """The text with every character that draws nothing written as its code point: ``⟨U+202E⟩``; line breaks stay."""
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def visible(text: object) -> str:
    """The text marked so, on one line."""
    return marked(_SPACES.sub(" ", str(text))).strip()


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
