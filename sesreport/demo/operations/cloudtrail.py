"""CloudTrail: the event history of an account in a Region, 90 days back."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sesreport.demo import changes
from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.changes import ManagementEvent
from sesreport.demo.paging import page
from sesreport.demo.world import World

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
    history = _history(call.world, call.account_id, call.region)
    events = [event for event in history if _wanted(event, attributes, start, end)]
    of = f"LookupEvents {call.account_id} {call.region} {attributes} {start} {end}"
    found, token = page(events, size, call.params.get("NextToken"), of=of)
    return {"Events": found} | ({"NextToken": token} if token else {})


@lru_cache(maxsize=512)
def _history(world: World, account_id: str, region: str) -> list[dict[str, Any]]:
    """All events of an account in a Region, newest first."""
    oldest = world.now - timedelta(days=HISTORY_DAYS)
    there = [entry for entry in world.identities.values() if (entry.account, entry.region) == (account_id, region)]
    happened = [change for identity in there for change in changes.changes_of(identity)]
    happened += [one for one in world.account_changes if (one.account, one.region) == (account_id, region)]
    if world.sender(account_id, region):
        happened += changes.inventory(account_id, region, oldest.date(), world.today)
    kept = [change for change in happened if oldest <= change.at < world.now]
    newest_first = sorted(kept, key=lambda change: (change.at, change.id), reverse=True)
    return [_event(change, world.sessions.get(change.role, change.role)) for change in newest_first]


def _event(change: ManagementEvent, session: str) -> dict[str, Any]:
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
