"""``sesreport review export`` and ``sesreport review import``."""

from __future__ import annotations

from pathlib import Path

import click

from sesreport.cli import given
from sesreport.cli.exit_codes import INCOMPLETE, WRONG
from sesreport.cli.group import cli
from sesreport.cli.lines import line
from sesreport.cli.options import common

MOST = 100
"""Problems that are told, a line each."""


@cli.group()
def review() -> None:
    """Ask the owners of outside permissions whether they are still needed (export), and import their answers."""


@review.command("export")
@common
@click.option("--quarter", required=True, metavar="YYYY-Qn", help="The quarter to answer for, such as 2026-Q4.")
@click.option("--by", type=click.Choice(["owner"]), help="A workbook for each owner, in place of one for all.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the workbooks [out/review-<quarter>].")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Snapshot to use; default is the newest.")
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def export_command(
    config: Path | None, quiet: bool, debug: bool, quarter: str, by: str | None, output: Path | None,
    snapshot: Path | None, demo: bool,
) -> int:  # fmt: skip
    """Write workbooks in which reviewers answer for each grant: keep, narrow or revoke."""
    given.begin(debug=debug)
    from sesreport.report.review import review_export

    settings = given.named(config, demo, None)
    for path in review_export(settings, quarter=quarter, by=by, output=output, snapshot=snapshot):
        line(path)
    return 0


@review.command("import")
@common
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--partial", is_flag=True, help="Import the rows that are right though others are not; exit 3 then.")
@click.option("--reviewer", metavar="NAME", help="Who answered, where a row does not say.")
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def import_command(
    config: Path | None, quiet: bool, debug: bool, files: tuple[Path, ...], partial: bool, reviewer: str | None,
    demo: bool,
) -> int:  # fmt: skip
    """Check reviewers' answers and keep them; write the register brought up to date, and what is to be fixed."""
    given.begin(debug=debug)
    from sesreport.governance.review import review_import

    settings = given.named(config, demo, None)
    if demo:
        from sesreport.demo.snapshot import with_own_register

        settings = with_own_register(settings)
    day = given.day_of(demo, None)
    found = review_import(files, settings, today=day, partial=partial, reviewer=reviewer)
    for problem in found.problems[:MOST]:
        line(f"sesreport: {problem}", err=True)
    if (more := len(found.problems) - MOST) > 0:
        line(f"sesreport: … and {many(more, 'more problem')}", err=True)
    if found.problems and not partial:
        told = f"{many(len(found.problems), 'problem')}; nothing was written (--partial takes the other rows)"
        line(f"sesreport: {told}", err=True)
        return WRONG
    line(f"{many(found.answers, 'answer')} added, {found.known} were there already")
    for path in found.written:
        line(path)
    if found.pending is not None:
        also = f"; {found.register} holds its changes as well, so take that one over" if found.register else ""
        line(f"sesreport: {found.pending} is not taken over yet{also}", err=True)
    if found.left_out and found.register is not None:
        told = f"{', '.join(found.left_out)} of the update before: neither in the register in use nor asked for"
        line(f"sesreport: {found.register} is without {told}", err=True)
    return INCOMPLETE if found.problems else 0


def many(number: int, what: str) -> str:
    """``1 answer``, ``2 answers``."""
    return f"{number} {what}{'' if number == 1 else 's'}"
