"""Joins of frames, also of two without a row; and their rows as Python values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import pandas as pd

How = Literal["left", "inner", "outer"]
FEW = 500
"""Rows up to which a dictionary finds them sooner than pandas has prepared a join; measured on a handful of rows."""


def joined(
    left: pd.DataFrame, right: pd.DataFrame, *, on: list[str], how: How = "left", **options: Any
) -> pd.DataFrame:
    """``left.merge(right)``; pandas raises ArrowInvalid when text keys of both sides hold nothing."""
    if how == "left" and not options and len(left) + len(right) <= FEW:
        found = _looked_up(left, right, on)
        if found is not None:
            return found
    if len(left) or len(right):
        return left.merge(right, how=how, on=on, **options)
    keys = {name: left[name].dtype for name in on}
    sides = (side.astype(dict.fromkeys(on, object)) for side in (left, right))
    return next(sides).merge(next(sides), how=how, on=on, **options).astype(keys)


def _looked_up(left: pd.DataFrame, right: pd.DataFrame, on: list[str]) -> pd.DataFrame | None:
    """The left join by looking up each key; None where the right has a key twice, or both have a column of one name."""
    told = [name for name in right if name not in on]
    places = {key: place for place, key in enumerate(rows(right, on))}
    if len(places) < len(right) or any(name in left for name in told):
        return None
    found = right[told].set_axis(pd.RangeIndex(len(right))).reindex([places.get(key, -1) for key in rows(left, on)])
    every = pd.RangeIndex(len(left))
    return pd.concat([left.set_axis(every), found.set_axis(every)], axis=1)


def rows(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Some columns of each row, NA as None. Iterating over columns of Arrow texts takes twenty times as long."""
    return zip(*(_values(frame[name]) for name in names), strict=True)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as values by column, NA as None."""
    names = [str(name) for name in frame]
    return [dict(zip(names, values, strict=True)) for values in rows(frame, names)]


def _values(column: pd.Series) -> list[Any]:
    return column.to_numpy(dtype=object, na_value=cast("Any", None)).tolist()


def among(values: pd.Series, others: pd.Series) -> pd.Series:
    """``values.isin(others)`` of two columns of texts; pandas makes an Arrow scalar of each of the others."""
    known = set(_values(others))
    return pd.Series([value in known for value in _values(values)], index=values.index, dtype=bool)
