"""A new slide is one new file."""

from __future__ import annotations

import pkgutil

import pytest

from sesreport.report.deck import slides
from sesreport.report.deck.description import SLIDES, slide


def test_every_file_registers_one_slide() -> None:
    files = [module.name for module in pkgutil.iter_modules(slides.__path__)]
    assert sorted(each.build.__module__.rsplit(".", 1)[1] for each in SLIDES.values()) == sorted(files)


def test_two_slides_cannot_have_one_place() -> None:
    with pytest.raises(ValueError, match="10 is taken by"):
        slide(order=10)(test_two_slides_cannot_have_one_place)
