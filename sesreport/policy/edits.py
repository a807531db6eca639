"""Edits of policy texts that take permissions away, and give none.

Only Allow statements are edited: principals are taken out of their lists, and values out of positive conditions. A
statement that would be left without either goes, as an empty or missing condition would let in more. Deny statements
and negative conditions stay as they are. What was taken away is therefore a part of what was allowed (a law that the
tests check against :func:`sesreport.policy.decide`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sesreport.policy import grammar
from sesreport.policy.grammar import OPERATORS, Operator
from sesreport.policy.model import Effect, Principal, PrincipalKind, Statement
from sesreport.policy.reader import read_policy

ACCOUNT_KEYS = frozenset({"aws:principalaccount", "aws:sourceaccount"})
"""Condition keys whose values are the account that calls, or that a service calls for."""
ARN_KEYS = frozenset({"aws:principalarn", "aws:sourcearn"})
"""Condition keys whose values are ARNs in that account."""
EVERYBODY_BUT = "everybody but "
"""What comes before a grantee of a statement with ``NotPrincipal``."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What to take out of a policy."""

    accounts: frozenset[str] = frozenset()
    """Ids of 12 digits: every principal of the account goes."""
    principals: frozenset[str] = frozenset()
    """Principals as policies write them."""
    grants: frozenset[tuple[int, str]] = frozenset()
    """Statement (its place from 1) and grantee, as the frame ``grants`` names them."""


@dataclass(frozen=True, slots=True)
class EditedPolicy:
    """What became of a policy."""

    text: str | None
    """The very text that was given where there was nothing to take out; None where no statement is left."""
    kept: tuple[int, ...]
    """Places that the statements which are left had before, from 1."""
    notes: tuple[str, ...] = ()
    """What was to be taken out and was not, and why."""


def account_of(principal: str) -> str | None:
    """The account that 12 digits, or the ARN of an account's root, name as a whole; None for everything else."""
    found = grammar.principal("AWS", principal)
    return found.account if isinstance(found, Principal) and found.kind is PrincipalKind.ACCOUNT else None


def revoke(text: str, what: Revocation) -> EditedPolicy:
    """The policy without what is revoked. Never raises on a policy: one that cannot be read stays, and is told."""
    policy = read_policy(text)
    everything = tuple(range(1, _count(text) + 1))
    try:
        document = _loads(text)
        if any(error.code == "duplicate" for error in policy.errors):
            raise ValueError(next(str(error.message) for error in policy.errors if error.code == "duplicate"))
    except (ValueError, RecursionError) as fault:
        told = (f"left as it is, as it cannot be edited: {fault}",) if _mentions(text, what) else ()
        return EditedPolicy(text, everything, told)
    readable = {statement.index: statement for statement in policy.statements}
    raw = document.get("Statement") if isinstance(document, dict) else None
    before = raw if isinstance(raw, list) else [raw]
    notes: list[str] = []
    edited = {i + 1: _edited_or_left(each, i + 1, readable.get(i), what, notes) for i, each in enumerate(before)}
    after = {number: each for number, left in edited.items() for each in left}
    if list(after.values()) == before:
        return EditedPolicy(text, everything, tuple(notes))
    if not after:
        return EditedPolicy(None, (), tuple(notes))
    document["Statement"] = list(after.values()) if isinstance(raw, list) else after[1]
    return EditedPolicy(_dumps(document, text), tuple(after), tuple(notes))


def _edited_or_left(
    raw: Any, number: int, statement: Statement | None, what: Revocation, notes: list[str]
) -> tuple[Any, ...]:
    """The statement as it is to be; nothing where it goes."""
    if statement is not None:
        edited = _edited(raw, statement, what, notes)
        return () if edited is None else (edited,)
    if _mentions(json.dumps(raw), what) or any(number == place for place, _ in what.grants):
        notes.append(f"statement {number} is left as it is, as it cannot be read")
    return (raw,)


def _count(text: str) -> int:
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return 0
    return len(statements) if isinstance(statements, list) else 1


def _mentions(text: str, what: Revocation) -> bool:
    return any(each in text for each in (*what.accounts, *what.principals, *(name for _, name in what.grants)))


