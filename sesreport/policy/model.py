"""What an identity policy says, as immutable values: policies, statements, principals, conditions, errors.

Words are IAM's. Nothing here judges; :mod:`sesreport.policy.reader` makes these from text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """Whether a matching statement grants or refuses."""

    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalKind(StrEnum):
    """The key a principal stands under, with the AWS ones told apart by what they name."""

    ANYONE = "anyone"  # "*" or {"AWS": "*"}
    ACCOUNT = "account"  # 12 digits, or the account's root ARN
    USER = "user"  # arn:…:iam::…:user/…
    ROLE = "role"  # arn:…:iam::…:role/…
    ROLE_SESSION = "role_session"  # arn:…:sts::…:assumed-role/…/…
    FEDERATED_USER = "federated_user"  # arn:…:sts::…:federated-user/…
    DELETED = "deleted"  # the unique id of a deleted user or role: nobody
    SERVICE = "service"
    WEB_IDENTITY = "web_identity"  # a web-identity provider anybody can sign up with
    PROVIDER = "provider"  # a SAML or OIDC provider of one account


@dataclass(frozen=True, slots=True)
class PolicyError:
    """Something in a policy that cannot be read as IAM reads it, and where.

    ``path`` is the place inside the document (``Statement[1].Condition.StringMatches``), empty for the whole
    document; ``line`` and ``column`` (from 1) are given for text that is not JSON.
    """

    policy: str
    path: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        if self.line is not None:
            where += f" (line {self.line}, column {self.column})"
        return f"policy {self.policy!r}{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Principal:
    """One grantee as written, and what it names.

    ``account`` is 12 digits for kinds that belong to an account, otherwise None.
    """

    kind: PrincipalKind
    value: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key: all conditions of a statement must hold.

    ``operator`` and ``key`` are as written; ``base`` is the operator without set qualifier and ``IfExists``,
    ``name`` the key in lower case (the part after ``aws:PrincipalTag/`` too: tag keys compare without case).
    """

    operator: str
    qualifier: str  # "", "ForAllValues" or "ForAnyValue"
    base: str
    if_exists: bool
    key: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that could be read in full.

    ``index`` is its place in the document (0 for a single object). ``principals`` are those of
    ``NotPrincipal`` when ``not_principal`` is set, and likewise for actions and resources. ``variables``
    tells whether policy variables are in force (Version 2012-10-17).
    """

    policy: str
    index: int
    sid: str | None
    effect: Effect
    principals: tuple[Principal, ...]
    not_principal: bool
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...]
    not_resource: bool
    conditions: tuple[Condition, ...]
    variables: bool

    @property
    def label(self) -> str:
        """How reports name the statement: policy, position from 1, and Sid when it has one."""
        sid = f" {self.sid!r}" if self.sid else ""
        return f"{self.policy}, statement {self.index + 1}{sid}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document: the statements that could be read, and errors for all that could not."""

    name: str
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]
    errors: tuple[PolicyError, ...]
