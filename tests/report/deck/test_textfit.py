"""Measuring text before it is placed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_shared import examples

from sesreport.report.deck.textfit import ELLIPSIS, fit, width, wrap


def test_a_known_word_has_its_published_width() -> None:
    assert width("Hello", 72) == pytest.approx((722 + 556 + 222 + 222 + 556) / 1000)


def test_text_that_fits_is_left_alone() -> None:
    assert fit("Policies", 3, 14) == "Policies"


def test_text_that_does_not_fit_ends_with_an_ellipsis() -> None:
    assert fit("Policies with a wildcard principal", 2, 14) == "Policies with a wildc…"


@examples(60)
@given(st.text(max_size=120), st.floats(0.5, 6), st.integers(1, 4), st.booleans())
def test_fitted_text_never_takes_more_room(text: str, inches: float, lines: int, bold: bool) -> None:
    fitted = fit(text, inches, 14, lines=lines, bold=bold)
    wrapped = wrap(fitted, inches, 14, bold=bold)
    assert len(wrapped) <= lines
    assert all(width(line, 14, bold=bold) <= inches for line in wrapped)


def test_line_feeds_count_as_lines() -> None:
    assert fit("a\nb\nc", 3, 14, lines=3) == "a\nb\nc"
    assert fit("a\nb\nc", 3, 14, lines=2).startswith("a\nb")
    assert fit("a\nb\nc", 3, 14, lines=2).endswith(ELLIPSIS)
