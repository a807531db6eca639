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
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Folder to write the templates to.")
@click.option(
    "--watch", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Folder to write the watch to: both Lambda functions with the register, and their templates.",
)  # fmt: skip
@click.option("--snapshot", type=click.Path(path_type=Path), help="Snapshot that names the watch's organization.")
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
@click.option("--force", is_flag=True, help="Replace files that differ.")
def templates_command(
    config: Path | None, quiet: bool, debug: bool, to: Path | None, watch: Path | None, snapshot: Path | None,
    demo: bool, force: bool,
) -> int:  # fmt: skip
    """Write the templates to a folder: CloudFormation (with the settings' budget), schedules, report, e-mail.

    With --watch, write the Lambda functions that watch policies between two reports, ready to deploy. Example:

        sesreport templates --watch watch
    """
    given.begin(debug=debug)
    if to is None and watch is None:
        raise click.UsageError("say where to write: --to DIR for the templates, --watch DIR for the watch")
    from sesreport.governance.templates import templates
    from sesreport.governance.watch_folder import write_watch

    settings = given.named(config, demo, None)
    for copied in templates(settings, to=to, force=force) if to else ():
        line(f"{'written  ' if copied.written else 'unchanged'}  {copied.path}")
    if watch is not None:
        packed = write_watch(settings, watch, snapshot=snapshot, force=force)
        ours = packed.organization
        known = f"{ours.id or 'no organization id'}, {len(ours.accounts)} accounts"
        approvals = "no register" if packed.approvals is None else f"{len(packed.approvals)} approvals"
        line(f"{watch}: both functions, which know {known}, {approvals}; README.md says how to deploy them")
    return 0
