"""Small organizations with more rows than a rule's example has."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis import Analysis, analyze
from sesreport.findings.examples import OWN, REGION, Example
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, write_snapshot

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
OPEN = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"ses:SendEmail","Resource":"*"}}'


def extended(folder: Path, example: Example, **rows: list[dict[str, Any]]) -> Analysis:
    """An example's analysis with more rows in its snapshot."""
    base = example.analysis(folder / "base")
    made = {}
    for name, declared in frames().items():
        more = declared.from_rows(rows.get(name, []))
        old = getattr(base.snapshot, name)
        made[name] = more if name == "sending_accounts" and len(more) else pd.concat([old, more], ignore_index=True)
    path = write_snapshot(folder, made, started_at=NOW, finished_at=NOW, about={})
    return analyze(load(path), Config(), register=base.register)


def metric(name: str, day: str, value: float, account: str = OWN) -> dict[str, Any]:
    return {"account_id": account, "region": REGION, "dimension": "account", "metric": name,
            "at": datetime.fromisoformat(f"{day}T00:00+00:00"), "value": value}  # fmt: skip


def change(number: int, name: str, day: str, policy: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": str(number),
        "account_id": OWN,
        "region": REGION,
        "event_name": name,
        "identity": "example.com",
        "policy_name": "p",
        "at": datetime.fromisoformat(f"{day}T00:00+00:00"),
        "policy": policy,
        **fields,
    }


def gap(account: str, region: str, dataset: str = "everything", status: str = "denied") -> dict[str, Any]:
    """A coverage row of something that was not read (or was, by its status)."""
    reason = None if status == "ok" else "no"
    return {"account_id": account, "region": region, "dataset": dataset, "status": status, "reason": reason,
            "calls": 1, "retries": 0, "rows": 0, "seconds": 0.0}  # fmt: skip


def after(before: Analysis, now: Analysis) -> Analysis:
    """The later analysis, compared with the earlier."""
    return dataclasses.replace(now, previous=before)
