"""An account that is made ready to send: production access asked for, sending switched on."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.findings.known_events import Row, by_whom, events_of, newest_first, placed, recent
from sesreport.findings.registry import Example, event, rule
from sesreport.snapshot.events import EventKind

_SWITCHED_OFF = event("UpdateAccountSendingEnabled", 20, enabled=False)


@rule(
    id="SES071",
    title="Production access was asked for",
    severity="medium",
    why="It lifts SES's sandbox: mail to anybody, and far more of it. Whoever holds a stolen key asks for it first.",
    recommendation="Ask who meant it; if nobody did, answer AWS's case and disable the credentials used.",
    ask="Confirm that production access was to be asked for {places}",
    fires=Example(changes=[event("PutAccountDetails", 10, enabled=True)]),
    clean=Example(
        changes=[
            event("PutAccountDetails", 10, enabled=False),
            event("PutAccountDetails", 9, enabled=True, error_code="ConflictException"),
            event("PutAccountDetails", 60, enabled=True),
        ]
    ),
    datasets=("changes",),
    of_month=True,
)
def production_access(analysis: Analysis) -> pd.DataFrame:
    """Calls of the month or after it; one that hides what it asked for counts as well."""
    asked = recent(events_of(analysis, EventKind.PUTS_DETAILS), analysis)
    hidden = ", whether for production access is not known"
    return placed(
        {**row, "evidence": f"{by_whom(row)}{hidden if pd.isna(row['enabled']) else ''}"}
        for row in asked.to_dict("records")
        if row["enabled"] is not False
    )


@rule(
    id="SES072",
    title="Sending was switched on again",
    severity="high",
    why="Somebody had stopped the account, such as after abuse or bounces; from now on it sends again.",
    recommendation="Ask who switched it off and why; if the cause is still there, switch it off again.",
    ask="Confirm that {places} may send again",
    incident=True,
    fires=Example(changes=[_SWITCHED_OFF, event("PutAccountSendingAttributes", 10, enabled=True)]),
    clean=Example(
        changes=[event("PutAccountSendingAttributes", 10, enabled=True)],
        earlier=Example(sending_fields={"sending_enabled": True}),
    ),
    datasets=("changes",),
    of_month=True,
)
def sending_switched_on(analysis: Analysis) -> pd.DataFrame:
    """Calls of the month or after it that switched sending on where it was off.

    Off by the last event before, or by the snapshot before. Where neither shows the state, the call counts: sending is
    on from the start, so whoever switches it on either ends a pause or changes nothing, and which of the two is not
    known. One that hides what it switched counts as well.
    """
    switched = events_of(analysis, EventKind.SWITCHES_SENDING)
    states = pd.concat([switched, *_observed(analysis)], ignore_index=True)
    return placed(
        {**row, "evidence": f"{by_whom(row)}, {before}"}
        for row in recent(switched, analysis).to_dict("records")
        if row["enabled"] is not False and (before := _before(row, states))
    )


def _observed(analysis: Analysis) -> Iterator[pd.DataFrame]:
    """Whether places could send when a snapshot was begun, as columns of ``changes``."""
    for each in newest_first(analysis):
        places = each.snapshot.sending_accounts
        seen = places.loc[places["sending_enabled"].notna(), ["account_id", "region", "sending_enabled"]]
        yield seen.rename(columns={"sending_enabled": "enabled"}).assign(at=pd.Timestamp(each.snapshot.started_at))


def _before(row: Row, states: pd.DataFrame) -> str | None:
    """What was known of a place's sending just before an event; None where it was on."""
    here = states["account_id"].eq(row["account_id"]) & states["region"].eq(row["region"])
    earlier = states[here & (states["at"] <= row["at"]) & states["event_id"].ne(row["event_id"]).fillna(value=True)]
    last = earlier.loc[earlier["at"] == earlier["at"].max(), "enabled"]
    if last.eq(other=False).any():
        return f"off before, since {earlier['at'].max():%Y-%m-%d} or longer"
    return None if len(last) and last.notna().all() else "whether it was off before is not known"
