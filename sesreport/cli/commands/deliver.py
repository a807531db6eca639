"""``sesreport deliver``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.deliveries import deliver_pack
from sesreport.cli.exit_codes import UNDELIVERED
from sesreport.cli.group import cli
from sesreport.cli.options import common


@cli.command()
@common
@click.option("--period", default="last-month", show_default=True, help="YYYY-MM or last-month.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for packs [out].")
@click.option("--profile", help="AWS profile of destinations that name none.")
@click.option("--again", is_flag=True, help="Send the e-mail also to those who were sent this pack before.")
def deliver(
    config: Path | None, quiet: bool, debug: bool, period: str, output: Path | None, profile: str | None, again: bool
) -> int:
    """Deliver a pack that is made, to every destination of [delivery]. Exit 5 when one could not be."""
    given.begin(debug=debug)
    from sesreport.core.period import Period

    settings = given.named(config, False, output)
    chosen = Period.parse(period, today=given.now().date())
    return 0 if deliver_pack(settings, chosen, profile, again=again) else UNDELIVERED
