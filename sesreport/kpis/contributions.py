"""What each place, identity or grant adds to a KPI, and the one reducer that turns it into numbers.

A KPI's overall value, its earlier months and every breakdown are :func:`reduced` from the same rows, so they cannot
disagree. Sums come first, the division last. A contribution whose numerator is NA could not be judged: it is counted
as ``unknown`` and never taken for a zero.

Columns of the rows: ``account_id``; ``region``, ``identity`` where there is one; ``counted``, the id that is counted
once (``distinct``); ``numerator`` and ``denominator``; ``period``, the month it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from sesreport.findings.survival import half_gone

COUNT, DISTINCT, SUM, RATIO = "count", "distinct", "sum", "ratio"
HIGHEST, LOWEST, SURVIVAL = "highest", "lowest", "survival"
REDUCTIONS = (COUNT, DISTINCT, SUM, RATIO, HIGHEST, LOWEST, SURVIVAL)
"""How rows become one value.

========  ====================================================================================================
count     sum of numerators; no row is zero: there was nothing to count
distinct  different ``counted`` among the rows with a numerator above zero, of all different ``counted``
sum       sum of the numerators that are known; no row is NA: nothing was published
ratio     sum of numerators / sum of denominators, over the rows where both are known
highest   the row with the highest numerator / denominator (the numerator alone where it has no denominator)
lowest    the row with the lowest
survival  Kaplan-Meier median of the numerators (times), which ended where the denominator is 1 and else last on; where
          more than half outlast all ends, the longest time that is known, and ``unknown`` are all that last on
========  ====================================================================================================
"""
JUDGED = (COUNT, DISTINCT, RATIO)
"""Reductions of rows that are judged one by one, so that some may not be."""
TEXTS = ("account_id", "region", "identity", "counted", "period")
NUMBERS = ("numerator", "denominator")


class Total(NamedTuple):
    """What rows add up to."""

    value: float | None
    numerator: float | None
    denominator: float | None
    unknown: int
    """How many of them could not be judged."""


@dataclass(frozen=True)
class Contributions:
    """Rows (see the module), how they are reduced, and the month that the KPI is of."""

    rows: pd.DataFrame
    reduction: str
    period: str
    by_identity: bool
    """Whether they are of identities, or else of accounts and places as a whole."""

    def months(self) -> dict[str, Total]:
        """What the rows add up to by month, oldest first; the month itself at least."""
        group, months = pd.factorize(self.rows["period"])
        numbers = _Numbers(self.rows, group, len(months))
        columns = *numbers.reduced(self.reduction), numbers.unknown(self.reduction)
        nothing = 0.0 if self.reduction in (COUNT, DISTINCT) else None
        found = {self.period: Total(nothing, nothing, nothing, 0)}
        for month, value, numerator, denominator, unknown in zip(months, *columns, strict=True):
            found[str(month)] = Total(_known(value), _known(numerator), _known(denominator), int(unknown))
        return dict(sorted(found.items()))


def contributions(
    frame: pd.DataFrame,
    reduction: str,
    period: str,
    *,
    numerator: pd.Series | float = 1.0,
    denominator: pd.Series | float | None = 1.0,
    counted: pd.Series | None = None,
) -> Contributions:
    """Contributions from a frame with ``account_id`` and perhaps ``region``, ``identity``, ``counted``, ``period``.

    A flag as numerator is 1 where it is true; rows without a period speak of ``period``. Raises ValueError for a
    reduction that does not exist.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction {reduction!r} is none of {', '.join(REDUCTIONS)}")
    nothing = pd.array([pd.NA] * len(frame), dtype="string")
    columns = {name: frame[name].astype("string").array if name in frame else nothing for name in TEXTS}
    if counted is not None:
        columns["counted"] = _aligned(counted, frame.index).astype("string").array
    columns["period"] = columns["period"].fillna(period)
    columns |= {name: _number(n, frame.index) for name, n in zip(NUMBERS, (numerator, denominator), strict=True)}
    rows = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)), copy=False)
    return Contributions(rows, reduction, period, "identity" in frame)


