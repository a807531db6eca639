"""The deck of a pack: one message per slide, native charts that can be edited."""

from __future__ import annotations

from pathlib import Path

from sesreport.report.contents import Pack
from sesreport.report.deck.description import contents
from sesreport.report.deck.writer import write

__all__ = ["write_deck"]


def write_deck(pack: Pack, path: Path) -> None:
    """Write the pack's deck to ``path``; the same pack gives the same bytes.

    Raises WriteError when the file system refuses (``path`` is then as it was) and ConfigError when the template of
    ``pack.branding`` cannot be used.
    """
    write(list(contents(pack)), pack, path)
