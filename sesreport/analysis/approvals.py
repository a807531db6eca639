"""Grants and the register: which approval fits a grant best, and what it lacks.

Pure: everything follows from the register, with the standing of each approval on the day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from sesreport.policy import addresses_within
from sesreport.settings.plain_approvals import covers
from sesreport.settings.register import STANDINGS

APPROVED, NO_TICKET, WIDER_FROM, WRONG_IDENTITY, EXPIRED, UNREGISTERED = REASONS = (
    "approved", "no ticket", "wider From", "wrong identity", "expired", "unregistered",
)  # fmt: skip
"""What an approval lacks that a grant is matched with, the best first."""
IN_DATE = ("valid", "expiring")
"""Standings of an approval that is one on the day."""


@dataclass(frozen=True)
class Approval:
    """What of one approval grants are matched by."""

    id: str
    account_id: str
    name: str
    status: str
    ends: float
    """Seconds since 1970; infinite where no end was set."""
    identities: tuple[str, ...]
    from_patterns: tuple[str, ...]
    has_ticket: bool

    @property
    def in_date(self) -> bool:
        return self.status in IN_DATE

    @property
    def later(self) -> tuple[float, str]:
        """To order approvals by their ends, those of one moment by their ids."""
        return -self.ends, self.id


class Match(NamedTuple):
    """The approval that fits a grant best, and what it lacks (:data:`REASONS`)."""

    reason: str
    approval: Approval | None


class Approvals:
    """The approvals of a register by account; an answer is worked out once for each question."""

    def __init__(self, register: pd.DataFrame) -> None:
        of: dict[str, list[Approval]] = defaultdict(list)
        for row in register.to_dict("records"):
            of[str(row["account_id"])].append(_approval(row))
        self.by_account: Mapping[str, Sequence[Approval]] = {
            account: sorted(each, key=lambda one: (STANDINGS.index(one.status), *one.later))
            for account, each in of.items()
        }
        self._standings: dict[tuple[str, str], str | None] = {}
        self._matches: dict[tuple[str, str, tuple[str, ...]], Match] = {}
        self.everywhere = frozenset(
            account
            for account, each in self.by_account.items()
            if any(one.in_date and not one.identities for one in each)
        )
        """Accounts with an approval in date that is for every identity."""
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_glob: dict[str, set[str]] = defaultdict(set)
        for account, each in self.by_account.items():
            for identity in {name for one in each if one.in_date for name in one.identities}:
                (self._by_glob if set("*?[") & set(identity) else self._by_name)[identity].add(account)

    def trusted(self, identity: str) -> frozenset[str]:
        """Accounts with an approval in date for an identity; one for other identities alone says nothing of it."""
        named = self._by_name.get(identity, set())
        by_glob = [accounts for glob, accounts in self._by_glob.items() if covers((glob,), identity)]
        return self.everywhere.union(named, *by_glob)

    def standing(self, account: str, identity: str) -> str | None:
        """The best of :meth:`that_count`: valid, expiring or expired; None where the register has no such account."""
        key = account, identity
        if key not in self._standings:
            found = self.that_count(account, identity)
            self._standings[key] = found[0].status if found else None
        return self._standings[key]

    def that_count(self, account: str, identity: str) -> Sequence[Approval]:
        """The approvals of an account that say how it stands on an identity; the best comes first.

        They are those that cover the identity; where none does, all of the account's.
        """
        every = self.by_account.get(account, ())
        return [one for one in every if covers(one.identities, identity)] or every

    def match(self, account: str, identity: str, from_patterns: Sequence[str]) -> Match:
        """The approval that fits a grant to an account best.

        ``from_patterns`` are the globs that the grant limits From addresses to; none means any address. Each approval
        is taken by itself: one must cover all that the grant allows. Of those that lack the same, one that covers the
        identity comes first, then the one that ends last.
        """
        key = account, identity, tuple(from_patterns)
        if key not in self._matches:
            found = [(_rank(one, *key[1:]), one) for one in self.by_account.get(account, ())]
            (rank, _), best = min(
                found, key=lambda each: (each[0], each[1].later), default=((REASONS.index(UNREGISTERED), False), None)
            )
            self._matches[key] = Match(REASONS[rank], best)
        return self._matches[key]


def _approval(row: Mapping[Any, Any]) -> Approval:
    ticket, end = row["ticket"], row["expires_at"]
    return Approval(
        str(row["approval_id"]),
        str(row["account_id"]),
        str(row["name"]),
        str(row["status"]) if row["status"] in STANDINGS else EXPIRED,
        float("inf") if pd.isna(end) else end.timestamp(),
        _texts(row["identities"]),
        _texts(row["from_patterns"]),
        not pd.isna(ticket) and bool(str(ticket).strip()),
    )


def _texts(value: Iterable[str] | None) -> tuple[str, ...]:
    """A cell of a column of texts, which is NA where nothing was written."""
    return tuple(value) if isinstance(value, Iterable) else ()


def _rank(approval: Approval, identity: str, from_patterns: tuple[str, ...]) -> tuple[int, bool]:
    """The place among the reasons of what an approval lacks, and whether it is for other identities."""
    elsewhere = not covers(approval.identities, identity)
    if not approval.in_date:
        reason = EXPIRED
    elif elsewhere:
        reason = WRONG_IDENTITY
    elif not addresses_within(identity, from_patterns, approval.from_patterns):
        reason = WIDER_FROM
    else:
        reason = APPROVED if approval.has_ticket else NO_TICKET
    return REASONS.index(reason), elsewhere
