"""What the endpoint answers from: the data of one folder as it stands on one day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from sesreport.core.errors import ConfigError
from sesreport.core.vocabulary import IdentityKey
from sesreport.demo import traffic
from sesreport.demo.budgets import Budget, load_budgets
from sesreport.demo.changes import ManagementEvent, load_account_changes
from sesreport.demo.identities import DemoIdentity, load_identities
from sesreport.demo.organization import Account, DemoOrganization, load_organization
from sesreport.demo.traffic import (
    REPUTATION_DAYS,
    SLOTS,
    IdlePlace,
    Sender,
    Shares,
    Volume,
    load_idle,
    load_senders,
)
from sesreport.settings.config import read_toml

HISTORY_DAYS = 520
"""Days of traffic kept: CloudWatch's 455, and what the rates of the first of them look back on."""


@dataclass(frozen=True)
class Prices:
    """What Cost Explorer charges, in USD: by usage type, attachments in GB a message, usage type prefixes."""

    usage: dict[str, float]
    attachments: dict[str, float]
    prefixes: dict[str, str]


@dataclass(frozen=True, eq=False)
class World:
    """The organization at the first instant (UTC) of ``today``: yesterday is the last day with numbers."""

    today: date
    organization: DemoOrganization
    identities: dict[IdentityKey, DemoIdentity]
    senders: dict[tuple[str, str], Sender]
    prices: Prices
    sessions: dict[str, str]
    """Role to the name of the session people and machines use it under."""
    account_changes: tuple[ManagementEvent, ...] = ()
    """Events of whole accounts."""
    idle: dict[tuple[str, str], IdlePlace] = field(default_factory=dict)
    """Accounts and Regions that cost something and send nothing; none of them has a sender."""
    budgets: tuple[Budget, ...] = ()
    """Of AWS Budgets, of all accounts."""

    @classmethod
    def load(cls, data: Path, today: date) -> World:
        """Raises ConfigError when a data file is missing or wrong."""
        organization = load_organization(data)
        return cls(
            today,
            organization,
            load_identities(data, organization.id),
            load_senders(data),
            _load_prices(data),
            read_toml(data / "policies.toml").get("sessions", {}),
            load_account_changes(data),
            load_idle(data),
            load_budgets(data),
        )

    @property
    def now(self) -> datetime:
        return datetime.combine(self.today, time(), tzinfo=UTC)

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """The accounts that are in the organization today."""
        return {account.id: account for account in self.organization.members(self.today)}

    @cached_property
    def _standing(self) -> dict[tuple[str, str], list[DemoIdentity]]:
        standing: dict[tuple[str, str], list[DemoIdentity]] = {}
        for identity in self.identities.values():
            if identity.exists(self.today):
                standing.setdefault((identity.account, identity.region), []).append(identity)
        return standing

    def identities_in(self, account_id: str, region: str) -> list[DemoIdentity]:
        """The identities an account has in a Region today, by name."""
        return sorted(self._standing.get((account_id, region), []), key=lambda identity: identity.identity)

    def sender(self, account_id: str, region: str) -> Sender | None:
        """The sender of an account and Region, None when it has not sent before today."""
        sender = self.senders.get((account_id, region))
        return sender if sender is not None and sender.since < self.today else None

    def idle_place(self, account_id: str, region: str) -> IdlePlace | None:
        """What an account pays for in a Region today without sending there, None for nothing."""
        idle = self.idle.get((account_id, region))
        return idle if idle is not None and idle.since <= self.today else None

    @property
    def history_start(self) -> date:
        return self.today - timedelta(days=HISTORY_DAYS)

    def volume(self, sender: Sender, start: date, end: date) -> Volume:
        """Counts per quarter of an hour of a span of days; nothing before the history or after yesterday."""
        low, high = self._span(self.history_start, start, end)
        return _history(self, sender).cut(low * SLOTS, high * SLOTS)

    def reputation(self, sender: Sender, start: date, end: date) -> tuple[Shares, Shares]:
        """AWS's bounce and complaint rate per day of a span."""
        low, high = self._span(self.history_start + timedelta(days=REPUTATION_DAYS), start, end)
        bounce, complaint = _reputation(self, sender)
        return bounce[low:high], complaint[low:high]

    def _span(self, known_from: date, start: date, end: date) -> tuple[int, int]:
        low = max(0, (start - known_from).days)
        return low, max(low, (min(end, self.today) - known_from).days)


def _load_prices(data: Path) -> Prices:
    path = data / "prices.toml"
    raw = read_toml(path)
    try:
        return Prices(prefixes=raw["prefixes"], usage=raw["usage"], attachments=raw["attachments"])
    except KeyError as error:
        raise ConfigError(f"{path}: missing or unknown key: {error}") from error


@lru_cache(maxsize=256)
def _history(world: World, sender: Sender) -> Volume:
    return traffic.slots(sender, world.history_start, world.today)


@lru_cache(maxsize=256)
def _reputation(world: World, sender: Sender) -> tuple[Shares, Shares]:
    return traffic.reputation(_history(world, sender).grouped(SLOTS))
