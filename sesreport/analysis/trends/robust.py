"""Robust locations over the last axis of arrays in which NaN is unknown, and windows that do not see the future."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for normal values (1 / the 75 % quantile of the normal)."""
CLIP = 2.0
"""Deviations beyond which a value counts no further in :func:`center`."""


def median(values: Array) -> Array:
    """The median of what is known along the last axis; NaN where nothing is (``numpy.nanmedian``, without its loop)."""
    ordered = np.sort(values, axis=-1)  # NaN last
    known = np.isfinite(values).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum((known - 1) // 2, 0), -1)
    high = np.take_along_axis(ordered, np.minimum(known // 2, values.shape[-1] - 1), -1)
    middle: Array = ((low + high) / 2)[..., 0]
    return np.where(known[..., 0] > 0, middle, np.nan)


def center(values: Array) -> Array:
    """One Huber step from the median: the mean of the values drawn in to ``CLIP`` deviations around it.

    As hard to move as a median by a few wild days, and nearly as steady as a mean in ordinary ones.
    """
    middle = median(values)
    away = values - middle[..., None]
    bound = CLIP * TO_SIGMA * median(np.abs(away))[..., None]
    known = np.maximum(np.isfinite(values).sum(axis=-1), 1)
    made: Array = middle + np.nansum(np.clip(away, -bound, bound), axis=-1) / known
    return made


def before(values: Array, length: int) -> Array:
    """For each position of the last axis the ``length`` values before it (a view; NaN before the first)."""
    padded = np.concatenate([np.full((*values.shape[:-1], length), np.nan), values], axis=-1)
    windows: Array = np.lib.stride_tricks.sliding_window_view(padded, length, axis=-1)[..., :-1, :]
    return windows
