"""``sesreport changes``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.group import cli
from sesreport.cli.options import common


@cli.command()
@common
@click.option("--from", "older", required=True, metavar="DAY", help="YYYY-MM-DD, or YYYY-MM: the month as in its pack.")
@click.option("--to", "newer", required=True, metavar="DAY", help="The later day.")
def changes(config: Path | None, quiet: bool, debug: bool, older: str, newer: str) -> int:
    """Say who gained and who lost the right to send between two days, by the snapshots of the time."""
    given.begin(debug=debug)
    from sesreport.findings.history import History
    from sesreport.snapshot.storage import snapshots_folder

    settings = given.named(config, False, None)
    click.echo(repr(History(snapshots_folder(settings), settings).compare(older, newer)))
    return 0
