"""The plan of the demonstration: a pull request that opens one identity and closes another."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sesreport.cli.main import cli
from sesreport.core.resources import shipped

PLAN = shipped("data/demo/terraform/plan.json")
SETTINGS = shipped("data/demo/sesreport.toml")


@pytest.mark.parametrize("arguments", [(), ("--config", str(SETTINGS))])
def test_the_gate_stops_what_opens_an_identity_and_passes_what_closes_one(arguments: tuple[str, ...]) -> None:
    run = CliRunner().invoke(cli, ["check", str(PLAN), *arguments], standalone_mode=False)
    assert run.return_value == 1
    lines = run.output.splitlines()
    (opened,) = [line for line in lines if line.startswith("CRITICAL ")]
    (closed,) = [line for line in lines if line.startswith("ok ")]
    assert "mailwise" in opened and "offers" in closed
    assert "  Proof: Anybody with an AWS account can send as *@news.example.com" in run.output


def test_the_lines_named_are_those_of_the_resources() -> None:
    run = CliRunner().invoke(cli, ["check", str(PLAN), "--format", "json"])
    assert json.loads(run.output)
    source = (PLAN.parent / "main.tf").read_text(encoding="utf-8").splitlines()
    told = CliRunner().invoke(cli, ["check", str(PLAN)]).output
    for name in ("mailwise", "offers"):
        number = next(n for n, line in enumerate(source, 1) if line.startswith("resource") and f'"{name}"' in line)
        assert f"main.tf:{number})" in told
