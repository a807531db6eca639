"""The words of the policy language: condition operators, value forms, principals, actions, resources.

Sources: IAM User Guide, "IAM JSON policy elements reference" (condition operators, Principal) and "Grammar of
the IAM JSON policy language". Element and operator names compare with case, as the grammar writes them.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from sesreport.policy.model import Principal, PrincipalKind

VERSIONS = ("2012-10-17", "2008-10-17")

_FAMILIES = {
    "string": ("StringEquals", "StringEqualsIgnoreCase", "StringLike"),
    "arn": ("ArnEquals", "ArnLike"),
    "bool": ("Bool",),
    "ip": ("IpAddress",),
    "binary": ("BinaryEquals",),
    "numeric": (
        "NumericEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ),
    "date": ("DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


class Operator(NamedTuple):
    """A condition operator taken apart: ``ForAnyValue:StringNotLikeIfExists`` and the like.

    ``test`` is the positive comparison, ``negated`` whether the operator is its opposite.
    """

    qualifier: str
    base: str
    family: str
    test: str
    negated: bool
    if_exists: bool


def _operators() -> dict[str, Operator]:
    plain = {"Null": ("null", "Null", False)}
    for family, tests in _FAMILIES.items():
        plain.update({test: (family, test, False) for test in tests})
    plain.update({name: (plain[test][0], test, True) for name, test in _NEGATED.items()})
    table = {}
    for base, (family, test, negated) in plain.items():
        for qualifier in ("",) if base == "Null" else ("", "ForAllValues", "ForAnyValue"):
            for suffix in ("",) if base == "Null" else ("", "IfExists"):
                name = f"{qualifier}:{base}{suffix}" if qualifier else base + suffix
                table[name] = Operator(qualifier, base, family, test, negated, bool(suffix))
    return table


#: Every operator name IAM knows, with qualifier and suffix, to its parts.
OPERATORS = _operators()

KEY = re.compile(r"[A-Za-z0-9-]+:[^\x00-\x1f${}*?\"]{1,512}\Z")
ACTION = re.compile(r"(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+|\*:[A-Za-z0-9*?_-]+)\Z")
VARIABLE = re.compile(r"\$\{([^{}]*)\}")

_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_ARN = re.compile(r"arn:(aws[a-z-]*):(iam|sts)::([0-9]{12}):(.+)\Z", re.DOTALL)
_NAME = r"[A-Za-z0-9_+=,.@-]+"
_PATHS = r"(?:[!-)+->@-~]+/)*"  # printable ASCII but blank, * and ?
_RESOURCE = {
    "iam": (
        (re.compile(r"root\Z"), PrincipalKind.ACCOUNT),
        (re.compile(rf"user/{_PATHS}{_NAME}\Z"), PrincipalKind.USER),
        (re.compile(rf"role/{_PATHS}{_NAME}\Z"), PrincipalKind.ROLE),
    ),
    "sts": (
        (re.compile(rf"assumed-role/{_NAME}/{_NAME}\Z"), PrincipalKind.ROLE_SESSION),
        (re.compile(rf"federated-user/{_NAME}\Z"), PrincipalKind.FEDERATED_USER),
    ),
}
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA|GPA|IPA|NPA|NVA|PKA|SCA|CCA)[A-Z0-9]{12,124}\Z")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?\Z")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+\Z")
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(?:saml-provider|oidc-provider)/[!-)+->@-~]+\Z")


def principal(kind: str, value: str) -> Principal | str:
    """The principal ``{kind: value}`` names, or what is wrong with it."""
    if kind == "AWS":
        return _aws_principal(value)
    if kind == "Service":
        if _SERVICE.match(value):
            return Principal(PrincipalKind.SERVICE, value)
        return "is not a service principal such as cognito-idp.amazonaws.com"
    if kind == "Federated":
        provider = _PROVIDER.match(value)
        if provider:
            return Principal(PrincipalKind.PROVIDER, value, provider[1])
        if _HOST.match(value):
            return Principal(PrincipalKind.WEB_IDENTITY, value)
        return "is neither a web-identity provider nor the ARN of a SAML or OIDC provider"
    if kind == "CanonicalUser":
        return "canonical users exist in Amazon S3 policies only"
    return "principals stand under AWS, Service or Federated"


def _aws_principal(value: str) -> Principal | str:
    if value == "*":
        return Principal(PrincipalKind.ANYONE, value)
    if _ACCOUNT.match(value):
        return Principal(PrincipalKind.ACCOUNT, value, value)
    arn = _ARN.match(value)
    if arn:
        for pattern, kind in _RESOURCE[arn[2]]:
            if pattern.match(arn[4]):
                return Principal(kind, value, arn[3])
    if _UNIQUE_ID.match(value):
        return Principal(PrincipalKind.DELETED, value)
    if "*" in value or "?" in value:
        return "a wildcard may not stand for part of a principal"
    return "is not an account id, nor the ARN of an account, user, role, role session or federated user"


_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?)?)?\Z",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?\Z", re.ASCII)


def seconds(value: str) -> float | None:
    """A date value (W3C profile of ISO 8601, or seconds) as seconds since 1970; None if it is neither."""
    if _NUMBER.match(value) and not re.fullmatch(r"\d{4}", value):
        return float(value)
    match = _DATE.match(value)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        offset = timedelta()
        if zone and zone != "Z":
            digits = zone[1:].replace(":", "")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
        timezone(offset)
    except ValueError:
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC) - offset).total_seconds() + float(f"0.{fraction or 0}")


def number(value: str) -> float | None:
    """A numeric condition value; None if it is none."""
    return float(value) if _NUMBER.match(value) else None


def network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A CIDR block or single address (host bits are ignored, as IAM does); None if it is neither."""
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def bad_value(operator: Operator, value: str) -> str | None:
    """Why ``value`` cannot stand with ``operator``; None when it can."""
    family = operator.family
    if family in ("bool", "null"):
        if family == "bool" and VARIABLE.search(value):
            return None
        return None if value.lower() in ("true", "false") else "must be true or false"
    if family == "ip":
        return None if network(value) else "is not an IP address or CIDR block"
    if family == "numeric":
        return None if number(value) is not None else "is not a number"
    if family == "date":
        return None if seconds(value) is not None else "is not an ISO 8601 date or seconds since 1970"
    if family == "binary":
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            return "is not base64"
    return None
