"""Whether a text fits: slides do not shrink text until someone edits them, so it is measured before.

Advance widths are those of Helvetica (Adobe Font Metrics, thousandths of the type size), which Arial and Liberation
Sans share. What the table lacks counts as a full em, so a guess is never too narrow.
"""

from __future__ import annotations

from sesreport.core.text import marked

_ASCII = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
_OTHERS = {"·": 278, "…": 1000, "–": 556, "—": 1000, "−": 584, "≤": 549, "≥": 549, "×": 584, "’": 222, "→": 1000}
_NARROWEST = 0.19
"""Of the type size: no character takes less."""
BOLD = 1.11
"""Helvetica Bold is wider by about this (lower case: 611 for 556)."""
LINE = 1.2
"""Line height, in type sizes."""
ELLIPSIS = "…"


def width(text: str, points: float, *, bold: bool = False) -> float:
    """Inches a line of text takes."""
    return sum(map(_advance, text)) / 1000 * points / 72 * (BOLD if bold else 1)


def _advance(character: str) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return _ASCII[code - 32]
    return 722 if 0xC0 <= code < 0x250 else _OTHERS.get(character, 1000)


def wrap(text: str, inches: float, points: float, *, bold: bool = False) -> list[str]:
    """The lines a text breaks into at that width; a word that is too long is broken."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            while width(word, points, bold=bold) > inches:
                head = _head(word, inches, points, bold=bold)
                if line:
                    lines.append(line)
                    line = ""
                lines.append(word[:head])
                word = word[head:]
            longer = f"{line} {word}" if line else word
            if width(longer, points, bold=bold) <= inches:
                line = longer
            else:
                lines.append(line)
                line = word
        lines.append(line)
    return lines


def fit(text: str, inches: float, points: float, *, lines: int = 1, bold: bool = False) -> str:
    """The text, made inert and shortened with an ellipsis so that it takes at most that many lines."""
    most = int(lines * inches * 72 / points / _NARROWEST) + 100  # more cannot fit: spares measuring it
    text = marked(text[:most]).replace("\t", " ")
    if lines == 1:
        text = text.replace("\n", " ")
    wrapped = wrap(text, inches, points, bold=bold)
    if len(wrapped) <= lines:
        return text
    kept = wrapped[:lines]
    last = " ".join(wrapped[lines - 1 : lines + 1])
    while last and width(last + ELLIPSIS, points, bold=bold) > inches:
        last = last[:-1]
    return "\n".join([*kept[:-1], last.rstrip(" ,;:.") + ELLIPSIS]) if lines > 1 else last.rstrip(" ,;:.") + ELLIPSIS


def _head(word: str, inches: float, points: float, *, bold: bool) -> int:
    """How many characters of a word fit; at least one."""
    room = inches * 1000 * 72 / points / (BOLD if bold else 1)
    for size, character in enumerate(word):
        room -= _advance(character)
        if room < 0:
            return max(size, 1)
    return len(word)
