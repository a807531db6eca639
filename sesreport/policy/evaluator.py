"""One request against the policies of one identity: allowed or not, and by which statement.

This is the referee: everything the symbolic engine claims is checked against it. It follows the IAM User
Guide ("Policy evaluation logic", "Condition operators", "Multivalued context keys", "AWS JSON policy
elements: Principal") statement by statement and knows nothing of classes of callers.
"""

from __future__ import annotations

import base64
import operator as compare
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from sesreport.policy import grammar, patterns
from sesreport.policy.grammar import OPERATORS, number, seconds
from sesreport.policy.model import Condition, Effect, Policy, Principal, PrincipalKind, Statement


class CallerKind(StrEnum):
    """Who signs a request."""

    ROOT = "root user"
    USER = "user"
    ROLE_SESSION = "role session"
    FEDERATED_USER = "federated user"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """The signer: ``arn`` as Principal elements name it (for a service, its service name).

    A role session also has the ARN of its role and, when a federated sign-in made it, the provider.
    """

    kind: CallerKind
    arn: str
    account: str | None = None
    role_arn: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call: ``context`` maps condition keys in lower case to their values; a missing key is not in it."""

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policies make of a request, and the statement that decided (None: no statement matched)."""

    allowed: bool
    statement: Statement | None


def decide(policies: Iterable[Policy], request: Request) -> Decision:
    """Allowed when some Allow statement matches and no Deny statement does."""
    allow: Statement | None = None
    for policy in policies:
        for statement in policy.statements:
            if (allow is None or statement.effect is Effect.DENY) and statement_matches(statement, request):
                if statement.effect is Effect.DENY:
                    return Decision(False, statement)
                allow = statement
    return Decision(allow is not None, allow)


def statement_matches(statement: Statement, request: Request) -> bool:
    """Whether principal, action, resource and every condition of the statement match."""
    return (
        action_matches(statement, request.action)
        and principal_matches(statement, request.caller)
        and names_resource(statement, request)
        and all(condition_holds(item, request, statement.variables) for item in statement.conditions)
    )


def principal_matches(statement: Statement, caller: Caller) -> bool:
    """Principal: any entry names the caller. NotPrincipal: none does.

    A Deny with NotPrincipal spares a caller only when the caller's account is listed as well.
    """
    if not statement.not_principal:
        return any(names(principal, caller) for principal in statement.principals)
    listed = any(_lists(principal, caller) for principal in statement.principals)
    if listed and statement.effect is Effect.DENY and caller.account is not None:
        return all(
            principal.kind is not PrincipalKind.ANYONE and principal.account != caller.account
            for principal in statement.principals
            if principal.kind in (PrincipalKind.ACCOUNT, PrincipalKind.ANYONE)
        )
    return not listed


def _lists(principal: Principal, caller: Caller) -> bool:
    """In NotPrincipal an account stands for itself (its root user), not for everybody in it."""
    if principal.kind is PrincipalKind.ACCOUNT:
        return caller.kind is CallerKind.ROOT and caller.account == principal.account
    return names(principal, caller)


def names(principal: Principal, caller: Caller) -> bool:
    """Whether one principal entry names the caller."""
    match principal.kind:
        case PrincipalKind.ANYONE:
            return True
        case PrincipalKind.ACCOUNT:
            return caller.account == principal.account
        case PrincipalKind.ROLE:
            return caller.role_arn == principal.value
        case PrincipalKind.WEB_IDENTITY | PrincipalKind.PROVIDER:
            return caller.provider == principal.value
        case PrincipalKind.DELETED:
            return False
        case _:
            return caller.arn == principal.value


def action_matches(statement: Statement, action: str) -> bool:
    """Action names compare without case."""
    return _covers(statement.actions, action) != statement.not_action


@lru_cache(4096)
def _covers(actions: tuple[str, ...], action: str) -> bool:
    parsed = (patterns.parse(item.lower(), wildcards=True, variables=False) for item in actions)
    return any(patterns.matches(pattern, action.lower()) for pattern in parsed)


