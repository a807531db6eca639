"""What a change of a whole account in a Region means: its sending switched, production access asked for."""

from __future__ import annotations

from sesreport.governance.monitor.event import Change
from sesreport.governance.monitor.judgement import Judgement, Outcome
from sesreport.snapshot.events import EventKind


def judge_account(change: Change) -> Judgement:
    """Judges a change by the event alone; what the event hides cannot be judged."""
    return _sending(change) if change.kind is EventKind.SWITCHES_SENDING else _details(change)


def _sending(change: Change) -> Judgement:
    where = f"account {change.account_id} in {change.region}"
    if change.enabled is None:
        return Judgement(
            Outcome.UNKNOWN, f"the event does not say whether the sending of {where} was switched on or off"
        )
    if not change.enabled:
        return Judgement(Outcome.NOTHING, f"the sending of {where} was switched off: it sends nothing from now on")
    words = (
        f"the sending of {where} was switched on. It is on from the start, so somebody had switched it off, or nothing "
        "changed. Ask who switched it off and why, and switch it off again if nobody meant this"
    )
    return Judgement(Outcome.CONFIRM, words, label="HIGH")


def _details(change: Change) -> Judgement:
    where = f"account {change.account_id} in {change.region}"
    if change.enabled is False:
        return Judgement(Outcome.NOTHING, f"details of {where} were changed; production access was not asked for")
    if change.enabled is None:
        words = f"details of {where} were changed, and the event does not say whether production access was asked for"
        return Judgement(Outcome.UNKNOWN, words)
    words = (
        f"production access was asked for: when AWS grants it, {where} may send to any address, and more a day. "
        "Whoever holds a stolen key asks for it first. Answer AWS's case if nobody meant this"
    )
    return Judgement(Outcome.CONFIRM, words, label="MEDIUM")
