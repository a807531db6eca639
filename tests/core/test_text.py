"""What is shown of text that comes from outsiders."""

from __future__ import annotations

import unicodedata

import pytest

from sesreport.core.text import marked, one_line, visible

UNSEEN = (
    "\x00\x07\x0b\x1b\x7f\x85\x9b\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200d\u200f\u2028\u2029\u202e"
    "\u2060\u2065\u2066\u2800\u3164\ue000\ufdd0\ufe0f\ufeff\uffa0\ufff0\ufff9\ufffe\uffff\ud800\U0001d159\U0001d173"
    "\U0001fffe\U000e0001\U000e0041\U000e0100\U0010ffff"
)


@pytest.mark.parametrize("character", UNSEEN, ids=lambda character: f"U+{ord(character):04X}")
def test_what_is_not_seen_is_shown_by_its_code_point(character: str) -> None:
    mark = f"⟨U+{ord(character):04X}⟩"
    assert marked(f"a{character}b") == one_line(f"a{character}b") == visible(f"a{character}b") == f"a{mark}b"


@pytest.mark.parametrize(
    "text", ["plain", "a\tb\nc", "Zoë Müller", "الاسم العربي", "שם עברי", "株式会社 🚀", "e\u0301", "①½²", "a\u00a0b"]
)
def test_letters_of_every_script_stay(text: str) -> None:
    assert marked(text) == text


def test_no_character_escapes() -> None:
    acting = [
        chr(code)
        for code in range(0xF0000)  # beyond are planes of private use
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and chr(code) not in "\t\n"
    ]
    assert set(marked("".join(acting))).isdisjoint(acting)


def test_lines_end_alike() -> None:
    assert marked("a\r\nb\rc\nd") == "a\nb\nc\nd"


def test_one_line_is_one_line_and_loses_nothing() -> None:
    assert one_line("  a\r\nb\tc") == "  a⟨U+000D⟩⟨U+000A⟩b⟨U+0009⟩c"


def test_a_name_has_blanks_for_its_line_breaks() -> None:
    assert visible(" a \r\n b\tc\x1b[2J ") == "a b c⟨U+001B⟩[2J"
    assert visible(5) == "5"
