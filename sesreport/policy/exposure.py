"""What the policies of one identity add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sesreport.policy.evaluator import Request
from sesreport.policy.model import PolicyError, Statement

if TYPE_CHECKING:
    from sesreport.policy.evidence import Evidence

#: Classes of exposure, narrowest first.
CLASSES = ("none", "own", "service", "organization", "vendor", "external", "public")

#: What identity policies do not show. Amazon Cognito is such a service: it sends through a service-linked role
#: (Cognito Developer Guide, "Authorizing Amazon Cognito to send Amazon SES email on your behalf").
LIMITS = (
    "Identity policies show who else was let in. They do not show who in an identity's own account can send: "
    "IAM users, roles and SMTP credentials through their IAM permissions, and AWS services that need no identity "
    "policy. Neither is collected yet, so none is counted."
)


@dataclass(frozen=True, slots=True)
class Witness:
    """A request the policies allow, that proves one class of exposure.

    ``words`` says it in one sentence; ``statement`` is the Allow that lets it in.
    """

    exposure: str
    request: Request
    statement: Statement
    words: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One Allow statement seen from one of its grantees.

    ``grantee`` is the principal as written and ``grantee_kind`` what it names; ``actions`` are the sending
    actions covered; ``from_patterns`` the globs that limit ses:FromAddress (empty: any address);
    ``conditions`` all conditions as ``operator key value, value``. ``exposure`` is the widest class that the
    statement lets in by this grantee after every Deny, ``"none"`` when it lets in nobody.
    """

    policy: str
    statement: int
    sid: str | None
    grantee: str
    grantee_kind: str
    account: str | None
    actions: tuple[str, ...]
    from_patterns: tuple[str, ...]
    conditions: tuple[str, ...]
    exposure: str


@dataclass(frozen=True)
class Exposure:
    """Who can send through one identity, decided over all requests, from today on.

    ``exposure`` is the widest class in :data:`CLASSES`. ``public`` tells whether a stranger can send.
    ``external_accounts`` are the outside accounts named in the policies that can send, vendors included;
    ``external_orgs`` foreign organizations let in; ``services`` the service principals (``{"*"}``: any).
    ``guarded`` is None when no service can send or everybody can; otherwise whether every resource a service
    may call for belongs to a known account, and ``service_accounts`` are the foreign ones among these.
    ``any_from_address`` tells whether an outsider may use an arbitrary local part of the domain;
    ``from_patterns`` are the globs that limit the widest class. ``limited_by`` is ``("network",)`` when
    unknown accounts can send, but only from a fixed network.

    ``errors`` and ``undecided`` (conditions outside the exact fragment, or budgets reached) make the
    identity one that needs review; what was undecided counts as granted.
    """

    identity: str
    exposure: str
    public: bool
    external_accounts: frozenset[str] = frozenset()
    external_orgs: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    guarded: bool | None = None
    service_accounts: frozenset[str] = frozenset()
    any_from_address: bool = False
    from_patterns: tuple[str, ...] = ()
    limited_by: tuple[str, ...] = ()
    errors: tuple[PolicyError, ...] = ()
    undecided: tuple[str, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    @property
    def needs_review(self) -> bool:
        """Whether something could not be read or decided: such an identity is never safe."""
        return bool(self.errors or self.undecided)

    @cached_property
    def witnesses(self) -> tuple[Witness, ...]:
        """One allowed request for every class that can send, widest first."""
        return self.evidence.witnesses() if self.evidence is not None else ()

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for sending, once for each of its grantees."""
        return self.evidence.grants() if self.evidence is not None else ()
