"""Imports matplotlib whatever ``MPLBACKEND`` says: inherited from an editor, it may name what is not there.

Charts draw on figures of their own, which need no backend; an analyst's own plots use the one that is named.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

VARIABLE = "MPLBACKEND"


def _import_matplotlib() -> None:
    if "matplotlib" in sys.modules:
        return
    named = os.environ.pop(VARIABLE, None)
    try:
        import matplotlib
    finally:
        if named is not None:
            os.environ[VARIABLE] = named
    if named:
        with suppress(ValueError):  # there is no such backend
            matplotlib.rcParams["backend"] = named


_import_matplotlib()
