"""What a process of :mod:`sesreport.analysis.elsewhere` does: the steps it is handed, month by month."""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sesreport.analysis import Analysis, analyze
from sesreport.analysis.elsewhere import DONE
from sesreport.core.period import Period
from sesreport.settings.config import Config
from sesreport.snapshot.store import load

log = logging.getLogger(__name__)


def serve() -> None:
    """Reads months and steps from its standard input, and answers each step with a byte."""
    there, back = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library may print, and nothing may come between the answers
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        months, config = pickle.load(there)
        analyses = _chain(months, config)
        while True:
            number, steps = pickle.load(there)
            for make, of in steps:
                try:
                    make(analyses[number], *of)
                except Exception:
                    log.debug("%s", make, exc_info=True)  # who asks for it is told what is wrong
                back.write(DONE)
            for each in analyses:
                each.release()


def _chain(months: Sequence[tuple[Period, Path]], config: Config) -> list[Analysis]:
    out: list[Analysis] = []
    for period, path in months:
        out.append(analyze(load(path), config, period=period, previous=out[-1] if out else None))
    return out
