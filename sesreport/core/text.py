"""Outside text made visible and harmless: names, tags, policy text and AWS's messages come from strangers.

What draws nothing can still hide, reorder or forge what stands around it (Unicode TR36, "visual spoofing"), steer a
terminal, or be a character that XML cannot hold. Here such a character is replaced by its code point, ``⟨U+202E⟩``;
letters of every script stay as they are. Every output goes through this module, so that all show a name alike.
"""

from __future__ import annotations

import re
import unicodedata

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
"""What a spreadsheet, or a CSV made from it, may take for a formula (CWE-1236; full-width forms: OWASP, "CSV
Injection")."""

_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Controls, formats, surrogates, private use (nobody else knows what it draws), line and paragraph separators."""
_BLANK = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0, 0x1D159}
    | {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)}
)
"""Letters, marks and reserved characters that draw nothing: those with the property Default_Ignorable_Code_Point
(DerivedCoreProperties.txt of Unicode), the blank braille pattern, and the null notehead."""
_SPACES = re.compile(r"[\t\n\r ]+")


def marked(text: str) -> str:
    """The text with every character that is not seen written as its code point; tabs stay, and lines end in LF."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_LINES)


def one_line(text: object) -> str:
    """The text marked so, its tabs and line breaks as well: it cannot pass for more than one line."""
    return str(text).translate(_EVERYTHING)


def visible(text: object) -> str:
    """The text marked so, with single blanks for its tabs and line breaks."""
    return marked(_SPACES.sub(" ", str(text))).strip()


class _Shown(dict[int, str]):
    """What is shown of each character; found out when it is first met."""

    def __missing__(self, code: int) -> str:
        nothing = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # noncharacters (Unicode, 23.7)
        unseen = nothing or code in _BLANK or unicodedata.category(chr(code)) in _CATEGORIES
        self[code] = f"⟨U+{code:04X}⟩" if unseen else chr(code)
        return self[code]


_EVERYTHING = _Shown()
_LINES = _Shown({ord(character): character for character in "\t\n"})
