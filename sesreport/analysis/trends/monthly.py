"""The month ahead of a monthly series: a robust line, and how far months were off it.

Theil and Sen's line (H. Theil 1950; P. K. Sen, J. Am. Stat. Assoc. 63, 1968) through the months that are known, and the
interval in which four of five months lay around it, widened by the t distribution's ratio for few months.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST = 6
"""Months that must be known."""
_WITHIN = 0.8


def next_month(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Low end, middle and high end of the month after the last; None where too few months are known."""
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    if len(known) < LEAST or values[-1] is None:
        return None
    at, of = np.array([n for n, _ in known], dtype=float), np.array([v for _, v in known], dtype=float)
    one, other = np.triu_indices(len(at), k=1)
    slope = float(np.median((of[other] - of[one]) / (at[other] - at[one])))
    start = float(np.median(of - slope * at))
    off = np.abs(of - (start + slope * at))
    spread = float(np.quantile(off, _WITHIN)) * (1 + 3 / len(at))
    middle = start + slope * len(values)
    return middle - spread, middle, middle + spread
