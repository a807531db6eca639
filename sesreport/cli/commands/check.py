"""``sesreport check``."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.group import cli
from sesreport.cli.lines import line
from sesreport.cli.options import common
from sesreport.core.vocabulary import SEVERITIES

WIDEST = 100
"""Columns that a verdict takes of a wider terminal."""


def _account(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not re.fullmatch("[0-9]{12}", value):
        raise click.BadParameter("an account id is text of 12 digits")
    return value


@cli.command()
@common
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--account", default="", callback=_account, help="Account of identities whose account no file names.")
@click.option("--region", default="", help="Region of identities whose Region no file names.")
@click.option("--identity", "arn", help="ARN of the identity that a policy file is for.")
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="SNAPSHOT",
    help="Count only what would be newly allowed, compared with the live policies of this snapshot.",
)  # fmt: skip
@click.option(
    "--format", "output", type=click.Choice(["text", "json", "sarif", "github"]), default="text", show_default=True,
    help="How to print the verdicts.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), default="high", show_default=True,
    help="Exit 1 when a finding of this severity or worse is there; what cannot be decided counts as high.",
)  # fmt: skip
def check(
    config: Path | None, quiet: bool, debug: bool, files: tuple[Path, ...], account: str, region: str,
    arn: str | None, against: Path | None, output: str, fail_on: str,
) -> int:  # fmt: skip
    """Judge the SES identity policies of FILEs before they are applied.

    A FILE is a Terraform plan (terraform show -json), a CloudFormation template as JSON (cdk synth), or an identity
    policy as JSON; - is the standard input. No credentials are needed. Examples:

    \b
        terraform plan -out plan.out
        terraform show -json plan.out | sesreport check -
        sesreport check cdk.out/*.template.json --account 111111111111 --region eu-west-1
        sesreport check plan.json --against data/snapshots/NEWEST --format sarif > sesreport.sarif
    """
    given.begin(debug=debug)
    from sesreport.governance.check import check as judge_files
    from sesreport.governance.check.output import OUTPUTS, Told
    from sesreport.governance.check.planned import Asked
    from sesreport.policy import read_identity
    from sesreport.snapshot.store import load

    try:
        identity = read_identity(arn) if arn else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--identity") from error
    checked, errors = judge_files(
        files,
        given.named(config, False, None),
        today=given.now().date(),
        asked=Asked(account, region, identity),
        against=load(against) if against is not None else None,
    )
    width = min(shutil.get_terminal_size().columns, WIDEST) if sys.stdout.isatty() else 0
    told = Told(checked, errors, fail_on, width)
    click.echo(OUTPUTS[output](told), nl=False)
    for each in errors:
        line(f"Error: {each}", err=True)
    return told.exit_code
