"""``sesreport permissions``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.group import cli
from sesreport.cli.options import common


@cli.command()
@common
@click.option("--caller", is_flag=True, help="The caller's whole policy, its own account included.")
@click.option("--delivery", is_flag=True, help="The policy of whoever delivers to [delivery]; it writes and sends.")
def permissions(config: Path | None, quiet: bool, debug: bool, caller: bool, delivery: bool) -> int:
    """Print the least-privilege IAM policy as JSON."""
    given.begin(debug=debug)
    from sesreport.collect.permissions import caller_policy, member_policy
    from sesreport.report.delivery.registry import delivery_policy

    if caller and delivery:
        raise click.UsageError("--caller and --delivery are policies of different roles: ask for one at a time")
    settings = given.named(config, False, None)
    asked = delivery_policy if delivery else caller_policy
    click.echo(json.dumps(asked(settings) if delivery or caller else member_policy(), indent=2))
    return 0
