"""The register: outside accounts that may send as us, who approved them, and until when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sized
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from sesreport.core.schema import Frame, account_id, at, text, texts
from sesreport.settings.approvals import Entry, read_entries
from sesreport.settings.config import Config

FRAME = Frame(
    "register",
    "Approved outside accounts, as the register says, with their standing on the day of the report.",
    keys={"account_id": account_id("The outside account.")},
    columns={
        "name": text("What we call it.", required=True),
        "vendor": text("The company behind it."),
        "owner": text("Who in our organization answers for it."),
        "justification": text("Why it may send as us."),
        "ticket": text("The change or contract record."),
        "approved_by": text("Who approved it."),
        "approved_at": at("When it was approved."),
        "expires_at": at("The first instant at which it is no longer approved; NA means no end was set."),
        "identities": texts("Identities it may send as; empty means any."),
        "from_patterns": texts("From addresses it may use; empty means any."),
        "status": text("valid, expiring (ends soon) or expired.", required=True),
    },
    samples=(
        {"account_id": "310000000001", "name": "Mailwise", "vendor": "Mailwise BV", "owner": "crm",
         "ticket": "SEC-1041", "status": "valid"},
        {"account_id": "310000000002", "name": "Brightside agency", "vendor": "Brightside Ltd", "owner": "marketing",
         "ticket": "MKT-88", "status": "expired"},
        {"account_id": "310000000003", "name": "Helpdesk", "vendor": "Helpdesk Inc", "owner": "support",
         "ticket": "SUP-7", "status": "expiring"},
    ),
)  # fmt: skip


def read_register(path: Path, *, today: date, warning_days: int = 60) -> pd.DataFrame:
    """The register as a frame (:data:`FRAME`); ``.csv``, ``.xlsx`` or ``.toml`` (``[[account]]`` tables).

    A register that does not exist is empty: then no outside account is approved. An entry approved for a later day
    is ``expired`` until then. Raises ConfigError naming the file, the row and the column of the first bad value.
    """
    return _frame(read_entries(path), today, warning_days)


def register_of(config: Config, today: date) -> pd.DataFrame:
    """The register of the settings as a frame; empty where they name none and there is none at the usual place.

    Raises ConfigError as :func:`read_register` does, and when the settings name a register that is not there.
    """
    return _frame(entries_of(config), today, config.report.expiry_warning_days)


def entries_of(config: Config) -> list[Entry]:
    """The entries of :func:`register_of`, which need no day."""
    return read_entries(Path(config.paths.register_file), missing_ok=not config.register_named)


def why_nobody_is_known(config: Config, register: Sized) -> str:
    """One sentence on what a register without entries, or none at all, means for outside accounts; else empty."""
    if len(register):
        return ""
    there = Path(config.paths.register_file).exists()
    why = "The register lists no account" if there else "There is no register of approved accounts"
    return f"{why}, so every outside account counts as unknown."


def _frame(entries: Iterable[Entry], today: date, warning_days: int) -> pd.DataFrame:
    return FRAME.from_rows(
        {
            **entry.model_dump(),
            "approved_at": _midnight(entry.approved_at),
            "expires_at": _midnight(entry.expires_at and entry.expires_at + timedelta(days=1)),
            "status": entry.status(today, warning_days),
        }
        for entry in entries
    )


def standing_on(register: pd.DataFrame, moment: datetime, *, warning_days: int = 60) -> pd.DataFrame:
    """The register with the standing of another moment, where the entry has dates to tell it by."""
    begins, ends = register["approved_at"], register["expires_at"]
    at = pd.Timestamp(moment)
    expired = (begins > at).fillna(False) | (ends <= at).fillna(False)
    ending = ~expired & (ends < at + timedelta(days=warning_days)).fillna(False)
    dated = begins.notna() | ends.notna()
    status = expired.map({True: "expired", False: "valid"}).mask(ending, "expiring").astype("string")
    return register.assign(status=status.where(dated, register["status"]))


def register_sha256(path: Path) -> str:
    """Hash of the register's bytes; of nothing when there is none."""
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
