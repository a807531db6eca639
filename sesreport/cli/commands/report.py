"""``sesreport report``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.exit_codes import code_of_pack
from sesreport.cli.group import cli
from sesreport.cli.lines import tell_pack
from sesreport.cli.options import common, report_options


@cli.command("report")
@common
@report_options
@click.option("--snapshot", type=click.Path(path_type=Path), help="Snapshot to use; default is the period's own.")
@click.option("--other-month", is_flag=True, help="Take the --snapshot even if it says nothing of the period.")
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def report_command(
    config: Path | None, quiet: bool, debug: bool, period: str, fail_on: str | None, strict: bool,
    parameters: tuple[str, ...], output: Path | None, snapshot: Path | None, other_month: bool, demo: bool,
) -> int:  # fmt: skip
    """Make a period's pack from a snapshot that is there; calls no AWS."""
    given.begin(debug=debug)
    from sesreport.core.period import Period
    from sesreport.report.build import report
    from sesreport.snapshot.storage import snapshots_folder
    from sesreport.snapshot.store import in_hand, load, snapshot_of

    today = given.day_of(demo, None)
    settings = given.checked(config, demo, output, today)
    chosen = Period.parse(period, today=today)
    folder = snapshots_folder(settings)
    evidence = load(snapshot or snapshot_of(folder, chosen, of=in_hand(folder, settings.organization.id)))
    values = given.parse_parameters(parameters)
    made = report(settings, chosen, snapshot=evidence, parameters=values, other_month=other_month)
    tell_pack(made)
    return code_of_pack(made, evidence, fail_on, strict)
