"""How long the gate takes for a plan, next to the engine alone on the same policies, one by one.

    python benchmarks/gate_bench.py [--count 500]

One process, processor time, the best of several runs, after one plan that loads everything. The engine alone reads no
plan, knows no rules and says nothing; the ratio is what all that costs. Prints numbers, asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sesreport.governance.check import check
from sesreport.governance.check.output import OUTPUTS, Told
from sesreport.policy import Organization, analyze
from sesreport.settings.config import Config

TODAY, OWN, REGION = date(2026, 11, 30), "111111111111", "eu-west-1"
RUNS = 3


def policies(count: int) -> Iterator[tuple[str, str]]:
    """Identity and text: two policies an identity, of the kinds that are seen most."""
    principals: list[Any] = ["*", {"AWS": "*"}, {"Service": "cognito-idp.amazonaws.com"}]
    for number in range(count):
        name = f"d{number // 2}.example.com"
        statement = {
            "Effect": "Allow",
            "Principal": [*principals, {"AWS": f"{300_000_000_000 + number}"}][number % 4],
            "Action": ["ses:SendEmail", "ses:SendRawEmail"],
            "Resource": f"arn:aws:ses:{REGION}:{OWN}:identity/{name}",
        }
        if number % 3 == 0:
            statement["Condition"] = {"StringEquals": {"ses:FromAddress": f"news@{name}"}}
        yield name, json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def plan(count: int) -> str:
    kind = "aws_sesv2_email_identity_policy"
    changes = [
        {
            "address": f'{kind}.p["{number}"]',
            "mode": "managed",
            "type": kind,
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {"email_identity": name, "policy_name": f"p{number}", "policy": text},
                "after_unknown": {"id": True},
            },
        }
        for number, (name, text) in enumerate(policies(count))
    ]
    return json.dumps({"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": {}}})


def seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def gate(path: Path) -> str:
    checked, errors = check([path], Config(), today=TODAY)
    return OUTPUTS["text"](Told(checked, errors, "high"))


def engine(count: int) -> None:
    for name, text in policies(count):
        arn = f"arn:aws:ses:{REGION}:{OWN}:identity/{name}"
        analyze(arn, {"p": text}, organization=Organization(None), register={}, today=TODAY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=500, help="Policies in the plan.")
    count = parser.parse_args().count
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(plan(2))
        gate(path)
        path.write_text(plan(count))
        whole, alone = seconds(lambda: gate(path)), seconds(lambda: engine(count))
    print(f"{count} policies: gate {whole:.2f} s, engine alone {alone:.2f} s, ratio {whole / alone:.1f}")


if __name__ == "__main__":
    main()
