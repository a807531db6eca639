"""The incidents of the month as the deck draws and tells them, worked out from the frames."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agreement.facts import LINES, Facts

Series = dict[str, tuple[float | None, ...]]
Drawn = tuple[tuple[str, ...], Series]


@dataclass(frozen=True)
class Incident:
    """A place with a grave anomaly of the month, as the deck draws it."""

    drawn: Drawn
    label: str
    told: str


def incidents(facts: Facts) -> list[Incident]:
    """The worst anomaly of the first two places, spikes of volume first."""
    grave = facts.grave[facts.grave["kind"].isin(["volume spike", "sudden bounce rate", "sudden complaint rate"])]
    ordered = sorted(grave.to_dict("records"), key=lambda row: (row["kind"] != "volume spike", -row["value"]))
    places = list(dict.fromkeys((row["account_id"], row["region"]) for row in ordered))
    worst = [next(r for r in ordered if (r["account_id"], r["region"]) == place) for place in places]
    return [_incident(facts, row) for row in worst[:2]]


def _incident(facts: Facts, row: dict[Hashable, Any]) -> Incident:
    days = pd.date_range(facts.results.period, periods=32, tz="UTC")
    days = days[days.month == days[0].month]
    daily = facts["daily"].query("account_id == @row['account_id'] and region == @row['region']").set_index("at")
    name = facts["accounts"].set_index("account_id")["name"].get(row["account_id"], row["account_id"])
    if row["kind"] == "volume spike":
        label, limits, scale = "Messages sent", {"Usual": row["expected"]}, None
        beyond = 2 * row["expected"]
    else:
        what = row["kind"].split()[1]
        label, scale = f"{what.capitalize()} rate", f"{what}s"
        limits = dict(zip(("Review", "Pause"), LINES[f"{what}_rate"], strict=True))
        beyond = limits["Review"]
    values = []
    for day in days:
        here = daily.loc[day] if day in daily.index else None
        sent = None if here is None or pd.isna(here["sent"]) else float(here["sent"])
        hit = sent if scale is None or here is None or pd.isna(here[scale]) else float(here[scale])
        known = sent is not None and (scale is None or (sent > 0 and not pd.isna(here[scale])))
        values.append((hit if scale is None else hit / sent) if known else None)
    unusual = sum(value is not None and value >= beyond for value in values)
    write = (lambda v: f"{v:,.0f}") if scale is None else (lambda v: f"{v:.2%}".replace("%", " %"))
    labels = tuple(str(day.day) if not (day.day - 1) % 7 else "" for day in days)
    whole = f"{label}, {name} ({row['region']})"
    series = {label: (*values, None), **{text: (float(at),) * (len(days) + 1) for text, at in limits.items()}}
    told = f"{unusual} unusual days, {write(row['value'])} on {row['day'].day} {row['day']:%B}; "
    told += ", ".join(f"{text.lower()} {write(at)}" for text, at in limits.items())
    return Incident(((*labels, ""), series), whole, f"{whole}, by day: {told}.")
