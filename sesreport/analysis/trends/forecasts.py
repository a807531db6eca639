"""When a sending quota or one of AWS's lines will be reached, or why that cannot be said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sesreport.analysis.trends.expectation import weekdays
from sesreport.analysis.trends.forecast import HORIZON, LEAST_WEEKS, Line, line
from sesreport.analysis.trends.rates import BOUNCES, COMPLAINTS, Rate
from sesreport.analysis.trends.robust import Array
from sesreport.analysis.trends.series import Series

ABOVE, CROSSES, MAY_CROSS, NO_CROSSING = "already above", "crosses", "may cross", "no crossing"
TOO_LITTLE, UNLIMITED, UNKNOWN = "too little data", "unlimited", "not known"
STATES = (ABOVE, CROSSES, MAY_CROSS, NO_CROSSING, TOO_LITTLE, UNLIMITED, UNKNOWN)
"""Every answer there is, most urgent first."""
CURRENT_DAYS = 7
POOLED_DAYS = 28
"""Days over which an own rate is pooled where AWS publishes none."""


@dataclass(frozen=True)
class Watched:
    """One series to forecast against its thresholds, on a scale on which it runs straight."""

    metric: str
    basis: str
    current: float
    made: Line | None
    back: Callable[[Array], Array]
    """From the line's scale to the metric's own."""
    unit: str


def forecasts(sending: Series, quotas: pd.DataFrame, *, minimum_sends: float) -> pd.DataFrame:
    """One row per place and threshold; see the frame ``forecasts`` for the columns.

    ``quotas``: ``account_id``, ``region``, ``max_24_hour_send`` (−1 unlimited, NA not known). Own rates are not judged
    below ``minimum_sends`` messages in 28 days.
    """
    rows = []
    limits = {(a, r): q for a, r, q in quotas[["account_id", "region", "max_24_hour_send"]].itertuples(index=False)}
    week = weeks_of(sending["sent"])
    today = sending.days[-1] if len(sending.days) else pd.Timestamp(0)  # no day, no place
    for number, place in enumerate(sending.places.itertuples(index=False)):
        key = {"account_id": place.account_id, "region": place.region}
        quota = limits.get((place.account_id, place.region), pd.NA)
        volume = _volume(sending["sent"][number], week[number])
        if pd.isna(quota):
            rows.append({**key, "line": "quota", **_no_quota(volume, UNKNOWN, "its quota is not known")})
        elif quota < 0:
            rows.append({**key, "line": "quota", **_no_quota(volume, UNLIMITED, "its quota is unlimited")})
        else:
            rows.append(
                {**key, "line": "quota", **_judged(volume, float(quota), f"its quota of {quota:,.0f} a day", today)}
            )
        for rate, aws in ((BOUNCES, "aws_bounce_rate"), (COMPLAINTS, "aws_complaint_rate")):
            watched = _rate(
                rate, sending[aws][number], sending["sent"][number], sending[rate.counted][number], minimum_sends
            )
            for threshold, verb in ((rate.review, "review"), (rate.pause, "pause")):
                what = f"AWS's {verb} line of {threshold * 100:g} %"
                rows.append({**key, "line": verb, **_judged(watched, threshold, what, today)})
    made = pd.DataFrame(rows, columns=["account_id", "region", *_COLUMNS])
    for name in ("crosses_at", "earliest_at", "latest_at"):
        made[name] = pd.to_datetime(made[name], utc=True)
    rank = made["state"].map({state: number for number, state in enumerate(STATES)})
    order = made.assign(rank=rank).sort_values(["rank", "earliest_at", "account_id", "region", "metric", "threshold"])
    return order.drop(columns="rank").reset_index(drop=True)


def first_lines(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Quotas and AWS's review lines alone: whoever reaches a pause line has reached the review line before it."""
    return forecasts[forecasts["line"] != "pause"]


_COLUMNS = (
    "metric", "line", "threshold", "state", "current", "forecast", "low", "high", "crosses_at", "earliest_at",
    "latest_at", "slope", "basis", "words",
)  # fmt: skip


def weeks_of(sent: Array) -> Array:
    """The weekday's part of each day, on log counts; the array's end decides the weeks."""
    if sent.shape[1] < 7:
        return np.zeros_like(sent)
    # So that the last seven days share one fit, which the coming weeks go on with.
    length = sent.shape[1]
    lead = -length % 7
    padded = np.concatenate([np.full((len(sent), lead), np.nan), np.log1p(sent)], axis=1)
    return weekdays(padded)[:, lead:]


