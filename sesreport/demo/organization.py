"""The demonstration organization's accounts, units and Regions, as ``organization.toml`` has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sesreport.core.errors import ConfigError
from sesreport.settings.config import read_toml


@dataclass(frozen=True)
class Account:
    """One account; without ``role`` it has no audit role, ``denies`` are calls that role may not make."""

    id: str
    name: str
    ou: str
    tags: dict[str, str]
    joined: date = date(2021, 3, 1)
    suspended: date | None = None
    role: bool = True
    denies: frozenset[str] = frozenset()

    def status(self, today: date) -> str:
        return "SUSPENDED" if self.suspended is not None and self.suspended <= today else "ACTIVE"

    @property
    def email(self) -> str:
        return f"aws+{self.name.lower().replace(' ', '-')}@example.com"


@dataclass(frozen=True)
class AccessKey:
    """The long-lived credentials the endpoint accepts: a user of the management account."""

    access_key_id: str
    secret_access_key: str
    user: str


@dataclass(frozen=True)
class DemoOrganization:
    """Accounts by id, organizational units by path (the root's path is empty)."""

    id: str
    management_account: str
    root: str
    role: str
    caller: AccessKey
    regions: dict[str, str]
    """Region to its opt-in status, as Account ListRegions says it."""
    units: dict[str, str]
    """Path to id, the root included."""
    accounts: dict[str, Account] = field(repr=False)

    def members(self, today: date) -> list[Account]:
        """The accounts that are in the organization on a day, in the order of the file."""
        return [account for account in self.accounts.values() if account.joined <= today]

    def path(self, unit_id: str) -> str | None:
        """The path of a unit's id, None for an unknown id."""
        return next((path for path, known in self.units.items() if known == unit_id), None)

    def unit_arn(self, unit_id: str) -> str:
        kind = "root" if unit_id == self.root else "ou"
        return f"arn:aws:organizations::{self.management_account}:{kind}/{self.id}/{unit_id}"

    def account_arn(self, account_id: str) -> str:
        return f"arn:aws:organizations::{self.management_account}:account/{self.id}/{account_id}"


def parent_path(path: str) -> str:
    """The path one level up: ``Workloads/Prod`` → ``Workloads`` → the root's empty path."""
    return path.rpartition("/")[0]


def load_organization(data: Path) -> DemoOrganization:
    """Reads ``organization.toml``. Raises ConfigError for an unreadable file or an unknown unit."""
    path = data / "organization.toml"
    raw = read_toml(path)
    try:
        units = {"": str(raw["root"])} | {ou_path: ou_id for ou_id, ou_path in raw["ous"].items()}
        accounts = [Account(**{**entry, "denies": frozenset(entry.get("denies", ()))}) for entry in raw["accounts"]]
        organization = DemoOrganization(
            id=raw["id"],
            management_account=raw["management_account"],
            root=raw["root"],
            role=raw["role"],
            caller=AccessKey(**raw["caller"]),
            regions=dict.fromkeys(raw["regions"]["enabled_by_default"], "ENABLED_BY_DEFAULT")
            | dict.fromkeys(raw["regions"]["disabled"], "DISABLED"),
            units=units,
            accounts={account.id: account for account in accounts},
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path}: missing or unknown key: {error}") from error
    for account in accounts:
        if account.ou not in units:
            raise ConfigError(f"{path}: account {account.id} is in {account.ou!r}, which [ous] does not list")
    return organization


def default_today(data: Path) -> date:
    """The day the demonstration is written for: its last closed month tells the whole story."""
    today = read_toml(data / "organization.toml").get("today")
    if not isinstance(today, date):
        raise ConfigError(f"{data / 'organization.toml'}: today must be a date such as 2026-11-03")
    return today
