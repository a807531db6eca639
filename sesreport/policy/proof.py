"""An allowed request in words: who it is of, as which address, and what made it match.

Requests hold names made up to stand for all of a kind; these are told as the kind, never shown.
"""

from __future__ import annotations

from sesreport.policy.accounts import Standing
from sesreport.policy.axes import spellings
from sesreport.policy.callers import Who
from sesreport.policy.evaluator import Request, names
from sesreport.policy.model import Condition, PrincipalKind, Statement
from sesreport.policy.patterns import matches, parse
from sesreport.policy.scene import Scene

_NAMED = {
    PrincipalKind.USER: "user",
    PrincipalKind.ROLE: "role",
    PrincipalKind.ROLE_SESSION: "role session",
    PrincipalKind.FEDERATED_USER: "federated user",
}


def say(
    request: Request,
    who: Who,
    statement: Statement,
    vendor: str | None = None,
    sender: str = "",
    *,
    public: bool = True,
) -> str:
    """A request in one sentence.

    ``vendor`` is the caller's name in the register; ``sender`` what is said of the From address where the statement
    does not limit it (:func:`sender_words`); ``public`` is false for a stranger who is held to a place or an id.
    """
    subject = (
        _service(who) if who.standing is Standing.SERVICE else _caller(request, who, statement, vendor, public=public)
    )
    told = [c for c in statement.conditions if not (c.name == "ses:fromaddress" and _limits(c))]
    meets = f", for a request that meets {' and '.join(map(condition_words, told))}" if told else ""
    return f"{subject} {_does(request, statement, sender)}: {statement.label} allows it{meets}."


def _caller(request: Request, who: Who, statement: Statement, vendor: str | None, *, public: bool) -> str:
    named = _written(request, statement)
    outside = f"{'approved ' if who.standing is Standing.VENDOR else ''}outside account {who.account}"
    whose = {
        Standing.OWN: f"the identity's own account {who.account}",
        Standing.MEMBER: f"account {who.account} of the organization",
        Standing.VENDOR: f"{outside} ({vendor})" if vendor else outside,
        Standing.NAMED: outside,
    }.get(who.standing)
    if who.standing is Standing.MEMBER and who.joins:
        whose = f"any account of the organization {who.organization}, now or later"
    if whose is None:
        whose = (
            "anybody with an AWS account" if public else "anybody in the place or of the id that its conditions fix,"
        )
        if who.organization is not None and not who.common:
            whose = f"any account of the organization {who.organization}"
    elif who.organization is not None and who.standing in (Standing.VENDOR, Standing.NAMED):
        whose += f", if it is in the organization {who.organization},"
    if named:
        return f"The {named}, of {whose}," if whose else f"The {named}"
    return whose[0].upper() + whose[1:]


def _written(request: Request, statement: Statement) -> str:
    """The caller as the statement names it, where it names one user, role or session."""
    if statement.not_principal:
        return ""
    for principal in statement.principals:
        if principal.kind in _NAMED and names(principal, request.caller):
            return f"{_NAMED[principal.kind]} {principal.value}"
    return ""


def _service(who: Who) -> str:
    service = "Any AWS service" if who.common else f"The AWS service {who.caller.arn}"
    if who.source is None:
        return f"{service}, for anybody's resource,"
    if who.source is Standing.STRANGER:
        return f"{service}, for resources of accounts nobody knows,"
    whose = {
        Standing.OWN: "the identity's own account",
        Standing.MEMBER: "the organization",
        Standing.VENDOR: "an approved outside account",
        Standing.NAMED: "an outside account",
    }[who.source]
    account = "" if who.source is Standing.OWN or who.joins else f" ({who.account})"
    return f"{service}, for resources of {whose}{account},"


def _does(request: Request, statement: Statement, sender: str) -> str:
    address = request.context.get("ses:fromaddress", ("",))[0]
    if not address:
        return f"can call {request.action}"
    name = request.resource.partition(":identity/")[2]
    if "@" in name:
        return f"can send as {name} ({request.action})"
    limits = [c for c in statement.conditions if c.name == "ses:fromaddress" and _limits(c)]
    met = [pattern for condition in limits for pattern in _met(condition, address)]
    return f"can send as {met[0] if met else sender} ({request.action})"


def sender_words(scene: Scene, request: Request, fresh: str | None) -> str:
    """The From address of a request in words: any, one that the policies name, or one that is left."""
    address = request.context.get("ses:fromaddress", ("",))[0]
    name = scene.identity.name
    if fresh is not None and address in spellings(fresh):
        return f"any address at {name}"
    named = {value for use in scene.uses.get("ses:fromaddress", ()) for value in use.condition.values}
    return address if address in named else f"an address at {name} that no Deny holds back"


def _limits(condition: Condition) -> bool:
    """Whether a condition says which From addresses there are."""
    return condition.base in ("StringEquals", "StringEqualsIgnoreCase", "StringLike")


def _met(condition: Condition, address: str) -> list[str]:
    """The values of a condition that an address may meet, as people write them."""
    wild = condition.base == "StringLike"
    met = [
        value
        for value in condition.values
        if "${" in value or matches(parse(value, wildcards=wild, variables=False), address)
    ]
    return [pattern_words(value) if wild else literal_words(value) for value in met or condition.values]


def pattern_words(pattern: str) -> str:
    """A glob as people read it: ``${*}`` in it is an asterisk and no wildcard."""
    plain = pattern.replace("${*}", "*").replace("${?}", "?")
    return literal_words(plain) if plain != pattern else pattern


def literal_words(value: str) -> str:
    """A text compared as it stands, which wildcards in it do not change."""
    return f"{value} (an asterisk or question mark stands for itself)" if "*" in value or "?" in value else value


def condition_words(condition: Condition) -> str:
    """A condition on one line: ``StringEquals aws:PrincipalOrgID o-1234567890, o-abcdefghij``."""
    return f"{condition.operator} {condition.key} {', '.join(condition.values)}"
