"""``sesreport run``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.deliveries import can_deliver, deliver_pack
from sesreport.cli.exit_codes import WRONG, code_of_pack
from sesreport.cli.group import cli
from sesreport.cli.lines import line, tell_cut_off, tell_pack
from sesreport.cli.options import aws_options, collect_options, common, demo_options, report_options
from sesreport.cli.progress import progress_told


@cli.command()
@common
@aws_options
@collect_options
@report_options
@demo_options
@click.option("--collect-again", is_flag=True, help="Collect even when a snapshot stands for the period, in its place.")
@click.option("--no-deliver", is_flag=True, help="Deliver nothing, whatever [delivery] says.")
def run(
    config: Path | None, quiet: bool, debug: bool, profile: str | None, single_account: bool, period: str,
    fail_on: str | None, strict: bool, parameters: tuple[str, ...], output: Path | None, demo: bool,
    today: datetime | None, collect_again: bool, no_deliver: bool, executor: str | None, incremental: bool,
    resume: bool,
) -> int:  # fmt: skip
    """Collect the period's snapshot unless there is one, make its pack, and deliver it where that is configured."""
    given.begin(debug=debug)
    from sesreport.collect.closing import evidence_of
    from sesreport.collect.executors import executor_at
    from sesreport.core.files import check_writable
    from sesreport.core.period import Period
    from sesreport.report.build import report
    from sesreport.report.notebooks import check_all, notebooks

    day = given.day_of(demo, today)
    settings = given.checked(config, demo, output, day)
    chosen = Period.parse(period, today=day)
    values = given.parse_parameters(parameters)
    check_all(notebooks(), values)
    check_writable(Path(settings.paths.output))
    deliver_it = bool(settings.delivery) and not (no_deliver or demo)
    if deliver_it and not can_deliver(settings, profile):
        return WRONG
    tell_cut_off(settings, resume, day)
    with given.aws_of(demo, day), executor_at(executor) as pool, progress_told(quiet) as progress:
        evidence = evidence_of(
            settings, chosen, clock=given.clock_of(demo, day), profile=profile, single_account=single_account,
            anew=collect_again, progress=progress, executor=pool, incremental=incremental, resume=resume,
        )  # fmt: skip
    if not evidence.collected:
        line(
            f"snapshot {evidence.snapshot.id} stands for {chosen}: nothing was collected (--collect-again does)",
            err=True,
        )
    if demo:
        from sesreport.demo.snapshot import demo_history

        with progress_told(quiet) as progress:
            demo_history(settings, chosen, day, progress)
    made = report(settings, chosen, snapshot=evidence.snapshot, parameters=values)
    tell_pack(made)
    delivered = not deliver_it or bool(made.failed) or deliver_pack(settings, chosen, profile, again=False)
    return code_of_pack(made, evidence.snapshot, fail_on, strict, delivered=delivered)
