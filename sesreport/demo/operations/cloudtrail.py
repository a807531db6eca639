"""CloudTrail: the event history of an account in a Region, 90 days back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sesreport.demo import changes
from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.changes import Change
from sesreport.demo.paging import page

HISTORY_DAYS = 90
PAGE_EVENTS = 50


@operation("cloudtrail", "LookupEvents")
def lookup_events(call: Call) -> dict[str, Any]:
    """Newest first; at most one attribute to look up by, at most 50 events a page (API reference)."""
    attributes = call.params.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "Exactly one lookup attribute is allowed.")
    size = int(call.params.get("MaxResults") or PAGE_EVENTS)
    if not 1 <= size <= PAGE_EVENTS:
        raise AwsError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
    start, end = call.params.get("StartTime"), call.params.get("EndTime")
    if start and end and start > end:
        raise AwsError("InvalidTimeRangeException", "StartTime must not be later than EndTime.")
    events = [event for event in map(_event_of(call), _history(call)) if _wanted(event, attributes, start, end)]
    of = f"LookupEvents {call.account_id} {call.region} {attributes} {start} {end}"
    found, token = page(events, size, call.params.get("NextToken"), of=of)
    return {"Events": found} | ({"NextToken": token} if token else {})


def _history(call: Call) -> list[Change]:
    world = call.world
    oldest = world.now - timedelta(days=HISTORY_DAYS)
    there = [entry for entry in world.identities.values() if (entry.account, entry.region) == _place(call)]
    happened = [change for identity in there for change in changes.changes_of(identity)]
    if world.sender(*_place(call)):
        happened += changes.inventory(*_place(call), oldest.date(), world.today)
    kept = [change for change in happened if oldest <= change.at < world.now]
    return sorted(kept, key=lambda change: (change.at, change.id), reverse=True)


def _place(call: Call) -> tuple[str, str]:
    return call.account_id, call.region


def _event_of(call: Call) -> Any:
    sessions = changes.load_sessions(call.world.data)

    def event(change: Change) -> dict[str, Any]:
        session = sessions.get(change.role, change.role)
        resources = [{"ResourceType": "AWS::SES::EmailIdentity", "ResourceName": change.identity}]
        return {
            "EventId": change.id,
            "EventName": change.name,
            "ReadOnly": "true" if change.read_only else "false",
            "AccessKeyId": changes.access_key(change),
            "EventTime": change.at,
            "EventSource": "ses.amazonaws.com",
            "Username": session,
            "Resources": resources if change.identity else [],
            "CloudTrailEvent": changes.record(change, session),
        }

    return event


def _wanted(
    event: dict[str, Any], attributes: list[dict[str, str]], start: datetime | None, end: datetime | None
) -> bool:
    if (start and event["EventTime"] < start) or (end and event["EventTime"] > end):
        return False
    for attribute in attributes:
        key, value = attribute["AttributeKey"], attribute["AttributeValue"]
        if key in {"ResourceName", "ResourceType"}:
            if not any(resource[key] == value for resource in event["Resources"]):
                return False
        elif event[key] != value:
            return False
    return True
