"""What an identity's policies were at each moment between two snapshots, from CloudTrail's change events.

Pure: texts and events in, moments out. CloudTrail's event history is whole for 90 days (CloudTrail User Guide, "Working
with CloudTrail event history"), so between two snapshots less than that apart every text is known, but for those it
hides; before the first snapshot only what the events and the snapshot tell together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sesreport.core.vocabulary import IdentityKey
from sesreport.snapshot.events import EventKind, operations_of

PUT = frozenset(operations_of(EventKind.CREATES_POLICY, EventKind.PUTS_POLICY))
DELETE = frozenset(operations_of(EventKind.DELETES_POLICY))
DELETE_IDENTITY = frozenset(operations_of(EventKind.DELETES_IDENTITY))
CREATE_IDENTITY = "CreateEmailIdentity"
"""The one that fails where the identity is there already; those of v1 verify it again."""


@dataclass(frozen=True)
class Event:
    """A successful change of one identity."""

    at: datetime
    name: str
    policy_name: str | None
    policy: str | None
    """The text put; None for a deletion, and where CloudTrail hides it."""
    principal: str | None


@dataclass(frozen=True)
class Moment:
    """One identity's policies at one moment."""

    identity: IdentityKey
    at: datetime
    policies: Mapping[str, str]
    whole: bool
    """Whether these are all of its policies, with their texts."""
    basis: str
    """``event`` or ``register``: what happened at the moment."""
    principal: str | None = None
    before: bool = False
    """Just before what happened, not just after."""


class _Unknown:
    """A policy that may be there or not, with a text nobody knows."""


UNKNOWN = _Unknown()
SOMETHING = ""
"""Stands for policies of names nobody knows; no policy is called so."""
State = dict[str, str | _Unknown]


def replay(
    place: IdentityKey,
    earlier: Mapping[str, str] | None,
    later: Mapping[str, str],
    events: Sequence[Event],
    dates: Iterable[datetime] = (),
) -> list[Moment]:
    """The moments of one identity, oldest first, between two snapshots (or up to the first).

    ``earlier`` and ``later`` are its policies in the snapshots (empty when the identity is not there); ``earlier`` is
    None when nothing is known of the beginning. ``dates`` are moments at which approvals in the register begin or end.
    No moment is told when the snapshots differ by more than the events say: then the log is not whole.
    """
    if any(event.name in PUT | DELETE and event.policy_name is None for event in events):
        return []
    cleared = max((event.at for event in events if event.name in DELETE_IDENTITY), default=None)
    touched = {event.policy_name for event in events if event.policy_name}
    if not _explained(earlier, later, events, touched, cleared is not None):
        return []
    last = {
        event.policy_name: event.at
        for event in sorted(events, key=lambda event: event.at)
        if event.policy_name and (cleared is None or event.at > cleared)
    }
    state: State = dict(earlier) if earlier is not None else _beginning(later, events, touched, cleared is not None)
    moments: list[Moment] = []
    dated = set(dates)
    for at in sorted({event.at for event in events} | dated):
        here = [event for event in events if event.at == at]
        if (earlier is None and not moments) or at in dated:
            moments.append(_moment(place, at, state, "register" if at in dated else "event", None, before=True))
        _apply(state, here, later, {name for name, moment in last.items() if moment == at})
        moments.append(_moment(place, at, state, "event" if here else "register", here[-1].principal if here else None))
    return moments


def _moment(
    place: IdentityKey, at: datetime, state: State, basis: str, who: str | None, *, before: bool = False
) -> Moment:
    known = {name: text for name, text in state.items() if not isinstance(text, _Unknown)}
    return Moment(place, at, known, len(known) == len(state), basis, who, before)


def _apply(state: State, here: Sequence[Event], later: Mapping[str, str], final: set[str]) -> None:
    """All events of one second. The ``final`` policies are not changed again, so they are what the snapshot shows.

    CloudTrail gives no order within a second: two events for one policy leave it unknown.
    """
    if any(event.name in DELETE_IDENTITY for event in here):
        state.clear()
        if len(here) > 1:
            state[SOMETHING] = UNKNOWN
        return
    names = [event.policy_name for event in here if event.policy_name]
    for event in here:
        name = event.policy_name
        if name is None:
            continue
        twice = names.count(name) > 1
        text: str | _Unknown | None
        if name in final:
            text = later.get(name)
            if not twice and (text is None) != (event.name in DELETE):
                text = UNKNOWN  # the log lacks an event
        elif twice:
            text = UNKNOWN
        else:
            text = None if event.name in DELETE else (event.policy or UNKNOWN)
        state.pop(name, None)
        if text is not None:
            state[name] = text


def _beginning(later: Mapping[str, str], events: Sequence[Event], touched: set[str], cleared: bool) -> State:
    """What can be said of the time before the first event when no snapshot shows it.

    A policy no event touched was what it is now. CreateEmailIdentityPolicy and CreateEmailIdentity succeed only where
    there was none; PutIdentityPolicy replaces or adds, so what was there before it is not known; nor is what a deleted
    identity had.
    """
    if events and events[0].name == CREATE_IDENTITY:
        return {}
    state: State = {SOMETHING: UNKNOWN} if cleared else {n: text for n, text in later.items() if n not in touched}
    first = {event.policy_name: event.name for event in reversed(events) if event.policy_name}
    return state | {name: UNKNOWN for name in touched if first[name] != "CreateEmailIdentityPolicy"}


def _explained(
    earlier: Mapping[str, str] | None,
    later: Mapping[str, str],
    events: Sequence[Event],
    touched: set[str],
    cleared: bool,
) -> bool:
    """Whether all that differs at the end was touched by an event; else the log is not whole."""
    created = bool(events) and events[0].name == CREATE_IDENTITY
    begun: Mapping[str, str] = {} if created and earlier is None else (later if earlier is None else earlier)
    if cleared:
        return later.keys() <= touched
    names = (begun.keys() | later.keys()) - touched
    return all(n in begun and n in later and _equal(begun[n], later[n]) for n in names)


def _equal(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
