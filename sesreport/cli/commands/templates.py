"""``sesreport templates``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.group import cli
from sesreport.cli.lines import line
from sesreport.cli.options import common


@cli.command("templates")
@common
@click.option("--to", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--force", is_flag=True, help="Replace files that differ.")
def templates_command(config: Path | None, quiet: bool, debug: bool, to: Path, force: bool) -> int:
    """Write the templates to a folder: CloudFormation (with the settings' budget), schedules, report, e-mail."""
    given.begin(debug=debug)
    from sesreport.governance.templates import templates

    for copied in templates(given.named(config, False, None), to=to, force=force):
        line(f"{'written  ' if copied.written else 'unchanged'}  {copied.path}")
    return 0
