"""Cost Explorer is asked once a day: AWS charges for each request."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader
from double import OWN, REGION, STS, Answer, Double, running

from sesreport.aws.clients import Aws
from sesreport.collect.run import collect
from sesreport.settings.config import Config
from sesreport.snapshot.store import Snapshot, load

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
COST_EXPLORER = "https://ce.us-east-1.amazonaws.com"
OTHERS = ["accounts", "budgets", "changes", "dedicated_ips", "identities", "metrics", "recommendations", "sending",
          "sending_accounts"]  # fmt: skip
loader = cache(create_loader)
Collect = Callable[..., Snapshot]


def group(*keys: str, amount: str = "7.25") -> dict[str, Any]:
    return {"Keys": list(keys), "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}


def cost_and_usage(_: str, parameters: Any) -> Answer:
    by = [dimension["Key"] for dimension in parameters["GroupBy"]]
    keys = (REGION,) if by == ["REGION"] else (OWN, "EU-Recipients")
    span = {"Start": "2026-10-01", "End": "2026-11-01"}
    return 200, {"ResultsByTime": [{"TimePeriod": span, "Groups": [group(*keys)], "Estimated": False}]}


@pytest.fixture
def double() -> Double:
    return Double({"GetCostAndUsage": cost_and_usage})


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, double: Double) -> Collect:
    """Collects the costs of an account, as if AWS itself answered; returned is the snapshot."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("botocore.loaders.create_loader", loader)
    monkeypatch.setattr(Aws, "endpoint", lambda *_: COST_EXPLORER)

    def make(*, at: datetime = NOW, **settings: Any) -> Snapshot:
        with running(double) as url:
            for name, value in {
                "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_CONFIG_FILE": os.devnull, "AWS_DEFAULT_REGION": REGION,
            }.items():  # fmt: skip
                monkeypatch.setenv(name, value)
            config = Config.model_validate(
                {
                    "organization": {"regions": [REGION]},
                    "collect": {"pace": 0, "max_attempts": 1, "datasets_skip": OTHERS},
                    "paths": {"snapshots": str(tmp_path / "snapshots"), "cache": str(tmp_path / "cache")},
                    **settings,
                }
            )
            return load(collect(config, clock=lambda: at, single_account=True))

    return make


def asked(double: Double) -> int:
    return double.seen.count("GetCostAndUsage")


def told(snapshot: Snapshot) -> tuple[int, str | None]:
    """Calls and reason of the costs."""
    (row,) = snapshot.coverage[snapshot.coverage["dataset"].eq("costs")].to_dict("records")
    assert row["status"] == "ok"
    return row["calls"], row["reason"]


def test_a_second_collection_of_a_day_asks_nothing_again(read: Collect, double: Double) -> None:
    first, second = read(), read(at=NOW + timedelta(hours=17, minutes=59))
    assert asked(double) == 2
    assert told(first)[0] == 2
    assert told(second) == (0, "2 answers of an earlier collection of the day")
    assert second.costs["billed_cost"].tolist() == first.costs["billed_cost"].tolist() == [7.25]


def test_another_day_asks_again(read: Collect, double: Double) -> None:
    read()
    assert told(read(at=NOW + timedelta(hours=18)))[0] == 2
    assert asked(double) == 4


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::210000000002:user/audit", "arn:aws:sts::210000000001:assumed-role/other/session"]
)
def test_another_caller_asks_again(read: Collect, double: Double, arn: str) -> None:
    read()
    mine = "arn:aws:iam::210000000001:user/audit"
    double.answers["sts"] = 200, STS.replace(mine, arn).replace(f"<Account>{OWN}", f"<Account>{arn.split(':')[4]}")
    read()
    assert asked(double) == 4


def test_a_damaged_answer_is_asked_for_again(read: Collect, double: Double, tmp_path: Path) -> None:
    read()
    for path in (tmp_path / "cache" / "answers").iterdir():
        path.write_bytes(path.read_bytes().replace(b"7.25", b"7.26"))
    assert read().costs["billed_cost"].tolist() == [7.25]
    assert asked(double) == 4


def test_what_failed_is_not_kept(read: Collect, double: Double) -> None:
    double.answers["GetCostAndUsage"] = 400, {"__type": "AccessDeniedException", "message": "no"}
    assert read().costs.empty
    double.answers["GetCostAndUsage"] = cost_and_usage
    assert len(read().costs) == 1


def test_answers_of_another_endpoint_are_not_kept(
    read: Collect, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It charges nothing, and may be another tomorrow under the same address."""
    monkeypatch.setattr(Aws, "endpoint", lambda *_: "http://127.0.0.1:5000")
    read()
    assert told(read())[0] == 2
    assert asked(double) == 4


def test_no_secret_is_kept(read: Collect, tmp_path: Path) -> None:
    read()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache" / "answers").iterdir())
    assert b"7.25" in kept
    assert b"AKIAEXAMPLE" not in kept
    assert b"secret" not in kept
