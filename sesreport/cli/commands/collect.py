"""``sesreport collect``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.exit_codes import code_of_snapshot
from sesreport.cli.group import cli
from sesreport.cli.lines import tell_cut_off
from sesreport.cli.options import aws_options, collect_options, common, demo_options
from sesreport.cli.progress import progress_told
from sesreport.core.text import one_line


@cli.command("collect")
@common
@aws_options
@collect_options
@demo_options
@click.option("--strict", is_flag=True, help="Exit 3 when anything could not be read.")
def collect_command(
    config: Path | None, quiet: bool, debug: bool, profile: str | None, single_account: bool, demo: bool,
    today: datetime | None, strict: bool, executor: str | None, incremental: bool, resume: bool,
) -> int:  # fmt: skip
    """Read every account and Region into a new snapshot. Exit 3 when no place could be read.

    With --demo also the months before, and what reviewers answered, as 'run --demo' does.
    """
    given.begin(debug=debug)
    from sesreport.collect.executors import executor_at
    from sesreport.collect.run import collect
    from sesreport.core.period import Period
    from sesreport.snapshot.store import load

    day = given.day_of(demo, today)
    settings = given.checked(config, demo, None, day)
    tell_cut_off(settings, resume, day)
    with given.aws_of(demo, day), executor_at(executor) as pool, progress_told(quiet) as progress:
        path = collect(
            settings, clock=given.clock_of(demo, day), profile=profile, single_account=single_account,
            progress=progress, executor=pool, incremental=incremental, resume=resume,
        )  # fmt: skip
    if demo:
        from sesreport.demo.snapshot import demo_history

        with progress_told(quiet) as progress:
            demo_history(settings, Period.parse("last-month", today=day), day, progress)
    click.echo(one_line(path))
    return code_of_snapshot(load(path), strict)
