"""Days on which an account sent far more than it does, or on which bounces or complaints reached AWS's lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sesreport.analysis.aws_lines import LINES
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import GRAVE, PLACE
from sesreport.kpis.happenings import happening, in_words, place_name
from sesreport.kpis.results import OFF_TARGET, Happening

SPIKE = "volume spike"
RATES = {"sudden bounce rate": "bounce_rate", "sudden complaint rate": "complaint_rate"}
WORDS = {"bounce_rate": "bounces", "complaint_rate": "complaints"}


@happening(order=20)
def unusual_sending(analysis: Analysis) -> Iterator[Happening]:
    """Each place with grave anomalies of the month in one line, spikes of volume first."""
    found = analysis.anomalies
    found = found[found["in_period"] & found["severity"].isin(GRAVE) & found["kind"].isin([SPIKE, *RATES])]
    names = analysis.accounts.drop_duplicates("account_id").set_index("account_id")["name"]
    told = []
    for (account, region), rows in found.groupby(PLACE):
        name = names.get(account)
        place = place_name(name, str(account), str(region))
        spikes = rows[rows["kind"].eq(SPIKE)].sort_values("value", ascending=False).to_dict("records")
        sudden = rows[rows["kind"].ne(SPIKE)].sort_values(["kind", "value"], ascending=[True, False])
        known = spikes[0]["day"] if spikes else None
        rates = [_rate(row, known) for row in sudden.drop_duplicates("kind").to_dict("records")]
        short_name = name if isinstance(name, str) else str(account)
        if spikes:
            times = _times(spikes[0])
            day = in_words(spikes[0]["day"])
            text = f"{place} sent {spikes[0]['value']:,.0f} messages on {day}, {times}"
            text += f"; {' and '.join(rates)}" if rates else ""
            told.append((0, Happening(OFF_TARGET, f"{text}. A stolen key looks like this.",
                                      f"{short_name} sent {times}", "anomalies")))  # fmt: skip
        else:
            told.append((1, Happening(OFF_TARGET, f"{place}: {' and '.join(rates)}.", f"{rates[0].split(' (')[0]} in "
                                      f"{short_name}", "anomalies")))  # fmt: skip
    yield from (each for _, each in sorted(told, key=lambda pair: pair[0]))


def _times(row: dict[Any, Any]) -> str:
    """``18 times its usual volume``."""
    if row["expected"] < 1:
        return "where hardly any are usual"
    return f"{row['value'] / row['expected']:,.0f} times its usual volume"


def _rate(row: dict[Any, Any], told: object) -> str:
    """``bounces reached 7.6 % on 1 October (20 such days; AWS reviews at 5 %)``; without a day told already."""
    rate = RATES[row["kind"]]
    review, pause = LINES[rate]
    acts, at = ("pauses", pause) if row["value"] >= pause else ("reviews", review)
    share = f"{row['value'] * 100:.{1 if row['value'] >= 0.01 else 2}f} %"
    days = f"{row['days']} such days; " if row["days"] > 1 else ""
    on = "" if row["day"] == told else f" on {in_words(pd.Timestamp(row['day']))}"
    return f"{WORDS[rate]} reached {share}{on} ({days}AWS {acts} at {at * 100:g} %)"
