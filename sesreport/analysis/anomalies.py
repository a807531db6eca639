"""Days of sending that were out of the ordinary."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.remembered import remembered_frame
from sesreport.analysis.sending_series import sending_series
from sesreport.analysis.trends import anomalies as find
from sesreport.core.schema import Frame, account_id, at, count, flag, real, text


def _on(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


ANOMALIES = Frame(
    "anomalies",
    "One row per account × Region and episode of days out of the ordinary; no day is judged by later days.",
    keys={
        "account_id": account_id("The sending account."),
        "region": text("The Region."),
        "day": at("The worst day of the episode (for silence the day on which it was certain), midnight UTC."),
        "kind": text("volume spike, silent sender, sudden bounce rate, sudden complaint rate."),
    },
    columns={
        "metric": text("Column of daily that is judged: sent, bounces, complaints.", required=True),
        "first_day": at("The first such day.", required=True),
        "last_day": at("The last one.", required=True),
        "days": count("Days out of the ordinary in between.", required=True),
        "ongoing": flag("Whether it reaches the last day that was read.", required=True),
        "value": real("Messages on the day; a share of them for the rates.", required=True, minimum=0),
        "expected": real("What the days before let expect, in the same unit.", required=True, minimum=0),
        "low": real("Lower end of what would have been ordinary; NA for silence.", minimum=0),
        "high": real("Upper end.", minimum=0),
        "deviations": real("Robust deviations from the expected value; for silence and rates the normal deviations of "
                           "an equal chance.", required=True),
        "severity": text("critical, high, medium or low: by size and AWS's lines, not by how certain it is.",
                         required=True),
        "in_period": flag("Whether any of it lies within the month or after it.", required=True),
        "words": text("It in one sentence.", required=True),
    },
    samples=(
        {"account_id": "210000000009", "region": "us-east-1", "day": _on(10, 15), "kind": "volume spike",
         "metric": "sent", "first_day": _on(10, 15), "last_day": _on(10, 16), "days": 2, "ongoing": False,
         "value": 16512.0, "expected": 811.0, "low": 655.0, "high": 988.0, "deviations": 171.4,
         "severity": "critical", "in_period": True,
         "words": "16,512 messages sent on 2026-10-15 where about 811 were to be expected, 20.4 times as many; "
                  "2 such days from 2026-10-15 to 2026-10-16."},
        {"account_id": "210000000009", "region": "us-east-1", "day": _on(10, 15), "kind": "sudden bounce rate",
         "metric": "bounces", "first_day": _on(10, 15), "last_day": _on(10, 16), "days": 2, "ongoing": False,
         "value": 0.083, "expected": 0.015, "low": 0.0, "high": 0.021, "deviations": 37.5, "severity": "high",
         "in_period": True,
         "words": "1,371 bounces of 16,512 messages on 2026-10-15 (8.3 %) where 1.5 % was ordinary; 2 such days from "
                  "2026-10-15 to 2026-10-16."},
        {"account_id": "210000000003", "region": "eu-west-1", "day": _on(6, 3), "kind": "silent sender",
         "metric": "sent", "first_day": _on(6, 1), "last_day": _on(10, 31), "days": 153, "ongoing": True,
         "value": 0.0, "expected": 1240.0, "deviations": 37.5, "severity": "high", "in_period": True,
         "words": "No message since 2026-06-01 where about 1,240 a day were usual."},
    ),
)  # fmt: skip


@derived(ANOMALIES)
def anomalies(analysis: Analysis) -> pd.DataFrame:
    """All episodes of the days that are known."""
    return remembered_frame(analysis, ANOMALIES, lambda: _anomalies(analysis))


def _anomalies(analysis: Analysis) -> pd.DataFrame:
    if analysis.daily.empty:
        return ANOMALIES.empty()
    found = find(sending_series(analysis))
    return found.assign(in_period=found["last_day"] >= pd.Timestamp(analysis.period.start))
