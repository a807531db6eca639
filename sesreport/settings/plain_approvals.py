"""An approval in its plainest form, for functions that run with the standard library and boto3 alone.

The register is checked when it is read (:mod:`sesreport.settings.approvals`); what is left here is whether an approval
is for an identity, and whether it is one on a day.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class PlainApproval:
    """What of one approval says who may send, as what, until when."""

    account_id: str
    name: str
    identities: tuple[str, ...] = ()
    """Domains, addresses and globs of them; empty for every identity."""
    from_patterns: tuple[str, ...] = ()
    """Globs of From addresses; empty for any."""
    approved_at: date | None = None
    expires_at: date | None = None
    """The last day on which it is approved; None for no end."""
    key: str = ""

    def in_date(self, today: date) -> bool:
        """Whether it is an approval on the day."""
        return standing(self.approved_at, self.expires_at, today) != "expired"


def standing(approved_at: date | None, expires_at: date | None, today: date, warning_days: int = 60) -> str:
    """``valid``, ``expiring`` (ends within ``warning_days``) or ``expired`` (ended, or not approved yet)."""
    if approved_at and approved_at > today:
        return "expired"
    if expires_at is None:
        return "valid"
    if expires_at < today:
        return "expired"
    return "expiring" if expires_at < today + timedelta(days=warning_days) else "valid"


def made_id(account_id: str, approved_at: date | None, identities: Iterable[str], from_patterns: Iterable[str]) -> str:
    """The id of an approval whose register gives it none: made of what was approved, and of the day.

    Neither its row nor what changes later (end, ticket, owner, name) is part of it.
    """
    approved = [account_id, approved_at.isoformat() if approved_at else "", sorted(identities), sorted(from_patterns)]
    return f"A-{hashlib.sha256(json.dumps(approved).encode()).hexdigest()[:10]}"


def covers(identities: Iterable[str], identity: str) -> bool:
    """Whether an approval that lists ``identities`` (domains, addresses, globs) is one for an identity.

    One that lists none is for every identity.
    """
    listed = list(identities)
    return not listed or any(fnmatch.fnmatchcase(identity, one) for one in listed)
