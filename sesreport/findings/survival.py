"""Time to remediate: the mean of what was resolved, beside a median that also counts what is still open.

The mean looks at the resolved alone, so it falls when the hard cases stay open. The Kaplan-Meier estimate (Kaplan and
Meier 1958, "Nonparametric estimation from incomplete observations") takes an open finding for one that lasted at least
as long as its age.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sesreport.findings.episodes import EXCEPTED, NOT_OBSERVED, OPEN, RESOLVED

NEW = "new this month"
OLDER = (("up to 30 days", -1), ("31 to 90 days", 30), ("over 90 days", 90))
"""Age classes of what was not opened in the month, and the days above which each begins."""
UNKNOWN_AGE = "since before the first snapshot"
AGES = (NEW, *(name for name, _ in OLDER), UNKNOWN_AGE)
"""All age classes, youngest first."""


def age_class(lives: pd.DataFrame, period: str) -> pd.Series:
    """The class of :data:`AGES` that each life is in at the snapshot of a month; by the longest it can have lasted.

    :data:`UNKNOWN_AGE` where it was there at the first look, and may be older than all that is known. What was not
    there at a look in the month, or after it, is new, whatever the days until the snapshot.
    """
    found = pd.Series(UNKNOWN_AGE, index=lives.index, dtype="string")
    for name, above in OLDER:
        found = found.mask(lives["days_high"].gt(above).fillna(False), name)
    oldest, above = OLDER[-1]
    found = found.mask(lives["days_low"].gt(above).fillna(False), oldest)
    return found.mask(lives["opened_after"].ge(pd.Timestamp(f"{period}-01", tz="UTC")).fillna(False), NEW)


def times_by_group(lives: pd.DataFrame, period: str) -> pd.DataFrame:
    """Times to remediate, over all, by severity and by rule.

    ``lives`` are those of :mod:`sesreport.findings.episodes` with ``severity`` and ``rule``. Columns: ``dimension``,
    ``group``; ``resolved`` (in the period), ``mean_days`` (over those), ``at_least`` (how many of them were there at
    the first look, and count with the time since); ``median_days`` (Kaplan-Meier, over the ``episodes`` of all time
    that nobody accepted), ``open``, ``not_observed``, ``excepted``, ``oldest_days`` (of the open and not observed) and
    ``reason`` (why a mean or a median is NA).
    """
    return pd.DataFrame(
        [{"dimension": dimension, "group": group, **_times(rows, period)} for dimension, group, rows in _groups(lives)]
    )


def median_days(lives: pd.DataFrame) -> float | None:
    """The Kaplan-Meier median of days to remediation: the first at which no more than half are still open.

    None when nothing was resolved with a known longest time, or more than half outlast all that is known. A resolved
    finding that was there at the first look is known to have lasted its shortest time, and no more is known of it: it
    is censored, as an open one is; one nobody could look at again is known up to its last sighting.
    """
    times, ended = times_known(lives)
    return kaplan_meier(times, ended)


def times_known(lives: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """How many days each life is known to have lasted, and whether it ended then; it lasted longer where it did not."""
    ended = lives["status"].eq(RESOLVED) & lives["days_high"].notna()
    known = lives["days_low"].where(lives["status"].ne(NOT_OBSERVED), _days_seen(lives))
    times = lives["days_high"].where(ended, known)
    return times.to_numpy("float64"), ended.to_numpy("bool")


def kaplan_meier(times: np.ndarray, ended: np.ndarray) -> float | None:
    """The first time at which no more than half are expected to last on; None where more than half outlast all ends."""
    if not ended.any():
        return None
    from scipy.stats import CensoredData, ecdf  # half a second to import

    still_open = ecdf(CensoredData.right_censored(times, ~ended)).sf
    below = still_open.quantiles[still_open.probabilities <= 0.5 + 1e-12]
    return float(below[0]) if len(below) else None


def half_gone(times: np.ndarray, ended: np.ndarray) -> tuple[float | None, bool]:
    """The time at which half are gone, and whether it was reached; else half last at least as long as any is known to.

    None where that is no time at all. Takes one time or more.
    """
    reached = kaplan_meier(times, ended)
    return (float(times.max()) or None, False) if reached is None else (reached, True)


def _groups(lives: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    yield "all", "all", lives
    for dimension in ("severity", "rule"):
        for group, rows in lives.groupby(dimension):
            yield dimension, str(group), rows


def _times(lives: pd.DataFrame, period: str) -> dict[str, object]:
    counted = lives[lives["status"] != EXCEPTED]
    month = counted[counted["resolved_in"].eq(period).fillna(False).astype(bool)]
    standing = counted[counted["status"].isin([OPEN, NOT_OBSERVED])]
    middle = median_days(counted)
    reasons = [] if len(month) else [f"nothing was resolved in {period}"]
    if middle is None:
        resolved = counted[counted["status"] == RESOLVED]
        reasons.append(
            "nothing was ever resolved"
            if resolved.empty
            else "all that was resolved was there at the first look"
            if resolved["days_high"].isna().all()
            else "more than half outlast all that was resolved"
        )
    return {
        "resolved": len(month),
        "mean_days": float(month["days"].mean()) if len(month) else None,
        "at_least": int(month["days_high"].isna().sum()),
        "median_days": middle,
        "episodes": len(counted),
        "open": int(standing["status"].eq(OPEN).sum()),
        "not_observed": int(standing["status"].eq(NOT_OBSERVED).sum()),
        "excepted": len(lives) - len(counted),
        "oldest_days": float(standing["days"].max()) if len(standing) else None,
        "reason": "; ".join(reasons) or None,
    }


def _days_seen(lives: pd.DataFrame) -> pd.Series:
    seen = (lives["last_seen"] - lives["opened_by"]).dt.total_seconds() / 86_400
    return seen.clip(lower=0).astype("Float64")