def reduced(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per group: the columns of ``by``, ``reduction``, ``value``, ``numerator``, ``denominator``, ``unknown``.

    ``rows`` are contributions with a column ``reduction``, one per group. ``unknown`` is the number of rows that could
    not be judged; where none of a group's rows could be, its value is NA.
    """
    labels = rows.drop_duplicates(list(by))[[*by, "reduction"]].reset_index(drop=True)
    group = rows.groupby(list(by), sort=False, dropna=False).ngroup().to_numpy()
    numbers = _Numbers(rows, group, len(labels))
    of = labels["reduction"].to_numpy(object)
    found = {name: np.full(len(labels), np.nan) for name in ("value", *NUMBERS)}
    for reduction in REDUCTIONS:
        here = of == reduction
        if here.any():
            for name, values in zip(found, numbers.reduced(reduction), strict=True):
                found[name][here] = values[here]
    unknown = np.where(np.isin(of, JUDGED), numbers.count() - numbers.count(numbers.known), 0)
    if (lasting := of == SURVIVAL).any():
        unknown = np.where(lasting, numbers.unknown(SURVIVAL), unknown)
    numbers_of = {name: _nullable(values) for name, values in found.items()}
    return labels.assign(**numbers_of, unknown=pd.array(unknown, dtype="Int64"))


def with_nothing(found: pd.DataFrame) -> pd.DataFrame:
    """The same with numbers for groups without a row: counted things are none, all else is not known."""
    none = found["unknown"].isna() & found["reduction"].isin([COUNT, DISTINCT])
    zeros = {name: found[name].mask(none, 0.0) for name in ("value", *NUMBERS)}
    return found.assign(**zeros, unknown=found["unknown"].fillna(0))


def worst(found: pd.DataFrame, lower_is_better: pd.Series) -> pd.Series:
    """The value if all that could not be judged were as bad as can be."""
    bad = found["unknown"].where(lower_is_better, 0)
    whole = found["denominator"] + found["unknown"]
    share = ((found["numerator"] + bad) / whole.mask(whole == 0)).mask(found["value"].isna())
    counted = found["reduction"].isin([COUNT, DISTINCT])
    added = found["value"].mask(counted, found["value"] + bad)
    endless = (found["reduction"] == SURVIVAL) & (bad > 0)
    added = added.mask(endless & found["value"].notna(), np.inf)
    return added.mask(found["reduction"] == RATIO, share)


class _Numbers:
    """Numerators and denominators by group as plain arrays: sums first, the division last."""

    def __init__(self, rows: pd.DataFrame, group: np.ndarray, groups: int) -> None:
        self.numerator = rows["numerator"].to_numpy("float64", na_value=np.nan)
        self.denominator = rows["denominator"].to_numpy("float64", na_value=np.nan)
        self._counted = rows["counted"]
        self.group, self.groups = group, groups
        self.known = ~np.isnan(self.numerator)

    def count(self, where: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(self.group if where is None else self.group[where], minlength=self.groups)

    @cached_property
    def counted(self) -> np.ndarray:
        """Numbers for what is counted once; -1 is NA."""
        return pd.factorize(self._counted)[0]

    def unknown(self, reduction: str) -> np.ndarray:
        """How many rows of every group could not be judged."""
        if reduction == SURVIVAL:
            return self._lasting[1]
        return self.count() - self.count(self.known) if reduction in JUDGED else np.zeros(self.groups, dtype="int64")

    def reduced(self, reduction: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, numerator and denominator of every group, whatever its own reduction.

        A group none of whose rows could be judged has no value.
        """
        value, numerator, denominator = self._reduced(reduction)
        return np.where(self.count(self.known) > 0, value, np.nan), numerator, denominator

    def _reduced(self, reduction: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if reduction in (HIGHEST, LOWEST):
            return self._extreme(lowest=reduction == LOWEST)
        if reduction == DISTINCT:
            hits = self._different((self.numerator > 0) & (self.counted >= 0))
            return hits, hits, self._different(self.counted >= 0)
        if reduction == SURVIVAL:
            return self._lasting[0], np.full(self.groups, np.nan), self.count(self.known).astype("float64")
        if reduction == RATIO:
            both = self.known & ~np.isnan(self.denominator)
            above, below = self._sum(self.numerator, both), self._sum(self.denominator, both)
            return np.divide(above, below, out=np.full(self.groups, np.nan), where=below != 0), above, below
        total, whole = self._sum(self.numerator, self.known), self._sum(self.denominator, ~np.isnan(self.denominator))
        if reduction == COUNT:
            return total, np.nan_to_num(total), np.nan_to_num(whole)
        return total, total, whole

    @cached_property
    def _lasting(self) -> tuple[np.ndarray, np.ndarray]:
        """The time that half of each group lasts, and how many rows leave it open how much longer that is."""
        value, unknown = np.full(self.groups, np.nan), np.zeros(self.groups, dtype="int64")
        for number in np.unique(self.group[self.known]):
            here = self.known & (self.group == number)
            ended = self.denominator[here] == 1
            value[number], reached = half_gone(self.numerator[here], ended)
            unknown[number] = 0 if reached else (~ended).sum()
        return value, unknown

    def _sum(self, values: np.ndarray, where: np.ndarray) -> np.ndarray:
        sums = np.bincount(self.group[where], weights=values[where], minlength=self.groups)
        return np.where(self.count(where) > 0, sums, np.nan)

    def _different(self, where: np.ndarray) -> np.ndarray:
        pairs = np.unique(np.column_stack([self.group[where], self.counted[where]]), axis=0)
        return np.bincount(pairs[:, 0], minlength=self.groups).astype("float64")

    def _extreme(self, *, lowest: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        below = np.where(np.isnan(self.denominator), 1.0, self.denominator)
        value = np.divide(self.numerator, below, out=np.full(len(below), np.nan), where=below != 0)
        places = np.flatnonzero(~np.isnan(value))
        ordered = places[np.lexsort((value[places] * (1 if lowest else -1), self.group[places]))]
        groups, first = np.unique(self.group[ordered], return_index=True)
        found = tuple(np.full(self.groups, np.nan) for _ in range(3))
        for out, values in zip(found, (value, self.numerator, self.denominator), strict=True):
            out[groups] = values[ordered[first]]
        return found[0], found[1], found[2]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _nullable(values: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.arrays.FloatingArray(values, np.isnan(values))


def _number(values: pd.Series | float | None, index: pd.Index) -> pd.api.extensions.ExtensionArray:
    if isinstance(values, pd.Series):
        return _aligned(values, index).astype("Float64").array
    return pd.array([pd.NA if values is None else values] * len(index), dtype="Float64")


def _aligned(values: pd.Series, index: pd.Index) -> pd.Series:
    """The values in the order of the index."""
    return values if values.index.equals(index) else values.reindex(index)
