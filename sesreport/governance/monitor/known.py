"""Whom the functions know: approved outside accounts, and the organization; what is not known is said.

An account that cannot be placed is ``external``: nothing here ever makes one safer than it is.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import own_client
from sesreport.core.errors import ConfigError, SesReportError
from sesreport.governance.monitor.locations import UnreadableError, read_bytes
from sesreport.governance.monitor.settings import MonitorSettings
from sesreport.policy import Organization
from sesreport.settings.approvals import Entry, covers, read_entries
from sesreport.settings.config import load_config

_ACCOUNT_ID = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


@dataclass(frozen=True)
class Known:
    """Whom we know on the day; ``notes`` say what could not be found out."""

    organization: Organization
    entries: tuple[Entry, ...]
    today: date
    notes: tuple[str, ...] = ()

    def approved(self, identity: str) -> dict[str, str]:
        """Names of the accounts with a valid approval for an identity, by id; of several, that of the last to end.

        An approval that lists identities is one for these alone.
        """
        ordered = sorted(self.entries, key=lambda entry: (entry.expires_at or date.max, entry.key))
        return {
            entry.account_id: entry.name
            for entry in ordered
            if entry.status(self.today) != "expired" and covers(entry.identities, identity)
        }


def whom_we_know(settings: MonitorSettings, *, today: date) -> Known:
    """The register and the organization as far as they can be read; a gap is a note, and nobody is safer for it."""
    notes: list[str] = []
    entries = _register(settings, notes)
    organization = _organization(settings, notes)
    return Known(organization, entries, today, tuple(notes))


def _register(settings: MonitorSettings, notes: list[str]) -> tuple[Entry, ...]:
    try:
        location = settings.register_file
        if not location:
            config = load_config(None)
            location = config.paths.register_file
            if not (config.register_named or Path(location).exists()):
                notes.append("no register was found: every outside account counts as one that nobody approved")
                return ()
        return tuple(_entries(location))
    except (SesReportError, ImportError) as error:
        notes.append(f"the register cannot be used ({error}): every outside account counts as one nobody approved")
        return ()


def _entries(location: str) -> list[Entry]:
    """The entries of a register anywhere. Raises ConfigError, which names the register and not our copy of it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(location.partition("?")[0]).name
        copy.write_bytes(read_bytes(location))
        try:
            return read_entries(copy)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(copy), location)) from error


def _organization(settings: MonitorSettings, notes: list[str]) -> Organization:
    accounts = set(_ACCOUNT_ID.findall(settings.accounts))
    if settings.accounts and not re.fullmatch(r"[0-9,\s]+", settings.accounts):
        try:
            accounts = set(_ACCOUNT_ID.findall(read_bytes(settings.accounts).decode("utf-8", "replace")))
        except UnreadableError as error:
            accounts = set()
            notes.append(f"the list of accounts cannot be used: {error}")
    name, management = settings.organization_id or None, None
    if settings.ask_organizations:
        client = own_client("organizations")
        try:
            answer = client.describe_organization()["Organization"]
            name, management = name or answer["Id"], answer.get("MasterAccountId")
            pages = client.get_paginator("list_accounts").paginate()
            accounts |= {account["Id"] for page in pages for account in page["Accounts"]}
        except (ClientError, BotoCoreError, KeyError) as error:
            notes.append(f"AWS Organizations does not say who belongs to us: {error}")
    if not accounts:
        notes.append("the organization's accounts are not known: one that is named alone counts as an outside account")
    return Organization(name, accounts, management)
