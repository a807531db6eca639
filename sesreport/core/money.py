"""Amounts of money: decimals with ten places. Rows are few by the time they are multiplied or divided."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import pandas as pd
import pyarrow as pa

from sesreport.core.schema import MONEY

DTYPE = pd.ArrowDtype(MONEY)
ZERO = Decimal(0)
_PLACES = Decimal(1).scaleb(-MONEY.scale)
_CONTEXT = Context(prec=MONEY.precision, rounding=ROUND_HALF_EVEN)


def amount(value: Decimal | float | str) -> Decimal:
    """A number as an amount, rounded to ten places; a float by what it prints as."""
    return Decimal(str(value) if isinstance(value, float) else value).quantize(_PLACES, context=_CONTEXT)


def amounts(values: Iterable[Any], index: pd.Index | None = None) -> pd.Series:
    """A column of amounts; None and NA stay unknown."""
    made = pa.array([None if value is None or pd.isna(value) else amount(value) for value in values], MONEY)
    return pd.Series(pd.arrays.ArrowExtensionArray(made), index=index)


def times(quantities: pd.Series, prices: pd.Series | Decimal) -> pd.Series:
    """Quantities (floats or decimals) at their prices; NA where either is not known."""
    each = [prices] * len(quantities) if isinstance(prices, Decimal) else prices.tolist()
    pairs = zip(quantities.tolist(), each, strict=True)
    made = (None if pd.isna(q) or pd.isna(p) else _within(_decimal(q) * _decimal(p)) for q, p in pairs)
    return amounts(made, quantities.index)


def per_thousand(costs: pd.Series, counts: pd.Series) -> pd.Series:
    """Costs of a thousand of what was counted; NA where the count is not known, or is zero."""
    pairs = zip(costs.tolist(), counts.tolist(), strict=True)
    made = (
        None if pd.isna(cost) or pd.isna(count) or not count else _within(_decimal(cost) * 1000 / _decimal(count))
        for cost, count in pairs
    )
    return amounts(made, costs.index)


def total(values: pd.Series) -> Decimal | None:
    """The sum of the amounts that are known; None where there is none."""
    found = values.dropna()
    return amount(found.sum()) if len(found) else None


def _within(value: Decimal) -> Decimal | None:
    """The value; None where it is beyond what a column of amounts holds."""
    try:
        return amount(value)
    except InvalidOperation:
        return None


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
