"""``sesreport explain``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.group import cli
from sesreport.cli.options import common
from sesreport.core.vocabulary import SEVERITIES


@cli.command()
@common
@click.argument("identity", required=False)
@click.option(
    "--snapshot", type=click.Path(path_type=Path),
    help="Snapshot to use; default is the newest. With --policy: whose organization counts.",
)  # fmt: skip
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Explain this policy alone."
)
@click.option("--identity", "arn", help="ARN of the identity the --policy is for.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), help="Exit 1 when a finding of this severity or worse is open."
)
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def explain(
    config: Path | None, quiet: bool, debug: bool, identity: str | None, snapshot: Path | None, policy: Path | None,
    arn: str | None, fail_on: str | None, demo: bool,
) -> int:  # fmt: skip
    """Say who can send as IDENTITY (a name or an ARN), why, and with which request as proof."""
    given.begin(debug=debug)
    from sesreport.governance import explanations

    settings = given.named(config, demo, None)
    if policy is not None:
        if not arn or identity:
            raise click.UsageError("--policy needs --identity ARN, and no IDENTITY beside it")
        today = given.now().date()
        explained = [explanations.of_policy(policy, arn, settings, today=today, snapshot=snapshot)]
    elif identity:
        explained = explanations.of_identity(identity, settings, snapshot=snapshot)
    else:
        raise click.UsageError("name an identity, or give --policy FILE --identity ARN")
    click.echo("\n\n".join(map(str, explained)))
    return int(fail_on is not None and any(one.fails(fail_on) for one in explained))
