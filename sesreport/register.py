"""The register: outside accounts that may send as us, who approved them, and until when."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from sesreport.approvals import read_entries
from sesreport.schema import Frame, account_id, at, text, texts

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
    return FRAME.from_rows(
        {
            **entry.model_dump(),
            "approved_at": _midnight(entry.approved_at),
            "expires_at": _midnight(entry.expires_at and entry.expires_at + timedelta(days=1)),
            "status": entry.status(today, warning_days),
        }
        for entry in read_entries(path)
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
