"""A register brought up to date with the answers of a review: renewals as rows of their own, ends of what is revoked.

What was approved before stays as it was written, so that the past is still judged by it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from sesreport.core.errors import ConfigError
from sesreport.core.text import FORMULA_STARTS, visible
from sesreport.governance.review.checks import Answer
from sesreport.settings.approvals import COLUMNS, DAYS, LISTS, LONGEST, Entry, read_entries
from sesreport.settings.attestations import ABOUT, KEEP, REVOKE
from sesreport.settings.config import describe


def updated(entries: Sequence[Entry], answers: Sequence[Answer], ends: Mapping[str, date], today: date) -> list[Entry]:
    """The entries with renewals behind them; ``ends`` is the new last day of approvals by id."""
    old = [_ended(entry, ends[entry.key]) if entry.key in ends else entry for entry in entries]
    return [*old, *_renewals(entries, answers, today)]


def with_pending(entries: Sequence[Entry], pending: Sequence[Entry], given: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """The entries of the register in use with what an update that is not taken over changed.

    New approvals stand behind the others; an end that was brought forward stays. Only what an answer (``given``) asked
    for counts: an update also holds what was in the register when it was written, and may be gone or renewed since.
    """
    revoked = {
        (account, row["due"].date())
        for row in given
        if row["answer"] == REVOKE
        for account in _ACCOUNT.findall(row["grantee"])
    }
    by_id = {entry.key: entry for entry in pending}
    old = [_ended(entry, end) if (end := _end(by_id, entry, revoked)) else entry for entry in entries]
    asked, _ = _more(entries, pending, given)
    return [*old, *asked]


def left_out(entries: Sequence[Entry], pending: Sequence[Entry], given: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """The approvals of an update that are neither in use nor asked for: taken out since, or entered there by hand."""
    return _more(entries, pending, given)[1]


def _more(
    entries: Sequence[Entry], pending: Sequence[Entry], given: Sequence[Mapping[str, Any]]
) -> tuple[list[Entry], list[Entry]]:
    """The approvals of an update that are not in use: those that answers asked for, and the others."""
    kept = {
        (row["identity"], row["reviewer"], row["answered_at"].date(), row["expires_at"].date() - timedelta(days=1))
        for row in given
        if row["answer"] == KEEP and row["expires_at"] is not None
    }
    there = {entry.key for entry in entries}
    more = [entry for entry in pending if entry.key not in there]
    asked = [entry for entry in more if _asked_for(entry, kept)]
    return asked, [entry for entry in more if entry not in asked]


_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def _end(pending: Mapping[str, Entry], entry: Entry, revoked: Collection[tuple[str, date]]) -> date | None:
    """The end that an update gave an entry because all of it was to be revoked."""
    found = pending.get(entry.key)
    if found is None or found.expires_at is None:
        return None
    begins = found.approved_at or date.min
    dues = {max(due, begins) for account, due in revoked if account == found.account_id}
    return found.expires_at if found.expires_at in dues else None


def _asked_for(entry: Entry, kept: Collection[tuple[Any, ...]]) -> bool:
    """Whether reviewers asked for a new approval."""
    about = entry.approved_by, entry.approved_at, entry.expires_at
    return any((identity, *about) in kept for identity in entry.identities)


def without_replaced(
    pending: Sequence[Entry], used: Sequence[Entry], reviews: Iterable[Mapping[str, Any]], answers: Sequence[Answer]
) -> list[Entry]:
    """The entries of an update, those that are not in use without the identities that are answered for anew."""
    anew = {answer.about for answer in answers}
    there = {entry.key for entry in used}
    kept: set[tuple[Any, ...]] = set()
    others: set[tuple[Any, ...]] = set()
    for row in reviews:
        stands = row["answer"] == KEEP and tuple(row[name] for name in ABOUT) not in anew
        (kept if stands else others).add(_renewed(row))
    made = []
    for entry in pending:
        if entry.key in there or not entry.identities:
            made.append(entry)
            continue
        patterns = frozenset(entry.from_patterns)
        left = [name for name in entry.identities if (entry.account_id, name, patterns) not in others - kept]
        if left:
            made.append(entry.model_copy(update={"approval_id": entry.key, "identities": left}))
    return made


def _renewed(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Account, identity and From patterns that a renewal for a grant is given for."""
    return row["grantee_account_id"], row["identity"], frozenset(json.loads(row["facts"])["from_patterns"] or ())


