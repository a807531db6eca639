"""How long the KPIs and their breakdowns take for a large organization.

    python benchmarks/kpi_bench.py [--accounts 10000]

One identity per account, synthesized; what the KPIs say of each is given, not worked out. Prints seconds of processor
time, rows, and the ratio to measuring every group anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from sesreport.kpis.contributions import COUNT, Contributions, contributions, reduced, with_nothing

KPIS = 22
MONTH = "2026-10"


def estate(accounts: int) -> pd.DataFrame:
    """Identities with account, Region, environment and owner; one in twelve cannot be judged."""
    rng = np.random.default_rng(1)
    ids = pd.Series([f"{200_000_000_000 + number:012d}" for number in range(accounts)], dtype="string")
    return pd.DataFrame(
        {
            "account_id": ids,
            "region": pd.Series(rng.choice(["eu-west-1", "us-east-1"], accounts), dtype="string"),
            "identity": "d" + ids + ".example.com",
            "environment": pd.Series(rng.choice(["prod", "staging", "dev"], accounts), dtype="string"),
            "owner": pd.Series(rng.choice([f"team-{n}" for n in range(500)], accounts), dtype="string"),
            "hit": pd.array(np.where(rng.random(accounts) < 1 / 12, None, rng.integers(0, 2, accounts)), "Float64"),
        }
    )


def given(frame: pd.DataFrame) -> list[Contributions]:
    return [contributions(frame, COUNT, MONTH, numerator=frame["hit"]) for _ in range(KPIS)]


def at_once(frame: pd.DataFrame, every: list[Contributions]) -> pd.DataFrame:
    """All KPIs and dimensions in one reduction, as the breakdown does it."""
    parts = [
        each.rows.assign(kpi=number, reduction=each.reduction, dimension=name, group=frame[name])
        for number, each in enumerate(every)
        for name in ("account_id", "environment", "owner")
    ]
    return with_nothing(reduced(pd.concat(parts, ignore_index=True), ["kpi", "dimension", "group"]))


def one_by_one(frame: pd.DataFrame, every: list[Contributions]) -> list[pd.Series]:
    """The same counts by a filter per group: what measuring each group anew would cost, on a fiftieth of the groups."""
    some = frame["account_id"].head(max(1, len(frame) // 50))
    return [each.rows.loc[each.rows["account_id"] == account, "numerator"] for each in every for account in some]


def seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10_000)
    frame = estate(parser.parse_args().accounts)
    made = seconds(lambda: given(frame))
    every = given(frame)
    ours, anew = seconds(lambda: at_once(frame, every)), seconds(lambda: one_by_one(frame, every)) * 50
    rows = len(at_once(frame, every))
    print(
        f"{len(frame):,} identities, {KPIS} KPIs: contributions {made:.2f} s, {rows:,} groups reduced in {ours:.2f} s"
    )
    print(f"grouped one by one about {anew:.0f} s: {anew / ours:.0f} times as long")


if __name__ == "__main__":
    main()
