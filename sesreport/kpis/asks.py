"""What page one asks for, and what became of last month's asks: rows of the frame ``actions``, the like in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.findings.actions import OPEN, OUTCOMES, STANDING
from sesreport.findings.asks import SharedNames, Subject, ask_in_words
from sesreport.findings.registry import rules
from sesreport.kpis.results import Decision, LastAsks

MOST = 5
"""Lines of page one; what is left out is counted."""
MOST_BEFORE = 10
"""Lines of last month's asks."""
NOBODY = "not known"
ALIKE = ["asked_of", "due", "outcome", "outcome_at", "accepted_until"]
"""What asks have in common that are one line: the same action by the same person until the same day; of
incidents, all at the same place."""


def decisions(actions: pd.DataFrame, today: date) -> tuple[tuple[Decision, ...], int]:
    """The first lines of what is asked on the day of a report, and how many asks more there are."""
    standing = actions[actions["outcome"].isin(STANDING)]
    return _first(standing, MOST, today, _shared(actions))


def last_asks(analysis: Analysis) -> LastAsks:
    """What the report before asked: what is settled first, as the rest is asked again."""
    before = analysis.previous
    if before is None:
        return LastAsks()
    asked = analysis.actions[analysis.actions["asked_before"]]
    counts = asked["outcome"].value_counts()
    again = asked["outcome"].isin(STANDING)
    lines, more = _first(
        pd.concat([asked[~again], asked[again]]), MOST_BEFORE, analysis.today, _shared(analysis.actions)
    )
    by_outcome = {name: int(counts.get(name, 0)) for name in OUTCOMES}
    return LastAsks(before.period.name, len(asked), by_outcome, lines, more)


def _first(actions: pd.DataFrame, most: int, today: date, shared: SharedNames) -> tuple[tuple[Decision, ...], int]:
    place = actions["account_id"] + " " + actions["region"]
    alike = actions.assign(_what=actions["rule"].where(~actions["incident"], place))
    groups = [rows for _, rows in alike.groupby(["_what", *ALIKE], sort=False, dropna=False)]
    lines = tuple(_line(_by_number(rows.to_dict("records")), today, shared) for rows in groups[:most])
    return lines, len(actions) - sum(each.asks for each in lines)


def _by_number(rows: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Asks of several rules at one place in the order of the rules' numbers; of one rule as they come."""
    return sorted(rows, key=lambda row: rules()[row["rule"]].id)


def _shared(actions: pd.DataFrame) -> SharedNames:
    return SharedNames.of(map(_subject, actions.to_dict("records")))


def _subject(row: Mapping[Any, Any]) -> Subject:
    named = row["account_id"], _text(row["account_name"]) or None, row["region"], row["identity"]
    return Subject(*named, tuple(row["outside_accounts"]))


def _line(rows: Sequence[dict[Any, Any]], today: date, shared: SharedNames) -> Decision:
    """One line for asks that are alike, which names the first of them."""
    first = rows[0]
    subjects = [_subject(row) for row in rows]
    return Decision(
        decision="; ".join(_asks(rows, subjects, shared)),
        owner=_text(first["asked_of"]) or NOBODY,
        due=_day(first["due"]),
        effect=first["effect"],
        rule=first["rule"],
        severity=first["severity"],
        incident=bool(first["incident"]),
        now=bool(first["incident"]) and first["outcome"] == OPEN and first["due"].date() == today,
        since=_day(min(row["opened_at"] for row in rows)),
        times_asked=max(int(row["times_asked"]) for row in rows),
        days_overdue=0 if pd.isna(first["days_overdue"]) else int(first["days_overdue"]),
        outcome=first["outcome"],
        outcome_at=_day(first["outcome_at"]),
        accepted_until=_day(first["accepted_until"]),
        fingerprint=first["fingerprint"],
        asks=len(rows),
        identities=tuple(f"{each.identity} [{each.account_id} {each.region}]" for each in subjects),
        reach=first["reach"],
    )


def _asks(rows: Sequence[dict[Any, Any]], subjects: Sequence[Subject], shared: SharedNames) -> Iterator[str]:
    """What is asked by each rule; the second and later ones speak of the place that the first has named."""
    for number, slug in enumerate(dict.fromkeys(row["rule"] for row in rows)):
        about = [subject for row, subject in zip(rows, subjects, strict=True) if row["rule"] == slug]
        told = ask_in_words(rules()[slug].ask, about, shared, places="this account" if number else None)
        yield told[:1].lower() + told[1:] if number else told


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _day(value: Any) -> str:
    day: date | None = None if pd.isna(value) else value.date()
    return "" if day is None else day.isoformat()
