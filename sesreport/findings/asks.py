"""What is asked, in words: a rule's ask with the identities, accounts and places it is about."""

from __future__ import annotations

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

    @property
    def place(self) -> str:
        """``marketing-prod (eu-west-1)``."""
        return f"{self.account_name or self.account_id} ({self.region})"

    @property
    def name(self) -> str:
        """The identity; the place where it is about a whole account."""
        return self.place if self.identity == ACCOUNT else self.identity


def ask_in_words(ask: str, subjects: Sequence[Subject], *, places: str | None = None) -> str:
    """A rule's ask about one subject or several, the first by name and the others by number.

    ``{identities}`` becomes ``shop.example.com`` or ``shop.example.com and 2 more identities``, ``{places}``
    ``shop-prod (eu-west-1)``, and ``{accounts}`` ``Mailwise (310000000001)`` or ``3 outside accounts``.
    ``places`` stands for the places instead of their names.
    """
    return ask.format(
        identities=_first([each.name for each in subjects], "identity", "identities"),
        places=places or _first(dict.fromkeys(each.place for each in subjects), "place", "places"),
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
