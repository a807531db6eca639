"""How far one statement lets one principal in, judged on its own and never too kindly.

A statement is only credited with a limit that is understood completely: a positive operator without ``IfExists`` or a
set qualifier, on a key the caller cannot choose, with fixed values. Everything else is ``needs review``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sesreport.policy.model import Condition, Principal, PrincipalKind, Statement

ORDER = ("none", "own", "service", "organization", "vendor", "external", "needs review", "public")
"""Scopes from narrow to wide; what is not understood ranks just below what is known to be open."""

FIXED = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"}
CALLER_CHOOSES = {
    "aws:useragent", "aws:referer", "aws:securetransport", "aws:currenttime", "aws:epochtime", "aws:requestedregion",
    "aws:sourceidentity", "aws:username", "ses:recipients", "ses:fromaddress", "ses:fromdisplayname",
    "ses:feedbackaddress", "ses:apiversion",
}  # fmt: skip
"""Keys whose value any caller has or sets: a wildcard that depends on nothing else is open to anyone."""
SERVICE_ONLY = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"}
"""Present only when an AWS service calls on behalf of a resource."""


@dataclass(frozen=True)
class Who:
    """Whom we know: our accounts, our organization, and approved outside accounts."""

    own: str
    organization_id: str | None
    organization_accounts: frozenset[str]
    register: Mapping[str, str]
    """Register status (valid, expiring, expired) by account id."""

    def scope(self, account: str) -> str:
        if account == self.own:
            return "own"
        if account in self.organization_accounts:
            return "organization"
        return "vendor" if self.register.get(account) in ("valid", "expiring") else "external"


def scope_of(statement: Statement, principal: Principal, who: Who) -> tuple[str, str]:
    """``(scope, why)`` of an Allow for one principal."""
    if statement.not_principal:
        return "needs review", "Allow with NotPrincipal lets in everybody it does not name"
    if principal.kind is PrincipalKind.DELETED:
        return "none", "the principal was deleted"
    if principal.account is not None:
        scope = who.scope(principal.account)
        why = {
            "own": "own account",
            "organization": "account of the organization",
            "vendor": "approved in the register",
            "external": "outside account without a valid approval",
        }
        return scope, why[scope]
    if principal.kind is PrincipalKind.SERVICE:
        guarded = any(_fixed(c) and c.name in SERVICE_ONLY for c in statement.conditions)
        return "service", "AWS service for named sources" if guarded else "AWS service for anybody's resources"
    if principal.kind is PrincipalKind.WEB_IDENTITY:
        return "public", "anybody can sign up with this identity provider"
    if principal.kind is PrincipalKind.ANYONE:
        return _wildcard(statement.conditions, who)
    return "needs review", f"a principal of kind {principal.kind} is not judged"


def _wildcard(conditions: tuple[Condition, ...], who: Who) -> tuple[str, str]:
    if all(c.name in CALLER_CHOOSES for c in conditions):
        return "public", "wildcard principal" + (", and no condition that limits the caller" if conditions else "")
    for condition in filter(_fixed, conditions):
        if condition.name in SERVICE_ONLY:
            return "service", f"wildcard, but {condition.key} is only there when an AWS service calls"
        if condition.name == "aws:principalorgid":
            known = who.organization_id is not None and set(condition.values) == {who.organization_id}
            return ("organization", "wildcard held to the organization") if known else (
                "external", "wildcard held to another organization")  # fmt: skip
        accounts = _accounts(condition)
        if accounts:
            return max((who.scope(a) for a in accounts), key=ORDER.index), f"wildcard held to {', '.join(accounts)}"
    keys = ", ".join(sorted({c.key for c in conditions if c.name not in CALLER_CHOOSES}))
    return "needs review", f"wildcard with conditions on {keys} that are not judged"


def _fixed(condition: Condition) -> bool:
    literal = all(v and not re.search(r"[*?]|\$\{", v) for v in condition.values)
    if condition.name in ("aws:principalarn", "aws:sourcearn"):
        literal = all(re.match(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{12}:", v) for v in condition.values)
        literal = literal and condition.base in ("ArnLike", "ArnEquals")
    return condition.base in FIXED and not condition.qualifier and not condition.if_exists and literal


def _accounts(condition: Condition) -> list[str]:
    if condition.name == "aws:principalaccount":
        return [v for v in condition.values if re.fullmatch(r"\d{12}", v)]
    if condition.name == "aws:principalarn":
        return [v.split(":")[4] for v in condition.values]
    return []


def from_patterns(conditions: tuple[Condition, ...]) -> tuple[str, ...] | None:
    """The From addresses a statement is limited to, or None when it limits none."""
    for condition in conditions:
        positive = condition.base in ("StringEquals", "StringLike", "StringEqualsIgnoreCase")
        if (
            condition.name == "ses:fromaddress"
            and positive
            and not condition.if_exists
            and condition.qualifier != "ForAllValues"
        ):
            return condition.values
    return None


def any_address(patterns: tuple[str, ...] | None) -> bool:
    """Whether an arbitrary local part gets through."""
    return patterns is None or any(p == "*" or p.startswith("*@") for p in patterns)
