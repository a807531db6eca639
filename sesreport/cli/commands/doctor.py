"""``sesreport doctor``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sesreport.cli import given
from sesreport.cli.exit_codes import FAILED, INCOMPLETE, WRONG
from sesreport.cli.group import cli
from sesreport.cli.lines import line
from sesreport.cli.options import aws_options, common, demo_options


@cli.command("doctor")
@common
@aws_options
@demo_options
def doctor_command(
    config: Path | None, quiet: bool, debug: bool, profile: str | None, single_account: bool, demo: bool,
    today: datetime | None,
) -> int:  # fmt: skip
    """Check settings, credentials, and every account and Region; say what is missing. Exit 3 when something is."""
    given.begin(debug=debug)
    from sesreport.cli.doctor import doctor

    day = given.day_of(demo, today)
    settings = given.loaded(config, demo, None)
    with given.aws_of(demo, day):
        checks = doctor(settings, clock=given.clock_of(demo, day), profile=profile, single_account=single_account)
    for check in checks:
        line(f"{'ok     ' if check.ok else 'MISSING'}  {check.what}: {check.said}")
    codes = {check.exit_code for check in checks if not check.ok}
    return next((code for code in (FAILED, WRONG, INCOMPLETE) if code in codes), 0)
