"""Identities and their policies as of a day, and the changes that led there.

``identities.csv`` has one row per account, Region and identity; ``policies.toml`` says which document of
``policies/`` stood on which identity from when until when, ``events.toml`` how some were begun and deleted. State and
change events come from the same dates.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.core.vocabulary import IdentityKey
from sesreport.settings.config import read_toml


@dataclass(frozen=True)
class DemoPolicy:
    """One named policy on one identity over a span (``until`` None: to this day).

    ``by`` and ``removed_by`` are roles of the account; ``api`` is the API version (v1, v2) it was made with.
    """

    name: str
    document: str
    since: date
    until: date | None
    by: str
    removed_by: str
    api: str

    def stands(self, today: date) -> bool:
        return self.since <= today and (self.until is None or today < self.until)


@dataclass(frozen=True)
class Acts:
    """How an identity was begun and deleted: operations, and roles of the account."""

    begun: str = "CreateEmailIdentity"
    begun_by: str = "mail-operations"
    deleted: str = "DeleteEmailIdentity"
    deleted_by: str = "mail-operations"


@dataclass(frozen=True)
class DemoIdentity:
    """One row of ``identities.csv`` with its policies; statuses as GetEmailIdentity has them."""

    account: str
    region: str
    identity: str
    owner: str
    owner_since: date | None
    ticket: str
    verification: str
    dkim: str
    mail_from: str
    configuration_set: str
    bounce_topic: str
    since: date
    until: date | None
    share: float
    extra_tags: Mapping[str, str]
    policies: tuple[DemoPolicy, ...] = field(default=(), repr=False)
    acts: Acts = Acts()

    @property
    def arn(self) -> str:
        return f"arn:aws:ses:{self.region}:{self.account}:identity/{self.identity}"

    @property
    def identity_type(self) -> str:
        return "EMAIL_ADDRESS" if "@" in self.identity else "DOMAIN"

    @property
    def domain(self) -> str:
        return self.identity.rpartition("@")[2]

    def exists(self, today: date) -> bool:
        return self.since <= today and (self.until is None or today < self.until)

    def tags(self, today: date) -> dict[str, str]:
        """The tags on a day; an owner named later is not there before."""
        owned = self.owner and (self.owner_since is None or self.owner_since <= today)
        named = {"owner": self.owner if owned else "", "ticket": self.ticket}
        return {key: value for key, value in named.items() if value} | dict(self.extra_tags)

    def documents(self, today: date) -> dict[str, str]:
        """Policy name to document text, as of a day."""
        return {policy.name: policy.document for policy in self.policies if policy.stands(today)}


def load_identities(data: Path, organization_id: str) -> dict[IdentityKey, DemoIdentity]:
    """Reads ``identities.csv``, ``policies.toml`` and ``events.toml``. Raises ConfigError with file and row or key."""
    policies, acts = _load_policies(data, organization_id), _load_acts(data)
    identities: dict[IdentityKey, DemoIdentity] = {}
    path = data / "identities.csv"
    for number, row in _rows(path):
        place = (row["account"], row["region"], row["identity"])
        if place in identities:
            raise ConfigError(f"{path}:{number}: {'/'.join(place)} stands there twice")
        try:
            identities[place] = _identity(row, tuple(policies.pop(place, ())), acts.get(place, Acts()))
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{path}:{number}: {error}") from error
    if policies:
        unknown = ", ".join("/".join(place) for place in policies)
        raise ConfigError(f"{data / 'policies.toml'}: policies on identities that {path.name} does not have: {unknown}")
    return identities


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from enumerate(csv.DictReader(file), start=2)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error


def _identity(row: dict[str, str], policies: tuple[DemoPolicy, ...], acts: Acts) -> DemoIdentity:
    return DemoIdentity(
        account=row["account"],
        region=row["region"],
        identity=row["identity"],
        owner=row["owner"],
        owner_since=_date(row["owner_since"]),
        ticket=row["ticket"],
        verification=row["verification"],
        dkim=row["dkim"],
        mail_from=row["mail_from"],
        configuration_set=row["configuration_set"],
        bounce_topic=row["bounce_topic"],
        since=date.fromisoformat(row["since"]),
        until=_date(row["until"]),
        share=float(row["share"] or 0.0),
        extra_tags=dict(tag.split("=", 1) for tag in row["tags"].split(";") if tag),
        policies=policies,
        acts=acts,
    )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _load_acts(data: Path) -> dict[IdentityKey, Acts]:
    path = data / "events.toml"
    try:
        rows = [dict(row) for row in read_toml(path).get("identities", [])]
        return {_place(row.pop("on")): Acts(**row) for row in rows}
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: missing or unknown key: {error}") from error


def _place(text: str) -> IdentityKey:
    account, region, identity = text.split("/")
    return account, region, identity


def _load_policies(data: Path, organization_id: str) -> dict[IdentityKey, list[DemoPolicy]]:
    path = data / "policies.toml"
    placed: dict[IdentityKey, list[DemoPolicy]] = {}
    for entry in read_toml(path).get("policies", []):
        try:
            for on in entry["on"]:
                account, region, identity = _place(on)
                policies = placed.setdefault((account, region, identity), [])
                policies.append(_policy(data, entry, account, region, identity, organization_id))
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{path}: policy {entry.get('name')!r}: {error}") from error
    return placed


def _policy(data: Path, entry: dict[str, Any], account: str, region: str, identity: str, org: str) -> DemoPolicy:
    source = data / "policies" / f"{entry['document']}.json"
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror})") from error
    values = {
        "@ARN@": f"arn:aws:ses:{region}:{account}:identity/{identity}",
        "@ACCOUNT@": account,
        "@REGION@": region,
        "@ORGANIZATION@": org,
    }
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    by = entry.get("by", "mail-operations")
    return DemoPolicy(
        name=entry["name"],
        document=text,
        since=entry["from"],
        until=entry.get("until"),
        by=by,
        removed_by=entry.get("removed_by", "mail-operations"),
        api=entry.get("api", "v2"),
    )
