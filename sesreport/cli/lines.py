"""What commands print, each a line whatever the text holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from sesreport.core.redaction import redacted
from sesreport.core.text import one_line

if TYPE_CHECKING:
    from sesreport.report.build import Made
    from sesreport.settings.config import Config


def line(text: object, *, err: bool = False) -> None:
    """Prints one line, whatever the text holds."""
    click.echo(one_line(redacted(str(text))), err=err)


def tell_pack(made: Made) -> None:
    """Prints what a pack says, where it is, and which notebooks failed."""
    from sesreport.kpis import words

    results = made.pack.results
    line(f"{results.headline}. {results.coverage.statement}")
    line(results.limits)
    for kpi in results.kpis:
        line(f"  {words.judgement(kpi):<18} {kpi.label}: {words.value_of(kpi)}")
    line(words.findings_told(results.findings, results.coverage))
    told = [words.ask(each) for each in results.decisions] or [words.no_decision(results.coverage)]
    line(f"Decisions asked: {told[0]}")
    for each in told[1:]:
        line(f"  {each}")
    if results.more_asks:
        line(f"  {words.more_asks(results.more_asks)}: sheet Actions")
    line(words.last_asks(results.last_asks))
    if made.left_out:
        line(f"{len(made.left_out)} snapshots of other organizations are left out", err=True)
    for failed in made.failed:
        line(f"sesreport: notebook {failed.name} failed: {failed.error}; see {made.path}/notebooks", err=True)
    line(f"Pack: {made.path}")


def tell_cut_off(settings: Config, resume: bool, day: date) -> None:
    """Prints which collections were cut off: their answers are not used unless asked for, and not thrown away."""
    from sesreport.collect.journal import cut_off
    from sesreport.snapshot.storage import snapshots_folder

    for found in cut_off(snapshots_folder(settings)):
        if not found.understood:
            why = f"it cannot be understood ({found.fault}), and nothing goes on with it"
            line(f"{found}; {why}; remove the folder", err=True)
        elif not found.is_of(day):
            line(f"{found}, in another month: nothing goes on with it; remove the folder", err=True)
        elif not resume:
            line(f"{found}; go on with --resume, or remove the folder", err=True)
