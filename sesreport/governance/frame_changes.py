"""Rows of a frame that are gone, new or changed between two analyses, by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sesreport.analysis.joins import rows
from sesreport.core.schema import Frame

GONE, NEW, CHANGED = "gone", "new", "changed"


def frame_changes(declared: Frame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """``change`` (gone, new or changed), the keys, and ``<column>_before`` and ``<column>_after`` where rows differ.

    In the order of the frame, what is new last. Rows with equal keys are told apart by their order. A column in which
    no row differs is left out.
    """
    names = [name for name in declared.all_columns if name not in declared.keys]
    old, new = _by_key(declared, before, names), _by_key(declared, after, names)
    nothing = (None,) * len(names)
    found = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key, nothing), new.get(key, nothing)
        if key in old and key in new and was == now:
            continue
        found.append((CHANGED if key in old and key in new else GONE if key in old else NEW, key, was, now))
    differ = [i for i in range(len(names)) if any(was[i] != now[i] for _, _, was, now in found)]
    told = {"change": pd.Series([change for change, *_ in found], dtype="string")}
    for place, name in enumerate(declared.keys):
        told[name] = _column([key[place] for _, key, _, _ in found], before[name])
    for i in differ:
        told[f"{names[i]}_before"] = _column([was[i] for _, _, was, _ in found], before[names[i]])
        told[f"{names[i]}_after"] = _column([now[i] for _, _, _, now in found], before[names[i]])
    return pd.DataFrame(told)


def _by_key(declared: Frame, frame: pd.DataFrame, names: Sequence[str]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The rows' values by key, with a number for each further row of a key."""
    seen: Counter[tuple[Any, ...]] = Counter()
    out = {}
    for key, values in zip(rows(frame, list(declared.keys)), _plain(frame, names), strict=True):
        out[*key, seen[key]] = values
        seen[key] += 1
    return out


def _plain(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows whose values can be compared: lists as tuples."""
    for row in rows(frame, names):
        yield tuple(tuple(value) if isinstance(value, list | np.ndarray) else value for value in row)


def _column(values: Sequence[Any], like: pd.Series) -> pd.Series:
    """Values with the type of a column of the frame."""
    listed = [list(value) if isinstance(value, tuple) else value for value in values]
    return pd.Series(listed, dtype=like.dtype)