def _ended(entry: Entry, due: date) -> Entry:
    """The entry with an end no later than ``due``."""
    begins = entry.approved_at or date.min
    earliest = min(entry.expires_at or date.max, max(due, begins))
    return entry.model_copy(update={"expires_at": earliest})


def _renewals(entries: Sequence[Entry], answers: Sequence[Answer], today: date) -> list[Entry]:
    """A new approval for every end that was asked for: of the identities and From patterns that were kept alone."""
    by_id = {entry.key: entry for entry in entries}
    groups: dict[tuple[Any, ...], list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.answer == KEEP and answer.last_day is not None:
            review = answer.review
            patterns = tuple(json.loads(review["facts"])["from_patterns"] or ())
            asked = answer.last_day, answer.ticket, answer.reviewer
            groups[(review["grantee_account_id"], review["approval_id"], patterns, *asked)].append(answer)
    taken = set(by_id)
    made = []
    for (account, approval, patterns, last, ticket, reviewer), alike in groups.items():
        base = by_id.get(approval or "")
        about = base.model_dump() if base else {"name": _name(alike[0].review["grantee_name"], account)}
        for identities in _in_cells(sorted({answer.review["identity"] for answer in alike})):
            new = {
                "account_id": account,
                "ticket": ticket or about.get("ticket"),
                "approved_by": reviewer,
                "approved_at": today,
                "expires_at": last,
                "identities": identities,
                "from_patterns": list(patterns),
                "approval_id": None,
            }
            try:
                entry = Entry.model_validate({**about, **new})
            except ValidationError as error:
                told = describe(error, Entry)
                raise ConfigError(
                    f"{alike[0].where}: no approval can be written for it: {told}; answer narrow"
                ) from error
            made.append(entry.model_copy(update={"approval_id": _free(entry.key, taken)}))
    return made


def _in_cells(names: Sequence[str]) -> Iterator[list[str]]:
    """The names in lists that a cell of a register can hold."""
    part: list[str] = []
    for name in names:
        if part and len(_SEPARATOR.join([*part, name])) > LONGEST:
            yield part
            part = []
        part.append(name)
    yield part


def _name(named: str | None, account: str) -> str:
    """The name of an account that no approval names; its id where that is like a formula."""
    name = visible(named or account)
    return account if name.startswith(FORMULA_STARTS) else name


def _free(wanted: str, taken: set[str]) -> str:
    name = next(name for name in (wanted, *(f"{wanted}-{i}" for i in range(2, len(taken) + 3))) if name not in taken)
    taken.add(name)
    return name


_SEPARATOR = "; "


def check_register(text: str) -> None:
    """Raises ConfigError for a register in CSV that could not be read again, such as for a text it cannot hold."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "register.csv")
        path.write_text(text, encoding="utf-8", newline="")
        try:
            read_entries(path)
        except ConfigError as error:
            told = str(error).removeprefix(f"{path}, ")
            raise ConfigError(
                f"the register brought up to date could not be read again, so nothing was written: {told}"
            ) from error


def register_csv(entries: Iterable[Entry]) -> str:
    """The entries as a register in CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([_written(entry, column) for column in COLUMNS])
    return out.getvalue()


def _written(entry: Entry, column: str) -> str:
    if column == "approval_id":
        return entry.key
    value = getattr(entry, column)
    if column in LISTS:
        return _SEPARATOR.join(value)
    if column in DAYS:
        return value.isoformat() if value else ""
    return value or ""
