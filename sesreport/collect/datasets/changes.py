"""Changes of identities and their policies, from CloudTrail's event history (90 days)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from sesreport.collect.earlier import same_name
from sesreport.collect.lane import Lane, next_page
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collector
from sesreport.core.schema import Row
from sesreport.snapshot.events import (
    ATTRIBUTES,
    EVENTS,
    OF_ACCOUNT,
    OPERATIONS,
    RETENTION,
    SOURCE,
    EventKind,
    enabled_of,
    identity_of,
    mapping_of,
    policy_of,
    text_of,
)
from sesreport.snapshot.frames.changes import CHANGES

LOOKUP = Operation("cloudtrail", "lookup_events", items="Events")
FEW = 3
"""Pages of all of SES's events, reads included, that are cheaper than a question for each of 17 or more names."""


@collector(CHANGES, permissions=("cloudtrail:LookupEvents",))
def changes(lane: Lane) -> Iterator[tuple[str, Row]]:
    """Events of CloudTrail's history; one that two pages show is one.

    An incremental collection keeps what it knew and asks only for what happened since.
    """
    seen = set()
    since = lane.now - RETENTION
    if lane.earlier:
        for row in lane.earlier.changes:
            if row["at"] >= since:
                seen.add(row["event_id"])
                yield "changes", row
        since = lane.earlier.since
    changed: set[str] | None = set()
    begun: set[str] = set()
    for name, event in _events(lane, (*EVENTS, *ATTRIBUTES) if lane.earlier else EVENTS, since):
        try:
            if event.get("EventSource", SOURCE) != SOURCE:
                continue
            row = _row(lane, name, event)
        except Exception as error:  # noqa: BLE001 - an event of another shape must not end the others
            lane.gap("changes", error, name)
            changed = None
            continue
        if OPERATIONS[name].kind not in OF_ACCOUNT and row["error_code"] is None:
            if row["identity"] is None or changed is None:
                changed = None
            else:
                changed.add(same_name(row["identity"]))
                begun |= {same_name(row["identity"])} if OPERATIONS[name].kind is EventKind.BEGINS_IDENTITY else set()
        if name in EVENTS and event["EventId"] not in seen:
            seen.add(event["EventId"])
            yield "changes", row
    if lane.earlier:
        known = {same_name(name) for name in lane.earlier.identities} | begun
        sure = changed is not None and changed <= known  # else nobody knows what some event is about
        lane.changed = changed if sure else None


def _events(lane: Lane, names: Collection[str], since: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Events of these names: out of all of SES's, reads included, where those are few pages, else name by name.

    Most Regions see few events of SES, and a question for each name would take longer than all else read there.
    """
    found: list[dict[str, Any]] = []
    following: dict[str, Any] = {}
    for pages in range(1, FEW + 1):
        page = lane.call(LOOKUP, **_question("EventSource", SOURCE, since, lane.now), **following)
        found += page.get("Events") or []
        mark = next_page(LOOKUP, page)
        if mark is None:
            told = ((event.get("EventName"), event) for event in found)
            yield from ((name or "", event) for name, event in told if name in names or not name)
            return
        if not _reaches(found, since, lane.now, pages / FEW):
            break
        following = {"NextToken": mark}
    yield from _by_name(lane, names, since)


def _reaches(found: Iterable[dict[str, Any]], since: datetime, now: datetime, share: float) -> bool:
    """Whether events, newest first, go back over that share of the time asked for."""
    times = [event["EventTime"] for event in found if event.get("EventTime")]
    return bool(times) and now - min(times) >= (now - since) * share


def _by_name(lane: Lane, names: Iterable[str], since: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """One question for each name: LookupEvents takes one attribute, and most events of the source are reads."""
    for name in names:
        for event in lane.pages(LOOKUP, **_question("EventName", name, since, lane.now)):
            yield name, event


def _question(key: str, value: str, since: datetime, until: datetime) -> dict[str, Any]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    return {"LookupAttributes": attributes, "StartTime": since, "EndTime": until}


def _row(lane: Lane, name: str, event: dict[str, Any]) -> Row:
    if not name or event["EventName"] != name:
        raise ValueError(f"an event of another name: {event['EventName']!r:.40}")
    record = _record(event.get("CloudTrailEvent"))
    for member_name, here in (("recipientAccountId", lane.account_id), ("awsRegion", lane.region)):
        if record.get(member_name) not in (None, here):
            raise ValueError(f"an event of another place: {member_name} is {record[member_name]!r:.40}")
    request = mapping_of(record, "requestParameters")
    user = mapping_of(record, "userIdentity")
    issuer = mapping_of(mapping_of(user, "sessionContext"), "sessionIssuer")
    return {
        "event_id": event["EventId"],
        "account_id": lane.account_id,
        "region": lane.region,
        "at": event["EventTime"],
        "event_name": name,
        "identity": identity_of(name, request),
        "policy_name": text_of(request, "policyName"),
        "policy": policy_of(request),
        "principal_arn": text_of(issuer, "arn") or text_of(user, "arn") or text_of(event, "Username"),
        "source_ip": text_of(record, "sourceIPAddress"),
        "error_code": text_of(record, "errorCode"),
        "enabled": enabled_of(name, request),
    }


def _record(told: Any) -> dict[str, Any]:
    """The event's own JSON; empty where it cannot be read."""
    try:
        record = json.loads(told) if isinstance(told, str) else told
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
