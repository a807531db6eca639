"""Whom an identity's policies may let in: our organization, outside accounts with their limits, and AWS services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sesreport.policy.model import Policy, PrincipalKind
from sesreport.policy.scene import Organization


@dataclass(frozen=True)
class ApprovedSender:
    """An outside account that may send as an identity."""

    account: str
    from_patterns: tuple[str, ...] = ()
    """Globs of From addresses; empty for any."""
    last_day: date | None = None
    """The last day on which it may; None for no end."""


@dataclass(frozen=True)
class Approved:
    """Whom an identity's policies may let in, besides its own account: the organization, and outside accounts."""

    organization: Organization
    senders: tuple[ApprovedSender, ...] = ()
    refused: frozenset[str] = frozenset()
    """Accounts of the organization that may not send as this identity, such as sandboxes on a production domain."""

    def of(self, account: str) -> tuple[ApprovedSender, ...]:
        """The approvals of an account."""
        return tuple(sender for sender in self.senders if sender.account == account)


def services_named(policies: Iterable[Policy]) -> set[str]:
    """The AWS services that policies name: whoever named one meant it, so that it may stay, held to our resources."""
    statements = [each for policy in policies for each in policy.statements if not each.not_principal]
    return {one.value for each in statements for one in each.principals if one.kind is PrincipalKind.SERVICE}
