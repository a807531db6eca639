"""What the policies of one identity add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from sesreport.policy.callers import Who
from sesreport.policy.evaluator import Request
from sesreport.policy.model import PolicyError, Statement
from sesreport.policy.proof import say

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

    ``statement`` is the Allow that lets it in. ``assumed`` says what is taken for granted where something was not
    decided exactly; without it, the request is one that :func:`sesreport.policy.decide` allows.
    """

    exposure: str
    request: Request
    statement: Statement
    who: Who
    vendor: str | None = None
    sender: str = ""
    assumed: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The request in one sentence."""
        said = say(self.request, self.who, self.statement, self.vendor, self.sender, public=self.exposure == "public")
        return f"{said.removesuffix('.')}, as far as that is decided." if self.assumed else said


@dataclass(frozen=True, slots=True)
class Grant:
    """One Allow statement seen from one of its grantees.

    ``grantee`` is the principal as written and ``grantee_kind`` what it names; ``actions`` are the sending
    actions covered; ``from_patterns`` the globs that limit ses:FromAddress (empty: any address);
    ``conditions`` all conditions as ``operator key value, value``. ``exposure`` is the widest class that the
    statement lets in by this grantee after every Deny, ``"none"`` when it lets in nobody. ``external_orgs``,
    ``limited_by``, ``guarded`` and ``service_accounts`` mean what they mean in :class:`Exposure`, and
    ``external_accounts`` are the outside accounts that the conditions name: all for this statement and grantee alone.
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
    external_accounts: frozenset[str] = frozenset()
    external_orgs: frozenset[str] = frozenset()
    limited_by: tuple[str, ...] = ()
    guarded: bool | None = None
    service_accounts: frozenset[str] = frozenset()


class Evidence(Protocol):
    """What an exposure was read off, to be asked for more."""

    @property
    def own_identities(self) -> tuple[str, ...]:
        """ARNs of the addresses whose policies come before the domain's."""

    def grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for sending, once for each grantee."""

    def bulk_grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for ``ses:SendBulkEmail``, once for each grantee."""

    def bulk(self) -> str:
        """The widest class that holds ``ses:SendBulkEmail``."""

    def without_precedence(self) -> Exposure | None:
        """The exposure without the rule that an address's policies come before its domain's; None if none does."""


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

    ``errors`` and ``undecided`` (conditions outside the exact fragment, budgets reached, or a fault of the engine)
    make the identity one that needs review; what was undecided counts as granted. ``judged`` is false where nothing
    could be decided at all: the identity then counts as public. ``witnesses`` is one allowed request for every class
    that can send, widest first.
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
    judged: bool = True
    witnesses: tuple[Witness, ...] = field(default=(), repr=False, compare=False)
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    @property
    def needs_review(self) -> bool:
        """Whether something could not be read or decided: such an identity is never safe."""
        return bool(self.errors or self.undecided)

    @property
    def words(self) -> str:
        """The class, with the outside accounts by number."""
        accounts = ", ".join(sorted(self.external_accounts))
        return f"{self.exposure} ({accounts})" if accounts else self.exposure

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """Every Allow statement for sending, once for each of its grantees."""
        return self.evidence.grants() if self.evidence is not None else ()

    @cached_property
    def without_precedence(self) -> Exposure:
        """The exposure if the policies of address identities did not come before the domain's.

        Wider than this one only where that rule alone keeps senders out. It is disputed
        (awsdocs/amazon-ses-developer-guide#13).
        """
        return (self.evidence and self.evidence.without_precedence()) or self

    def wider_than(self, other: Exposure) -> bool:
        """Whether more can send: a wider class, or more of the same one."""
        rank = CLASSES.index(self.exposure) - CLASSES.index(other.exposure)
        return rank > 0 or (
            rank == 0
            and (
                self.external_accounts > other.external_accounts
                or self.external_orgs > other.external_orgs
                or self.services > other.services
                or (self.guarded is False and other.guarded is True)
                or (self.any_from_address and not other.any_from_address)
            )
        )

    @cached_property
    def bulk_grants(self) -> tuple[Grant, ...]:
        """The same as :attr:`grants` for ``ses:SendBulkEmail`` alone; see :attr:`bulk`."""
        return self.evidence.bulk_grants() if self.evidence is not None else ()

    @property
    def bulk_beyond(self) -> tuple[Grant, ...]:
        """The bulk grants that let outsiders in whom the listed sending actions do not let in by the same grant."""
        listed = {(one.policy, one.statement, one.grantee): CLASSES.index(one.exposure) for one in self.grants}
        return tuple(
            one
            for one in self.bulk_grants
            if one.exposure in ("external", "public")
            and CLASSES.index(one.exposure) > listed.get((one.policy, one.statement, one.grantee), 0)
        )

    @cached_property
    def bulk(self) -> str:
        """The widest class that holds the action ``ses:SendBulkEmail``.

        It is an IAM action of its own that SES does not list for identity policies, so it does not count in
        ``exposure``; whether SES lets anybody send by it is not documented.
        """
        return self.evidence.bulk() if self.evidence is not None else self.exposure
