"""Joins of frames, also of two without a row."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd

How = Literal["left", "inner", "outer"]


def joined(
    left: pd.DataFrame, right: pd.DataFrame, *, on: list[str], how: How = "left", **options: Any
) -> pd.DataFrame:
    """``left.merge(right)``; pandas raises ArrowInvalid when text keys of both sides hold nothing."""
    if len(left) or len(right):
        return left.merge(right, how=how, on=on, **options)
    keys = {name: left[name].dtype for name in on}
    sides = (side.astype(dict.fromkeys(on, object)) for side in (left, right))
    return next(sides).merge(next(sides), how=how, on=on, **options).astype(keys)
