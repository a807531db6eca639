"""What a reviewer is asked about each grant, as the texts of a sheet, and the key that tells whether they were changed.

The key of a row names the grant and its facts by hashes, and holds one of every text beside it: it survives sorting,
and facts in locked cells, which Excel cannot sort, are not needed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from sesreport.analysis.grant_facts import grantee_words
from sesreport.analysis.joins import records
from sesreport.analysis.registry import Analysis
from sesreport.analysis.reviews import DUE, OVERDUE, SCOPES
from sesreport.core.quarter import Quarter
from sesreport.core.text import marked
from sesreport.settings.attestations import GRANT

SHEET, ABOUT_SHEET = "Review", "About this review"
KEY = "Key"
FACTS = {
    "identity": "Identity",
    "changed": "Changed since the last answer",
    "grantee": "Who may send",
    "exposure": "What that means",
    "allowed": "What the policy allows",
    "account": "Account",
    "policy": "Policy",
    "last_use": "Last use",
    "approval": "Approval",
    "last_answer": "Last answer",
}
"""Titles of the columns that say what is asked about."""
ANSWERS = {
    "answer": "Answer",
    "expires_at": "New expiry",
    "ticket": "Ticket",
    "comment": "Comment",
    "reviewer": "Reviewed by",
}
"""Titles of the columns that a reviewer fills in."""
QUARTER, ORGANIZATION, SNAPSHOT, ROWS = "quarter", "organization", "snapshot", "rows"
PROPERTIES = {
    QUARTER: "sesreport_quarter",
    ORGANIZATION: "sesreport_organization",
    SNAPSHOT: "sesreport_snapshot",
    ROWS: "sesreport_rows",
}
"""Names of the document properties that say what a workbook is of; the sheet about the review says the same."""
NOBODY = "(no owner)"
LONGEST = 1_500
"""Characters of a text; the policy itself holds the rest."""
_DIGITS = 32
"""Hexadecimal digits of a hash in a key: 128 bits, so that nobody finds other facts with the same."""
_HASH = f"[0-9a-f]{{{_DIGITS}}}"
_KEY = re.compile(f"(?P<grant>{_HASH})-(?P<facts>{_HASH})-(?P<cells>([0-9a-f]{{4}})+)-(?P<whole>{_HASH})")


@dataclass(frozen=True)
class About:
    """What a workbook of a review is of."""

    quarter: Quarter
    organization: str
    snapshot: str


class Key(NamedTuple):
    """The parts of a row's key."""

    grant: str
    facts: str
    cells: str
    whole: str

    def __str__(self) -> str:
        return "-".join(self)


def read_key(text: str) -> Key | None:
    """The parts of a key; None for text that is none."""
    found = _KEY.fullmatch(text.strip())
    return Key(found["grant"], found["facts"], found["cells"], found["whole"]) if found else None


def make_key(about: About, grant: str, facts: str, texts: Sequence[str]) -> Key:
    """The key of a row with these hashes of grant and facts, and these texts under the titles of :data:`FACTS`."""
    cells = [" ".join(text.split()) for text in texts]
    whole = [str(about.quarter), about.organization, about.snapshot, grant, facts, *cells]
    return Key(grant, facts, "".join(_hash(cell)[:4] for cell in cells), _hash("\0".join(whole))[:_DIGITS])


def changed_cells(key: Key, made: Key) -> list[str]:
    """The titles under which the texts are not those of the key."""
    was, now = ([key.cells[i : i + 4] for i in range(0, len(key.cells), 4)] for key in (key, made))
    return [title for title, one, other in zip(FACTS.values(), was, now, strict=False) if one != other]


def grant_hash(row: Mapping[str, Any]) -> str:
    return _hash("\0".join(str(row[name]) for name in GRANT))[:_DIGITS]


def facts_hash(row: Mapping[str, Any]) -> str:
    return str(row["facts_sha256"])[:_DIGITS]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def about_of(analysis: Analysis, quarter: Quarter) -> About:
    return About(quarter, analysis.snapshot.organization, analysis.snapshot.id)


