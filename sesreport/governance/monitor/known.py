"""Whom the functions know: approved outside accounts, and the organization; what is not known is said.

An account that cannot be placed is ``external``: nothing here ever makes one safer than it is.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import own_client
from sesreport.core.errors import ConfigError, SesReportError
from sesreport.governance.monitor.locations import UnreadableError, read_bytes
from sesreport.governance.monitor.packed import Packed, PackedError, beside_the_code, read_packed
from sesreport.governance.monitor.settings import MonitorSettings
from sesreport.policy import Organization
from sesreport.policy.approved import Approved, ApprovedSender
from sesreport.policy.fixes import Members
from sesreport.settings.plain_approvals import PlainApproval, covers

_ACCOUNT_ID = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
SETTINGS, REGISTER = Path("sesreport.toml"), Path("data/register.csv")
"""What may be beside a function that was not packed by ``sesreport templates --watch``."""


@dataclass(frozen=True)
class Known:
    """Whom we know on the day; ``notes`` say what could not be found out."""

    organization: Organization
    entries: tuple[PlainApproval, ...]
    today: date
    notes: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)
    register_unusable: bool = False
    """Whether there is a register that could not be used: who is approved is then not known."""

    def approved(self, identity: str) -> dict[str, str]:
        """Names of the accounts with a valid approval for an identity, by id; of several, that of the last to end.

        An approval that lists identities is one for these alone.
        """
        ordered = sorted(self.entries, key=lambda entry: (entry.expires_at or date.max, entry.key))
        return {entry.account_id: entry.name for entry in ordered if self._counts(entry, identity)}

    def may_send(self, identity: str, own: str) -> Approved:
        """Whom the organization and the register let send as an identity of the account ``own``."""
        senders = tuple(
            ApprovedSender(entry.account_id, entry.from_patterns, entry.expires_at)
            for entry in sorted(self.entries, key=lambda entry: (entry.account_id, entry.key))
            if self._counts(entry, identity)
        )
        refused = self.members.refused(own) - {sender.account for sender in senders}
        return Approved(self.organization, senders, refused)

    def _counts(self, entry: PlainApproval, identity: str) -> bool:
        return entry.in_date(self.today) and covers(entry.identities, identity)


class _Register(NamedTuple):
    """The approvals, and whether there is a register that could not be used."""

    approvals: tuple[PlainApproval, ...]
    unusable: bool = False


def whom_we_know(settings: MonitorSettings, *, today: date) -> Known:
    """The register and the organization as far as they can be read; a gap is a note, and nobody is safer for it."""
    notes: list[str] = []
    packed, spoiled = None, False
    try:
        packed = read_packed(beside_the_code())
    except PackedError as error:
        notes.append(f"what was packed cannot be used: {error}")
        spoiled = True
    register = _register(settings, packed, notes)
    known = _organization(settings, packed, notes)
    unusable = register.unusable or (spoiled and not settings.register)
    return replace(known, entries=register.approvals, today=today, notes=tuple(notes), register_unusable=unusable)


def _register(settings: MonitorSettings, packed: Packed | None, notes: list[str]) -> _Register:
    try:
        location = settings.register
        if not location and packed is not None and packed.approvals is not None:
            return _Register(packed.approvals)
        if not location:
            location = _beside()
        if not location:
            notes.append("no register was found: every outside account counts as one that nobody approved")
            return _Register(())
        return _Register(tuple(_entries(location)))
    except (SesReportError, ImportError) as error:
        notes.append(f"the register cannot be used ({error}): every outside account counts as one nobody approved")
        return _Register((), unusable=True)


def _beside() -> str:
    """Where a register is that stands beside the function, or that settings there name; empty for none."""
    if not (SETTINGS.exists() or REGISTER.exists()):
        return ""
    from sesreport.settings.config import load_config

    config = load_config(None)
    location = config.paths.register_file
    return location if config.register_named or Path(location).exists() else ""


def _entries(location: str) -> list[PlainApproval]:
    """The entries of a register anywhere. Raises ConfigError, which names the register and not our copy of it."""
    from sesreport.settings.approvals import read_entries

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(location.partition("?")[0]).name
        copy.write_bytes(read_bytes(location))
        try:
            return [entry.plain for entry in read_entries(copy)]
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(copy), location)) from error


def _organization(settings: MonitorSettings, packed: Packed | None, notes: list[str]) -> Known:
    """The organization and its members; the variables come before what was packed."""
    name, management = settings.organization_id or None, None
    accounts, members = _accounts(settings, notes), Members()
    if packed is not None:
        name, management = name or packed.organization.id, packed.organization.management_account
        accounts, members = accounts or set(packed.organization.accounts), packed.members
    if settings.ask_organizations:
        client = own_client("organizations")
        try:
            answer = client.describe_organization()["Organization"]
            name, management = settings.organization_id or answer["Id"], answer.get("MasterAccountId")
            pages = client.get_paginator("list_accounts").paginate()
            listed = {account["Id"]: account.get("Status") for page in pages for account in page["Accounts"]}
            inactive = frozenset(account for account, status in listed.items() if status not in (None, "ACTIVE"))
            accounts, members = accounts | set(listed), replace(members, inactive=members.inactive | inactive)
        except (ClientError, BotoCoreError, KeyError) as error:
            notes.append(f"AWS Organizations does not say who belongs to us: {error}")
    if not accounts:
        notes.append("the organization's accounts are not known: one that is named alone counts as an outside account")
    return Known(Organization(name, accounts, management), (), date.min, members=members)


def _accounts(settings: MonitorSettings, notes: list[str]) -> set[str]:
    """Ids that the variable lists, or that are in the file it names."""
    if not settings.accounts or re.fullmatch(r"[0-9,\s]+", settings.accounts):
        return set(_ACCOUNT_ID.findall(settings.accounts))
    try:
        return set(_ACCOUNT_ID.findall(read_bytes(settings.accounts).decode("utf-8", "replace")))
    except UnreadableError as error:
        notes.append(f"the list of accounts cannot be used: {error}")
        return set()
