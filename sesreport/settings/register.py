"""The register: approvals of outside accounts to send as us, who gave them, for what, and until when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sized
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.core.schema import Frame, account_id, at, text, texts
from sesreport.settings.approvals import Entry, read_entries
from sesreport.settings.config import Config
from sesreport.settings.plain_approvals import made_id

STANDINGS = ("valid", "expiring", "expired")
"""Of an approval on a day, the best first."""
FRAME = Frame(
    "register",
    "One row per approval of an outside account, as the register says, with its standing on the day of the report.",
    keys={"approval_id": text("The approval: as the register names it, else made of what was approved and when.")},
    columns={
        "account_id": account_id("The outside account; it may have several approvals.", required=True),
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
        "review_every": text("How often its grants are reviewed, such as '6 months'; NA means every 3 months."),
        "status": text("valid, expiring (ends soon) or expired.", required=True),
    },
    samples=(
        {"approval_id": "A-0d54b1a1e7", "account_id": "310000000001", "name": "Mailwise",
         "vendor": "Mailwise BV", "owner": "crm", "ticket": "SEC-1041", "status": "valid"},
        {"approval_id": "A-7c2f90be13", "account_id": "310000000002", "name": "Brightside agency",
         "vendor": "Brightside Ltd", "owner": "marketing", "ticket": "MKT-88", "status": "expired"},
        {"approval_id": "SUP-2026-7", "account_id": "310000000003", "name": "Helpdesk",
         "vendor": "Helpdesk Inc", "owner": "support", "ticket": "SUP-7", "status": "expiring"},
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
            "approval_id": entry.key,
            "approved_at": _midnight(entry.approved_at),
            "expires_at": _midnight(entry.expires_at and entry.expires_at + timedelta(days=1)),
            "status": entry.status(today, warning_days),
        }
        for entry in entries
    )


def register_from_rows(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A register (:data:`FRAME`) from plain rows; one without an ``approval_id`` gets that which a file's row would."""

    def identified(row: Mapping[str, Any]) -> dict[str, Any]:
        begins = row.get("approved_at")
        made = made_id(
            row["account_id"], begins and begins.date(), row.get("identities") or (), row.get("from_patterns") or ()
        )
        return {**row, "approval_id": row.get("approval_id") or made}

    return FRAME.from_rows(map(identified, rows))


def standing_on(register: pd.DataFrame, moment: datetime, *, warning_days: int = 60) -> pd.DataFrame:
    """The register with each approval's standing at another moment, where it has dates to tell it by."""
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