def names_resource(statement: Statement, request: Request) -> bool:
    """Resource patterns compare with case; see :func:`sesreport.policy.patterns.resource_symbols`."""
    found = False
    for value in statement.resources:
        pattern = patterns.parse(value, wildcards=True, variables=statement.variables)
        resolved = patterns.resolve(pattern, lambda key: _single(request, key))
        found = found or (resolved is not None and patterns.resource_matches(resolved, request.resource))
    return found != statement.not_resource


def condition_holds(condition: Condition, request: Request, variables: bool) -> bool:
    """One operator on one key, by the rules for missing and multivalued keys."""
    operator = OPERATORS[condition.operator]
    present = request.context.get(condition.name)
    if operator.test == "Null":
        return any((present is None) == (value.lower() == "true") for value in condition.values)
    if present is None:
        if operator.if_exists or operator.qualifier:
            return operator.if_exists or operator.qualifier == "ForAllValues"
        return operator.negated
    test, name = _TESTS[operator.family], operator.test
    found = []
    for actual in present:
        for value in condition.values:
            if test(name, value, actual, request, variables):
                found.append(True)
                break
        else:
            found.append(False)
    if operator.qualifier == "ForAllValues":
        return all(one != operator.negated for one in found)
    if operator.qualifier == "ForAnyValue":
        return any(one != operator.negated for one in found)
    return any(found) != operator.negated


def _like(pattern: patterns.Pattern, actual: str, request: Request) -> bool:
    resolved = patterns.resolve(pattern, lambda key: _single(request, key))
    return resolved is not None and patterns.matches(resolved, actual)


def _single(request: Request, key: str) -> str | None:
    values = request.context.get(key)
    return values[0] if values and len(values) == 1 else None


def _string(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    if test == "StringEquals" and not (variables and "${" in value):
        return value == actual
    pattern = patterns.parse(value, wildcards=test == "StringLike", variables=variables)
    if test == "StringEqualsIgnoreCase":
        resolved = patterns.resolve(pattern, lambda key: _single(request, key))
        return resolved is not None and patterns.matches(patterns.lowered(resolved), actual.lower())
    return _like(pattern, actual, request)


def _arn(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    pattern = patterns.arn_fields(value, variables=variables)
    parts = actual.split(":", 5)
    if len(pattern) != 6 or len(parts) != 6:
        return False
    for field, part in zip(pattern, parts, strict=True):  # noqa: SIM110 - asked for every candidate value
        if not _like(field, part, request):
            return False
    return True


def _bool(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    pattern = patterns.parse(value.lower(), wildcards=False, variables=variables)
    return _like(pattern, actual.lower(), request)


def _ip(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    address, block = _span(actual), _span(value)
    return address is not None and block is not None and block[0] <= address[0] and address[1] <= block[1]


@lru_cache(4096)
def _span(block: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """First and last address of a block, each as version and number."""
    network = grammar.network(block)
    if network is None:
        return None
    return (network.version, int(network[0])), (network.version, int(network[-1]))


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "Equals": compare.eq,
    "LessThan": compare.lt,
    "LessThanEquals": compare.le,
    "GreaterThan": compare.gt,
    "GreaterThanEquals": compare.ge,
}


def _numeric(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    left, right = number(actual), number(value)
    return left is not None and right is not None and _ORDER[test.removeprefix("Numeric")](left, right)


def _date(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    left, right = seconds(actual), seconds(value)
    return left is not None and right is not None and _ORDER[test.removeprefix("Date")](left, right)


def _binary(test: str, value: str, actual: str, request: Request, variables: bool) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(value, validate=True)
    except ValueError:
        return False


_TESTS: dict[str, Callable[[str, str, str, Request, bool], bool]] = {
    "string": _string,
    "arn": _arn,
    "bool": _bool,
    "ip": _ip,
    "numeric": _numeric,
    "date": _date,
    "binary": _binary,
}
