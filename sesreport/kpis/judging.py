"""The status of values against their KPI's target: of the overall values and of every group alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sesreport.kpis.contributions import worst
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH

LINES = ("direction", "unit", "target", "watch")


def statuses(found: pd.DataFrame, minimum_coverage: float) -> pd.Series:
    """Status by row of ``value``, what it was reduced from, ``read`` and ``expected`` places, and :data:`LINES`.

    What is on target only because it leaves out what could not be judged is to be watched, and so is what rests on
    less than the minimum coverage. A figure without a target is not measurable against one.
    """
    bad = worst(found, found["direction"] == "lower")
    sure = meets(found, bad, "target") & _true(found["read"] >= minimum_coverage * found["expected"])
    on, near = meets(found, found["value"], "target"), meets(found, found["value"], "watch")
    unknown = _true(found["value"].isna() | found["target"].isna() | (found["direction"] == "none"))
    chosen = np.select([unknown, on & sure, on | near], [NOT_MEASURABLE, ON_TARGET, WATCH], OFF_TARGET)
    return pd.Series(chosen, index=found.index, dtype="string")


def meets(found: pd.DataFrame, value: pd.Series, line: str) -> np.ndarray:
    """Whether the value is known, and on the good side of the line.

    A rate must not reach its line: AWS acts at 5 %, not above it.
    """
    sign = np.where(found["direction"] == "lower", 1.0, -1.0)
    distance = (value - found[line].fillna(found["target"])) * sign
    strict = found["unit"] == "rate"
    return _true((distance < 0) | ((distance == 0) & ~strict))


def _true(flags: pd.Series) -> np.ndarray:
    found: np.ndarray = flags.fillna(value=False).to_numpy(bool)
    return found
