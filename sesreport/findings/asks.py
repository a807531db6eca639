"""What is asked, in words: a rule's ask with the identities, accounts and places it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sesreport.findings.known_events import ACCOUNT


@dataclass(frozen=True)
class Subject:
    """What one action is about."""

    account_id: str
    account_name: str | None
    region: str
    identity: str
    """Or ``(whole account)``."""
    accounts: tuple[str, ...] = ()
    """The outside accounts it is about, named."""


@dataclass(frozen=True)
class SharedNames:
    """Names that stand for several accounts or identities, so that each is to be told from the others."""

    accounts: frozenset[str]
    """Names of more than one account."""
    in_regions: frozenset[str]
    """Identities in several Regions of one account."""
    in_accounts: frozenset[str]
    """Identities in several accounts."""

    @classmethod
    def of(cls, subjects: Iterable[Subject]) -> SharedNames:
        """The shared names of all that is asked about in one report."""
        ids, places = defaultdict(set), defaultdict(set)
        for each in subjects:
            ids[each.account_name].add(each.account_id)
            places[each.identity].add((each.account_id, each.region))
        several = {name: len({account for account, _ in at}) for name, at in places.items() if len(at) > 1}
        return cls(
            frozenset(name for name, held in ids.items() if name and len(held) > 1),
            frozenset(name for name, accounts in several.items() if accounts == 1),
            frozenset(name for name, accounts in several.items() if accounts > 1),
        )

    def place(self, subject: Subject) -> str:
        """``marketing-prod (eu-west-1)``."""
        name = subject.account_name or subject.account_id
        told = f"{name}, {subject.account_id}" if name in self.accounts else name
        return f"{told} ({subject.region})"

    def name(self, subject: Subject) -> str:
        """The identity, with its Region or place where others have its name; of a whole account the place."""
        if subject.identity == ACCOUNT:
            return self.place(subject)
        if subject.identity in self.in_accounts:
            return f"{subject.identity} in {self.place(subject)}"
        return f"{subject.identity} ({subject.region})" if subject.identity in self.in_regions else subject.identity


def ask_in_words(ask: str, subjects: Sequence[Subject], shared: SharedNames, *, places: str | None = None) -> str:
    """A rule's ask about one subject or several, the first by name and the others by number.

    ``{identities}`` becomes ``shop.example.com`` or ``shop.example.com and 2 more identities``, ``{places}``
    ``shop-prod (eu-west-1)``, and ``{accounts}`` ``Mailwise (310000000001)`` or ``3 outside accounts``.
    ``places`` stands for the places instead of their names.
    """
    return ask.format(
        identities=_first([shared.name(each) for each in subjects], "identity", "identities"),
        places=places or _first(dict.fromkeys(shared.place(each) for each in subjects), "place", "places"),
        accounts=_accounts({name for each in subjects for name in each.accounts}),
    )


def _first(names: Iterable[str], one: str, many: str) -> str:
    first, *others = names
    return f"{first} and {len(others):,} more {one if len(others) == 1 else many}" if others else first


def _accounts(names: set[str]) -> str:
    if len(names) == 1:
        (only,) = names
        return only
    return f"{len(names):,} outside accounts" if names else "outside accounts"
