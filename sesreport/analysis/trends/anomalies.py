"""All anomalies of sending, each with one clear sentence."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.trends.rates import BOUNCES, COMPLAINTS, sudden_rates
from sesreport.analysis.trends.series import Series
from sesreport.analysis.trends.silence import silences
from sesreport.analysis.trends.spikes import spikes


def anomalies(sending: Series) -> pd.DataFrame:
    """One row per episode: place, days (``day`` is its worst, ``first_day`` … ``last_day``), kind, numbers, words.

    Counts are messages a day, rates shares; see the frame ``anomalies`` for the columns.
    """
    parts = [spikes(sending), silences(sending), sudden_rates(sending, BOUNCES), sudden_rates(sending, COMPLAINTS)]
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    days, places = sending.days, sending.places
    made = found.assign(
        account_id=places["account_id"].iloc[found["row"]].to_numpy(),
        region=places["region"].iloc[found["row"]].to_numpy(),
        day=days[found["worst"]],
        first_day=days[found["first"]],
        last_day=days[found["last"]],
    )
    made = made.assign(words=[words(row) for row in made.to_dict("records")])
    return made.sort_values(["account_id", "region", "day", "kind"], ignore_index=True)


def words(row: dict[object, object]) -> str:
    """One sentence: what was seen, what was to be expected, how long."""
    return _SENTENCES[str(row["kind"])](row) + _span(row)


def _spike(row: dict[object, object]) -> str:
    value, expected = _number(row["value"]), _number(row["expected"])
    times = value / max(expected, 1.0)
    often = (
        f", {times:,.1f} times as many"
        if times >= 1.5
        else f", {value / max(expected, 1.0) - 1:.0%} more".replace("%", " %")
    )
    return f"{value:,.0f} messages sent on {_day(row['day'])} where about {expected:,.0f} were to be expected{often}"


def _silent(row: dict[object, object]) -> str:
    state = "No message since" if row["ongoing"] else "No message from"
    until = "" if row["ongoing"] else f" to {_day(row['last_day'])}"
    return f"{state} {_day(row['first_day'])}{until} where about {_number(row['expected']):,.0f} a day were usual"


def _rate(row: dict[object, object]) -> str:
    decimals = 2 if row["metric"] == "complaints" else 1
    value, expected = (f"{_number(row[name]) * 100:.{decimals}f} %" for name in ("value", "expected"))
    counted, messages = _number(row["counted"]), _number(row["messages"])
    return (
        f"{counted:,.0f} {row['metric']} of {messages:,.0f} messages on {_day(row['day'])} ({value}) "
        f"where {expected} was ordinary"
    )


_SENTENCES = {
    "volume spike": _spike,
    "silent sender": _silent,
    "sudden bounce rate": _rate,
    "sudden complaint rate": _rate,
}


def _span(row: dict[object, object]) -> str:
    if row["kind"] == "silent sender" or row["first_day"] == row["last_day"]:
        return "."
    return f"; {row['days']} such days from {_day(row['first_day'])} to {_day(row['last_day'])}."


def _day(value: object) -> str:
    return f"{value:%Y-%m-%d}"


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]
