"""How long questions of a history take: 36 monthly snapshots of 10,000 identities, beside loading them all.

Snapshots are synthesized: 100 accounts, two policies on each identity, some of which change each month; 455 days of six
metrics and 14 days of send statistics for each account. Prints seconds per question, first asked (files are verified)
and asked again, and the ratio

    load every snapshot and read the frame / ask the history

Each question should take less than a second.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import sesreport as ses
from sesreport.core.period import Period
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import load, write_snapshot

ACCOUNTS, REGION = 100, "eu-west-1"
METRICS = ("Send", "Delivery", "Bounce", "Complaint", "Reject", "Reputation.BounceRate", "Reputation.ComplaintRate")
DATASETS = ("identities", "policies", "sending", "metrics", "changes", "sending_accounts")


def synthesize(folder: Path, months: int, identities: int) -> None:
    """Writes the snapshots."""
    accounts = [f"21{number:010d}" for number in range(ACCOUNTS)]
    last = Period(2026, 11)
    for number, month in enumerate(last.back(months)):
        now = month.start + timedelta(days=2, hours=6)
        made = {name: frame.empty() for name, frame in frames().items()}
        made["accounts"] = frames()["accounts"].from_rows(
            {"account_id": a, "name": a, "status": "ACTIVE", "management_account": False, "in_organization": True}
            for a in accounts
        )
        rows = [(accounts[i % ACCOUNTS], f"d{i}.example.com", i) for i in range(identities)]
        made["identities"] = frames()["identities"].from_rows(
            {"account_id": a, "region": REGION, "identity": name, "identity_type": "DOMAIN", "tags": "{}",
             "arn": f"arn:aws:ses:{REGION}:{a}:identity/{name}", "policies": 2}
            for a, name, _ in rows
        )  # fmt: skip
        made["policies"] = frames()["policies"].from_rows(
            {"account_id": a, "region": REGION, "identity": name, "policy_name": policy, "document": text,
             "sha256": hashlib.sha256(text.encode()).hexdigest()}
            for a, name, i in rows
            for policy in ("one", "two")
            for text in [document(i, number if (i + number) % 50 == 0 else 0, policy)]
        )  # fmt: skip
        made["metrics"], made["sending"] = metrics(accounts, now), sending(accounts, now)
        made["coverage"] = frames()["coverage"].from_rows(
            {"account_id": a, "region": REGION, "dataset": name, "status": "ok", "calls": 1, "retries": 0, "rows": 1,
             "seconds": 0.1}
            for a in accounts
            for name in DATASETS
        )  # fmt: skip
        write_snapshot(folder, made, started_at=now, finished_at=now, about={})


def document(identity: int, change: int, policy: str) -> str:
    statement = {
        "Sid": f"{policy}{change}",
        "Effect": "Allow",
        "Principal": {"AWS": f"31{identity % 997:010d}"},
        "Action": ["ses:SendEmail", "ses:SendRawEmail"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def metrics(accounts: list[str], now: datetime) -> pd.DataFrame:
    """455 days of every metric."""
    days = pd.date_range(pd.Timestamp(now).floor("D") - pd.Timedelta(days=455), periods=455, freq="D")
    index = pd.MultiIndex.from_product([accounts, METRICS, days], names=["account_id", "metric", "at"])
    values = np.random.default_rng(1).integers(0, 5000, len(index)).astype(float)
    table = pd.DataFrame({"value": values}, index=index).reset_index().assign(region=REGION, dimension="account")
    return frames()["metrics"].conform(table.astype({"at": "datetime64[us, UTC]"}))


def sending(accounts: list[str], now: datetime) -> pd.DataFrame:
    """Two weeks of quarters of an hour."""
    slots = pd.date_range(pd.Timestamp(now) - pd.Timedelta(days=14), periods=14 * 96, freq="15min")
    index = pd.MultiIndex.from_product([accounts, slots], names=["account_id", "at"])
    counts = np.random.default_rng(2).integers(0, 900, (len(index), 4))
    names = ["delivery_attempts", "bounces", "complaints", "rejects"]
    table = pd.DataFrame(counts, index=index, columns=names).reset_index().assign(region=REGION)
    return frames()["sending"].conform(table.astype({"at": "datetime64[us, UTC]"}))


def timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def main(months: int = 36, identities: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = timed(lambda: synthesize(folder, months, identities))
        size = sum(file.stat().st_size for file in folder.rglob("*")) / 1e6
        print(f"{months} snapshots of {identities:,} identities, {size:,.0f} MB, written in {written:.0f} s")

        def everything(frame: str) -> pd.DataFrame:
            return pd.concat([getattr(load(path), frame) for path in ses.snapshots(folder)])

        middle = Period(2026, 11).shift(-months // 2).start.date()
        one = "SELECT snapshot, sha256 FROM policies WHERE identity = 'd0.example.com' AND policy_name = 'one'"
        questions: dict[str, tuple[Callable[[ses.History], object], str]] = {
            "month ends": (lambda h: h.month_ends(), "accounts"),
            "identities as of a day": (lambda h: h.frame("identities", as_of=middle), "identities"),
            "identities by month": (
                lambda h: h.sql("SELECT begun, count(*) FROM identities GROUP BY ALL ORDER BY ALL"), "identities",
            ),
            "one policy through time": (lambda h: h.sql(one), "policies"),
            "policies that changed": (
                lambda h: h.sql(
                    "SELECT identity, policy_name, count(DISTINCT sha256) AS texts FROM policies "
                    "GROUP BY ALL HAVING texts > 1"
                ),
                "policies",
            ),
            "an account's sends, all days": (
                lambda h: h.series("metrics", where="metric = 'Send' AND account_id = '210000000007'"), "metrics",
            ),
            "an account's send statistics": (
                lambda h: h.series("sending", where="account_id = '210000000007'"), "sending",
            ),
            "gaps of send statistics": (lambda h: h.gaps("sending"), "coverage"),
        }  # fmt: skip
        loading = {frame: timed(lambda frame=frame: everything(frame)) for frame in {f for _, f in questions.values()}}
        print(f"{'question':<34}{'first':>8}{'again':>8}{'load all':>10}{'ratio':>8}")
        for question, (ask, frame) in questions.items():
            history = ses.History(folder)
            first, again = timed(lambda: ask(history)), timed(lambda: ask(history))  # noqa: B023
            print(f"{question:<34}{first:8.2f}{again:8.2f}{loading[frame]:10.2f}{loading[frame] / again:8.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
