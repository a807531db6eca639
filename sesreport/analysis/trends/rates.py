"""Sudden bounce and complaint rates: a day whose count cannot be the chance of the account's own ordinary rate.

A raw rate misleads: one bounce of five messages is 20 %. The question is whether as many bounces of as many messages
were to be expected, so a day is judged by the lower end of the exact binomial interval (C. J. Clopper, E. S. Pearson,
Biometrika 26, 1934) of its rate against the rate of the eight weeks before. Where days scatter more than binomial
chance, counts weigh as much less as they do (quasi-binomial: P. McCullagh, J. A. Nelder, "Generalized Linear Models",
1989, 4.5). Five messages a day never alarm for one bounce.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sesreport.analysis.trends.episodes import episodes
from sesreport.analysis.trends.robust import Array
from sesreport.analysis.trends.series import Series
from sesreport.settings.reference import BOUNCE_PAUSE, BOUNCE_REVIEW, COMPLAINT_PAUSE, COMPLAINT_REVIEW

LIMIT = 4.0
"""Normal deviations whose one-sided chance is the level of the interval (3 in 100,000)."""
DAYS, LEAST_DAYS, LEAST_MESSAGES = 56, 14, 200
"""Days looked back on, and what of them must be known before a day is judged."""
TIMES = 1.5
"""A rate this many times the ordinary one is the least that is told: more is chance, less is nobody's concern."""
_QUANTILE, _OF_NORMAL = 0.8, 1.2816
_UPPER = 0.95

Days = NDArray[np.bool_]


@dataclass(frozen=True)
class Rate:
    """One of the rates AWS watches."""

    name: str
    counted: str
    review: float
    pause: float


BOUNCES = Rate("bounce rate", "bounces", BOUNCE_REVIEW, BOUNCE_PAUSE)
COMPLAINTS = Rate("complaint rate", "complaints", COMPLAINT_REVIEW, COMPLAINT_PAUSE)


def sudden_rates(sending: Series, rate: Rate) -> pd.DataFrame:
    """One row per episode, described by its worst day (the one with the greatest lower end)."""
    from scipy.special import betainc, betaincinv, ndtr, ndtri  # a tenth of a second that a pack's readers save

    level = float(ndtr(-LIMIT))
    sent, counted = sending["sent"], np.minimum(sending[rate.counted], sending["sent"])
    known = np.isfinite(sent) & np.isfinite(counted) & (sent > 0)
    alarms: Days = np.zeros(sent.shape, dtype=bool)
    for _ in range(2):  # what was sudden does not make the next day's ordinary
        base, most, weight = _ordinary(np.where(known & ~alarms, sent, np.nan), np.where(alarms, np.nan, counted))
        few, all_ = counted / weight, sent / weight
        least = np.where(known & (counted > 0), betaincinv(few, np.maximum(all_ - few, 0) + 1, level), 0.0)
        alarms = known & (least > TIMES * most)
    found = episodes(alarms, np.nan_to_num(least))
    at = (found["row"].to_numpy(dtype=int), found["worst"].to_numpy(dtype=int))
    few, all_, ordinary = few[at], all_[at], most[at]
    high = betaincinv(all_ * ordinary + 1, np.maximum(all_ * (1 - ordinary), 1e-9), 1 - level)
    chance = betainc(few, all_ - few + 1, ordinary)
    return found.assign(
        kind=f"sudden {rate.name}",
        metric=rate.counted,
        value=counted[at] / sent[at],
        expected=base[at],
        low=0.0,
        high=high,
        messages=sent[at],
        counted=counted[at],
        deviations=-ndtri(np.maximum(chance, 1e-300)),
        ongoing=found["last"].to_numpy(dtype=int) == sent.shape[1] - 1,
        severity=np.select(
            [least[at] >= rate.pause, least[at] >= rate.review, counted[at] / sent[at] >= rate.review],
            ["critical", "high", "medium"],
            "low",
        ),
    )


def _ordinary(sent: Array, counted: Array) -> tuple[Array, Array, Array]:
    """Of the days before: their rate, the upper end of its Jeffreys interval, and the messages that weigh as one."""
    from scipy.special import betaincinv

    messages, counts = pd.DataFrame(sent.T), pd.DataFrame(counted.T)
    total = messages.rolling(DAYS, min_periods=LEAST_DAYS).sum().shift(1)
    some = counts.rolling(DAYS, min_periods=LEAST_DAYS).sum().shift(1)
    base = (some / total).where(total >= LEAST_MESSAGES)
    likely = messages * base
    off = (counts - likely).abs() / (likely * (1 - base)).where(likely >= 1).pow(0.5)
    scatter = off.rolling(DAYS, min_periods=LEAST_DAYS).quantile(_QUANTILE).shift(1)
    weight = ((scatter / _OF_NORMAL) ** 2).clip(lower=1.0).fillna(1.0)
    most = betaincinv(some / weight + 0.5, (total - some) / weight + 0.5, _UPPER)
    return base.to_numpy().T, np.where(np.isfinite(base.to_numpy()), most, np.nan).T, weight.to_numpy().T
