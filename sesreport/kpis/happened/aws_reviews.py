"""AWS's reviews and pauses of accounts: begun, ended, or still there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sesreport.analysis.aws_lines import BELOW, LINES, PAUSE, reached
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import PLACE
from sesreport.kpis import words
from sesreport.kpis.happenings import happening, in_words, place_name
from sesreport.kpis.results import OFF_TARGET, ON_TARGET, Happening

HEALTHY, PROBATION, SHUTDOWN = "HEALTHY", "PROBATION", "SHUTDOWN"
"""EnforcementStatus of GetAccount (SES API v2)."""
FRAME = "sending_accounts"


@happening(order=10)
def aws_reviews(analysis: Analysis) -> Iterator[Happening]:
    """Places whose enforcement status is not healthy, what is new first; and those that are healthy again."""
    for row in _with_before(analysis).sort_values(["known", *PLACE], ascending=[False, True, True]).to_dict("records"):
        name = row["account_name"] if isinstance(row["account_name"], str) else row["account_id"]
        place, now = place_name(row["account_name"], row["account_id"], row["region"]), row["enforcement_status"]
        if now == HEALTHY:
            if row["known"] and row["before"] != HEALTHY:
                yield Happening(ON_TARGET, f"AWS ended its review of {place}.", frame=FRAME)
            continue
        verb = "put" if row["known"] and row["before"] == HEALTHY else "still has" if row["known"] else "has"
        told = _told(verb, place, now)
        since = f" between {_span(analysis)}" if verb == "put" else ""
        unknown = "; since when is not known" if verb == "has" else ""
        yield Happening(OFF_TARGET, f"{told}{since}{unknown}{_rates(row)}.", _told(verb, name, now), FRAME)


def _with_before(analysis: Analysis) -> pd.DataFrame:
    """Places whose status is known, with that of the snapshot before (``before``, ``known``) and account names."""
    places = analysis.sending_accounts[analysis.sending_accounts["enforcement_status"].notna()]
    names = analysis.accounts.drop_duplicates("account_id").set_index("account_id")["name"]
    places = places.assign(account_name=places["account_id"].map(names))
    earlier = None if analysis.previous is None else analysis.previous.snapshot.sending_accounts
    if earlier is None or earlier.empty:
        return places.assign(before=pd.array([pd.NA] * len(places), dtype="string"), known=False)
    before = earlier[[*PLACE, "enforcement_status"]].rename(columns={"enforcement_status": "before"})
    found = joined(places, before, on=PLACE)
    return found.assign(known=found["before"].notna())


def _told(verb: str, place: str, status: str) -> str:
    if status == PROBATION:
        return f"AWS {verb} {place} under review"
    if status == SHUTDOWN:
        return f"AWS {'paused' if verb == 'put' else f'{verb} paused'} the sending of {place}"
    return f"AWS {verb} {place} at status {status}"


def _span(analysis: Analysis) -> str:
    before = analysis.previous.snapshot.started_at if analysis.previous else analysis.snapshot.started_at
    return f"{in_words(before)} and {in_words(analysis.snapshot.started_at)}"


def _rates(row: dict[Any, Any]) -> str:
    """``: its bounce rate is 6.97 % (AWS reviews at 5 %)``; empty where no rate has reached a line."""
    told = []
    for rate, (review, pause) in LINES.items():
        line = reached(pd.Series([row[rate]], dtype="Float64"), rate).iloc[0]
        if pd.notna(line) and line != BELOW:
            acts, at = ("pauses", pause) if line == PAUSE else ("reviews", review)
            name = rate.replace("_", " ")
            told.append(f"its {name} is {words.number(row[rate], 'rate')} (AWS {acts} at {at * 100:g} %)")
    return f": {' and '.join(told)}" if told else ""
