"""How long work tells how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click


@contextmanager
def progress_told(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, a line per step and tenth elsewhere, nothing when quiet."""
    if quiet:
        yield lambda what, done, total: None
        return
    if not sys.stderr.isatty():
        told: set[tuple[str, int]] = set()

        def line(what: str, done: int, total: int) -> None:
            tenth = 10 * done // total if total else 0
            if tenth in (0, 5, 10) and (what, tenth) not in told:
                told.add((what, tenth))
                click.echo(f"reading {what}: {done} of {total}", err=True)

        yield line
        return
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def bar(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(total=total, desc=f"reading {what}", unit="", file=sys.stderr, dynamic_ncols=True)
        bars[what].total = total  # more shows up on the way
        bars[what].update(done - bars[what].n)

    try:
        yield bar
    finally:
        for each in bars.values():
            each.close()
