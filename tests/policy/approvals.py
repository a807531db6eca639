"""Whether a request is approved, told from the request alone: no policy, and no engine."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sesreport.policy.approved import ApprovedSender
from sesreport.policy.evaluator import CallerKind, Request
from sesreport.policy.rewriting import APPROVED_ACTIONS
from tests.policy.universe import Setting, Someone


def approved(
    setting: Setting,
    approvals: Collection[ApprovedSender],
    request: Request,
    who: Someone,
    services: Collection[str],
    refused: Collection[str] = (),
) -> bool:
    """Whether the organization or the register let somebody send; ``services`` are those that the policies name.

    An account that the register names, and that nobody lists as a member, sends as the register says and no further,
    though it might be in the organization.
    """
    if request.caller.kind is CallerKind.SERVICE:
        held = request.context.get("aws:sourceorgid") == (setting.org,) if setting.org else None
        ours = held if setting.org else request.context.get("aws:sourceaccount") == (setting.own,)
        return bool(ours) and request.caller.arn in services
    if who.account == setting.own:
        return True
    if request.action not in APPROVED_ACTIONS or who.account in refused:
        return False
    own_approvals = [one for one in approvals if one.account == who.account]
    if setting.org and who.organization == setting.org and (who.account in setting.members or not own_approvals):
        return True
    (sender,) = request.context["ses:fromaddress"]
    (now,) = request.context["aws:currenttime"]
    day = datetime.fromisoformat(now).date()
    return any(
        (not one.from_patterns or any(_like(sender, pattern) for pattern in one.from_patterns))
        and (one.last_day is None or day <= one.last_day)
        for one in own_approvals
    )


def _like(address: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    return address.startswith(head) and address.endswith(tail) if star else address == pattern
