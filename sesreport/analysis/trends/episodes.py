"""Days that are out of the ordinary joined to episodes: one row for a week of abuse, not seven."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.trends.robust import Array

APART = 7
"""Days from one to the next up to which they are one episode: what happens weekly is one thing."""


def episodes(alarms: NDArray[np.bool_], strength: Array) -> pd.DataFrame:
    """Runs of alarms per row: ``row``, ``first``, ``last``, ``days`` (alarms in it) and ``worst``, the strongest day.

    ``alarms`` and ``strength`` are places × days; the days of the answer are positions.
    """
    row, day = np.nonzero(alarms)
    if not len(row):
        return pd.DataFrame({name: pd.Series(dtype="int64") for name in ("row", "first", "last", "days", "worst")})
    found = pd.DataFrame({"row": row, "day": day, "strength": strength[row, day]})
    new = (found["row"] != found["row"].shift()) | (found["day"] - found["day"].shift() > APART)
    found = found.assign(episode=new.cumsum())
    grouped = found.groupby("episode")
    made = grouped.agg(row=("row", "first"), first=("day", "first"), last=("day", "last"), days=("day", "size"))
    worst = found.loc[grouped["strength"].idxmax(), "day"].to_numpy()
    return made.assign(worst=worst).reset_index(drop=True)