def asked(analysis: Analysis, quarter: Quarter) -> pd.DataFrame:
    """The reviews that are to be answered for a quarter: what changed first, then the worst."""
    reviews = analysis.reviews
    standing = reviews["standing"].isin([DUE, OVERDUE])
    pending = ~standing & reviews["answer"].isin(["narrow", "revoke"])
    open_ = reviews[(reviews["due_quarter"] <= str(quarter)) & (standing | pending)]
    order: dict[str, pd.Series] = {
        "_unchanged": open_["changed"].isna(),
        "_scope": open_["scope"].map({scope: rank for rank, scope in enumerate(SCOPES)}),
        "_approved": open_["approval"].eq("approved").fillna(value=False),
        "_reviewed": ~open_["never_reviewed"],
    }
    ordered = open_.assign(**order).sort_values([*order, *GRANT, "statement"], kind="stable", ignore_index=True)
    return ordered[list(reviews)]


def sheet_rows(analysis: Analysis, reviews: pd.DataFrame, quarter: Quarter) -> pd.DataFrame:
    """A row of texts for each review: the columns of :data:`FACTS`, and ``key``."""
    about = about_of(analysis, quarter)
    accounts = dict(zip(analysis.accounts["account_id"], analysis.accounts["name"], strict=True))
    approvals = {row["approval_id"]: row for row in records(analysis.register)}
    made = []
    for row in records(reviews):
        texts = {name: _short(text) for name, text in _texts(row, accounts, approvals)}
        key = make_key(about, grant_hash(row), facts_hash(row), list(texts.values()))
        made.append({**texts, "key": str(key)})
    return pd.DataFrame(made, columns=[*FACTS, "key"], dtype="string")


def _short(text: str) -> str:
    shown = marked(text)
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[:LONGEST]} … ({len(shown) - LONGEST:,} more characters, see the policy)"


def _texts(
    row: Mapping[str, Any], accounts: Mapping[str, Any], approvals: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """The texts of a row, in the order of :data:`FACTS`."""
    name = accounts.get(row["account_id"])
    statement = f"statement {row['statement']}" if row["statement"] else "the whole document"
    yield "identity", row["identity"]
    yield "changed", _changed(row)
    yield "grantee", grantee_words(row)
    yield "exposure", row["exposure"]
    yield "allowed", row["allowed"]
    yield "account", f"{'' if pd.isna(name) else f'{name}, '}account {row['account_id']}, {row['region']}"
    yield "policy", f"{row['policy_name']}, {statement}"
    yield "last_use", "not collected"
    yield "approval", _approval(row, approvals.get(row["approval_id"] or ""))
    yield "last_answer", _last_answer(row)


def _changed(row: Mapping[str, Any]) -> str:
    if row["changed"] is not None:
        return str(row["changed"])
    return "never answered for" if row["never_reviewed"] else "nothing"


def _approval(row: Mapping[str, Any], approval: Mapping[str, Any] | None) -> str:
    if approval is None:
        return str(row["approval"] or "no approval is possible")
    end = approval["expires_at"]
    ends = "no end set" if end is None or pd.isna(end) else f"ends {last_day(end):%Y-%m-%d}"
    ticket = f", {approval['ticket']}" if approval["ticket"] else ""
    return f"{row['approval']}: {approval['approval_id']}{ticket}, {ends}"


def last_day(end: datetime) -> datetime:
    """The last day before the first instant at which an approval is none."""
    return end - timedelta(days=1)


def _last_answer(row: Mapping[str, Any]) -> str:
    if not row["answer"]:
        return "none"
    due = f", due {row['due']:%Y-%m-%d}" if row["answer"] != "keep" else ""
    return f"{row['answer']} for {row['answered_quarter']}, by {row['reviewer']} on {row['answered_at']:%Y-%m-%d}{due}"