def _volume(sent: Array, week: Array) -> Watched:
    """Messages of the busiest weekday: what meets the quota first."""
    peak = float(np.nanmax(week[-7:])) if len(week) else 0.0
    made = line(np.log1p(sent) - week + peak)
    current = float(np.nanmax(sent[-CURRENT_DAYS:])) if np.isfinite(sent[-CURRENT_DAYS:]).any() else np.nan
    basis = "messages of the busiest weekday (CloudWatch Send); a quota counts recipients, so use is at least this"
    return Watched("sent", basis, current, made, lambda logs: np.maximum(np.expm1(logs), 0.0), "messages a day")


def _rate(rate: Rate, aws: Array, sent: Array, counted: Array, minimum_sends: float) -> Watched:
    """AWS's own rate where it is published, else ours pooled over four weeks."""
    if np.isfinite(aws[-CURRENT_DAYS:]).any():
        values, basis = aws, "AWS's own rate"
        current = float(aws[np.isfinite(aws)][-1])
    else:
        known = np.isfinite(sent) & np.isfinite(counted)
        messages = pd.Series(np.where(known, sent, np.nan)).rolling(POOLED_DAYS, min_periods=1).sum()
        pooled = pd.Series(np.where(known, counted, np.nan)).rolling(POOLED_DAYS, min_periods=1).sum() / messages
        values = pooled.where(messages >= minimum_sends).to_numpy()
        basis = f"{rate.counted} of messages over {POOLED_DAYS} days, an indicator: AWS published no rate"
        current = float(values[-1]) if len(values) else np.nan
    metric = rate.name.replace(" ", "_")
    return Watched(metric, basis, current, line(values), lambda shares: np.clip(shares, 0.0, 1.0), "share")


def _no_quota(volume: Watched, state: str, why: str) -> dict[str, object]:
    return {
        "metric": volume.metric, "threshold": np.nan, "state": state, "current": volume.current,
        "basis": volume.basis, **_ahead(volume), "words": f"No date for a quota: {why}.",
    }  # fmt: skip


def _ahead(watched: Watched) -> dict[str, object]:
    if watched.made is None:
        return {}
    ends = np.array([watched.made.middle[-1], watched.made.low[-1], watched.made.high[-1]])
    forecast, low, high = watched.back(ends)
    change = watched.back(np.array([watched.made.now, watched.made.now + watched.made.slope]))
    return {"forecast": forecast, "low": low, "high": high, "slope": change[1] - change[0]}


def _judged(watched: Watched, threshold: float, what: str, today: pd.Timestamp) -> dict[str, object]:
    """The answer for one threshold, in numbers and in words."""
    row: dict[str, object] = {
        "metric": watched.metric, "threshold": threshold, "current": watched.current, "basis": watched.basis,
        **_ahead(watched),
    }  # fmt: skip
    said = f"{_written(watched.current, watched.unit)} now"
    if np.isfinite(watched.current) and watched.current >= threshold:
        return {**row, "state": ABOVE, "words": f"Already above {what}: {said}."}
    if watched.made is None or not np.isfinite(watched.current):
        why = f"fewer than {LEAST_WEEKS} of the last 13 weeks are known"
        return {**row, "state": TOO_LITTLE, "words": f"Too little data to say when it reaches {what}: {why}."}
    paths = {"crosses_at": watched.made.middle, "earliest_at": watched.made.high, "latest_at": watched.made.low}
    days = {name: watched.made.first(watched.back(path), threshold) for name, path in paths.items()}
    dates = {name: today + pd.Timedelta(days=ahead) for name, ahead in days.items() if ahead is not None}
    span = f"between {_written(row['low'], watched.unit)} and {_written(row['high'], watched.unit)} in {HORIZON} days"
    if "crosses_at" in dates:
        latest = f"{dates['latest_at']:%Y-%m-%d}" if "latest_at" in dates else f"later than {HORIZON} days"
        words = (
            f"Expected to reach {what} around {dates['crosses_at']:%Y-%m-%d}, at the earliest "
            f"{dates['earliest_at']:%Y-%m-%d}, at the latest {latest}: {said}, {span}."
        )
        return {**row, "state": CROSSES, **dates, "words": words}
    if "earliest_at" in dates:
        words = f"May reach {what} from {dates['earliest_at']:%Y-%m-%d} on, but is not expected to: {said}, {span}."
        return {**row, "state": MAY_CROSS, **dates, "words": words}
    return {**row, "state": NO_CROSSING, "words": f"No crossing of {what} in {HORIZON} days: {said}, {span}."}


def _written(value: object, unit: str) -> str:
    number = float(value)  # type: ignore[arg-type]
    if not np.isfinite(number):
        return "not known"
    return f"{number * 100:.2f} %" if unit == "share" else f"{number:,.0f}"
