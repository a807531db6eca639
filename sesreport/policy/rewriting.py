"""Statements of a policy written anew, as JSON: for fewer principals, actions, addresses, or for less time."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sesreport.policy import patterns
from sesreport.policy.compare import OTHER_ACTIONS
from sesreport.policy.grammar import seconds
from sesreport.policy.model import Principal, Statement
from sesreport.policy.scene import SENDING_ACTIONS

APPROVED_ACTIONS = (*SENDING_ACTIONS, "ses:SendBulkEmail")
"""What an approval is for: to send, and not to manage the identity."""
FROM, NOW, ORGANIZATION, ACCOUNT = "ses:FromAddress", "aws:CurrentTime", "aws:PrincipalOrgID", "aws:PrincipalAccount"


def only(text: str, indexes: Collection[int], principal: Principal | None = None) -> str:
    """A policy's text with some of its statements, or for one of their principals."""
    document = json.loads(text)
    written = document["Statement"]
    written = written if isinstance(written, list) else [written]
    chosen = [each for index, each in enumerate(written) if index in indexes]
    if principal is not None:
        chosen = [with_principals(each, [principal]) for each in chosen]
    return json.dumps({**document, "Statement": chosen})


def for_account(raw: dict[str, Any], *accounts: str) -> dict[str, Any]:
    """The statement for some accounts."""
    return _for(raw, "AWS", accounts)


def for_services(raw: dict[str, Any], services: Sequence[str]) -> dict[str, Any]:
    """The statement for some AWS services."""
    return _for(raw, "Service", services)


def _for(raw: dict[str, Any], kind: str, principals: Sequence[str]) -> dict[str, Any]:
    """The statement for other principals, in the usual order of its elements."""
    rest = {key: value for key, value in raw.items() if key not in ("Principal", "NotPrincipal")}
    head: dict[str, Any] = {key: rest.pop(key) for key in ("Sid", "Effect") if key in rest}
    return {**head, "Principal": {kind: principals[0] if len(principals) == 1 else list(principals)}, **rest}


def with_principals(raw: dict[str, Any], principals: Collection[Principal]) -> dict[str, Any]:
    """The statement for some of its principals, each under the key it stands under."""
    wanted = {principal.value for principal in principals}
    written = raw.get("Principal")
    if not isinstance(written, dict):
        return raw
    out = {}
    for key, values in written.items():
        several = values if isinstance(values, list) else [values]
        if chosen := [value for value in several if value in wanted]:
            out[key] = chosen if isinstance(values, list) and len(chosen) > 1 else chosen[0]
    return {**raw, "Principal": out}


def manages_more(statement: Statement) -> bool:
    """Whether a statement is for anything of an identity but sending."""
    covered = {action for action in OTHER_ACTIONS if any(_like_action(action, one) for one in statement.actions)}
    return bool((set(OTHER_ACTIONS) - covered if statement.not_action else covered) - set(APPROVED_ACTIONS))


def sending_only(raw: dict[str, Any], statement: Statement) -> tuple[dict[str, Any] | None, bool]:
    """The statement for sending alone, None where nothing is left; and whether it allowed anything else."""
    if not manages_more(statement):
        return raw, False
    covered = [
        each
        for each in APPROVED_ACTIONS
        if any(_like_action(each, one) for one in statement.actions) != statement.not_action
    ]
    if not covered:
        return None, True
    return {
        "Action" if key in ("Action", "NotAction") else key: covered if key in ("Action", "NotAction") else value
        for key, value in raw.items()
    }, True


def limited(raw: dict[str, Any], operator: str, key: str, values: Sequence[str]) -> dict[str, Any] | None:
    """The statement with one more condition; where one on the key is there, with the values that both have.

    None where they have none in common.
    """
    out = copy.deepcopy(raw)
    conditions = out.setdefault("Condition", {})
    there = conditions.setdefault(operator, {})
    same = next((name for name in there if name.casefold() == key.casefold()), None)
    if same is None:
        there[key] = values[0] if len(values) == 1 else list(values)
        return out
    before = there[same] if isinstance(there[same], list) else [there[same]]
    there[same] = [value for value in before if value in values]
    return out if there[same] else None


def from_limited(raw: dict[str, Any], patterns: Sequence[str]) -> dict[str, Any] | None:
    """The statement for the From addresses that both it and the approval allow; None where there are none."""
    out = copy.deepcopy(raw)
    conditions = out.setdefault("Condition", {})
    for operator in ("StringLike", "StringEquals"):
        for name, value in conditions.get(operator, {}).items():
            if name.casefold() != FROM.casefold():
                continue
            before = value if isinstance(value, list) else [value]
            inside = [one for one in before if any(_like(one, pattern) for pattern in patterns)]
            if operator == "StringLike":
                inside += [one for one in patterns if one not in inside and any(_like(one, other) for other in before)]
            if inside == before:
                return raw
            conditions[operator][name] = inside[0] if len(inside) == 1 else inside
            return out if inside else None
    return limited(raw, "StringLike", FROM, list(patterns))


def until(raw: dict[str, Any], last_day: date) -> dict[str, Any]:
    """The statement until the end of a day, or until its own ends (ISO 8601 or epoch time) where all are earlier."""
    out = copy.deepcopy(raw)
    there = out.setdefault("Condition", {}).setdefault("DateLessThan", {})
    same = next((name for name in there if name.casefold() == NOW.casefold()), NOW)
    before = there.get(same, [])
    end = instant(last_day)
    ends = [seconds(str(value)) for value in (before if isinstance(before, list) else [before])]
    if ends and all(each is not None and each <= (seconds(end) or 0) for each in ends):
        return raw
    there[same] = end
    return out


def instant(last_day: date) -> str:
    """The first instant after a day."""
    return f"{last_day + timedelta(days=1)}T00:00:00Z"


def numbered(statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements with a Sid of its own each; IAM takes none twice in a policy."""
    taken: set[str] = set()
    out = []
    for statement in statements:
        sid = statement.get("Sid")
        if sid in taken:
            number = next(n for n in range(2, len(taken) + 3) if f"{sid}{n}" not in taken)
            statement = {**statement, "Sid": f"{sid}{number}"}
        if sid:
            taken.add(statement["Sid"])
        out.append(statement)
    return out


def text_of(document: dict[str, Any], statements: list[dict[str, Any]]) -> str | None:
    return json.dumps({**document, "Statement": statements}) if statements else None


def _like(text: str, pattern: str) -> bool:
    """Whether a glob matches a text; a glob as the text stands for itself, so that what it matches lies within."""
    return patterns.matches(patterns.parse(pattern, wildcards=True, variables=False), text)


def _like_action(action: str, pattern: str) -> bool:
    """The same for an action; their names compare without case."""
    return _like(action.casefold(), pattern.casefold())