def _edited(raw: Mapping[str, Any], statement: Statement, what: Revocation, notes: list[str]) -> dict[str, Any] | None:
    """The statement without what is revoked; None where nobody, or no condition's value, is left."""
    if statement.effect is Effect.DENY:
        return dict(raw)
    number = statement.index + 1
    edited = dict(raw)
    if statement.not_principal:
        if any((number, f"{EVERYBODY_BUT}{one.value}") in what.grants for one in statement.principals):
            return None
    else:

        def goes(one: Principal) -> bool:
            return one.account in what.accounts or one.value in what.principals or (number, one.value) in what.grants

        left = _principals(raw["Principal"], goes)
        if left is None:
            return None
        edited["Principal"] = left
        if all(
            one.account is not None or one.kind is PrincipalKind.DELETED or goes(one) for one in statement.principals
        ):
            return edited
    return _without_values(edited, what, number, notes)


def _principals(raw: Any, goes: Callable[[Principal], bool]) -> Any:
    """A Principal element without those that go; None where nobody is left."""
    if raw == "*":
        return None if goes(Principal(PrincipalKind.ANYONE, "*")) else raw
    left: dict[str, Any] = {}
    for kind, values in raw.items():
        stays = [value for value in _listed(values) if not goes(_principal(kind, value))]
        if stays:
            left[kind] = stays if isinstance(values, list) else stays[0]
    return left or None


def _principal(kind: str, value: str) -> Principal:
    found = grammar.principal(kind, value)
    assert isinstance(found, Principal), "the statement was read"
    return found


def _without_values(edited: dict[str, Any], what: Revocation, number: int, notes: list[str]) -> dict[str, Any] | None:
    """The statement with what is revoked taken out of the values of its conditions; None where one has none left."""
    conditions: dict[str, Any] = {}
    for name, keys in edited.get("Condition", {}).items():
        operator, conditions[name] = OPERATORS[name], dict(keys)
        if operator.negated or operator.family not in ("string", "arn"):
            continue
        for key, values in keys.items():
            stays = [value for value in _listed(values) if not _names(operator, key, str(value), what)]
            if len(stays) == len(_listed(values)):
                continue
            if stays:
                conditions[name][key] = stays if isinstance(values, list) else stays[0]
            elif operator.if_exists or operator.qualifier == "ForAllValues":
                notes.append(
                    f"statement {number} is left as it is: without its only value, {name} {key} could not stay, and it "
                    "also lets in requests that have no such key"
                )
            else:
                return None
    return {**edited, "Condition": conditions} if "Condition" in edited else edited


def _names(operator: Operator, key: str, value: str, what: Revocation) -> bool:
    """Whether a value lets in what is revoked, and nothing else."""
    key = key.lower() if key.isascii() else ""
    if key in ACCOUNT_KEYS:
        return value in what.accounts
    if key not in ARN_KEYS:
        return False
    if value in what.principals:
        return key == "aws:principalarn" and not set(value) & set("*?$")
    fields = value.split(":", 5)
    apart = operator.family == "arn"  # compares field by field: a wildcard before the account stays in its own
    return (
        len(fields) == 6 and fields[4] in what.accounts and not set("".join(fields[:4])) & set("$" if apart else "*?$")
    )


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _loads(text: str) -> Any:
    """JSON that :func:`_dumps` writes back with the same meaning. Raises ValueError for everything else."""
    return json.loads(text, object_pairs_hook=_pairs, parse_int=_whole, parse_float=_real, parse_constant=_constant)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an element stands in it twice")
    return found


def _whole(text: str) -> int:
    return int(_written_back(text, str(int(text))))


def _real(text: str) -> float:
    return float(_written_back(text, str(float(text))))


def _written_back(text: str, again: str) -> str:
    """A number as it stands: in a condition it counts as its text."""
    if text != again:
        raise ValueError(f"the number {text:.40} could not be written back as it stands")
    return text


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _dumps(document: Any, like: str) -> str:
    """The text of a document, in lines where the original had them."""
    if "\n" in like.strip():
        return json.dumps(document, indent=2, ensure_ascii=like.isascii())
    return json.dumps(document, separators=(",", ":"), ensure_ascii=like.isascii())
