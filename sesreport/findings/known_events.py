"""Events that the snapshots hold, for rules about what was done and by whom."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.findings.registry import EVIDENCE
from sesreport.snapshot.events import EventKind, operations_of

ACCOUNT = "(whole account)"
"""Stands for the identity where a finding is about none."""
Row = Mapping[Hashable, Any]


def newest_first(analysis: Analysis) -> Iterator[Analysis]:
    """The analysis and those of earlier snapshots, newest first."""
    each: Analysis | None = analysis
    while each is not None:
        yield each
        each = each.previous


def month_start(analysis: Analysis) -> pd.Timestamp:
    """When the period begins."""
    return pd.Timestamp(analysis.period.start)


def events_of(analysis: Analysis, kind: EventKind) -> pd.DataFrame:
    """Events of a kind that took effect, of all snapshots, each once, oldest first."""
    held = pd.concat([each.snapshot.changes for each in newest_first(analysis)], ignore_index=True)
    held = held[held["event_name"].isin(operations_of(kind)) & held["error_code"].isna()]
    return held.drop_duplicates("event_id").sort_values(["at", "event_id"], ignore_index=True)


def recent(events: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """Those of the month or after it."""
    return events[events["at"] >= month_start(analysis)]


def placed(rows: Iterable[Row]) -> pd.DataFrame:
    """The places of rows with their evidence; of the whole account where a row names no identity."""
    made = [
        {
            "account_id": row["account_id"],
            "region": row["region"],
            "identity": ACCOUNT if pd.isna(row.get("identity")) else row["identity"],
            "evidence": row["evidence"],
        }
        for row in rows
    ]
    return pd.DataFrame(made, columns=EVIDENCE, dtype="string")


def by_whom(row: Row) -> str:
    """Which call it was, when, by whom and from where."""
    principal: str = "somebody the event does not name" if pd.isna(row["principal_arn"]) else str(row["principal_arn"])
    where: str = "" if pd.isna(row["source_ip"]) else f" from {row['source_ip']!s}"
    return f"{row['event_name']} on {row['at']:%Y-%m-%d %H:%M} UTC by {principal}{where}"
