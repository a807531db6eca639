"""Delivering a pack from the command line, with a line for each destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesreport.cli import given
from sesreport.cli.lines import line

if TYPE_CHECKING:
    from sesreport.core.period import Period
    from sesreport.settings.config import Config


def can_deliver(settings: Config, profile: str | None) -> bool:
    """Whether every destination could take a pack; a line for each that could not."""
    from sesreport.report.delivery import check

    failed = [outcome for outcome in check(settings, profile=profile) if outcome.failed]
    for outcome in failed:
        line(f"sesreport: cannot deliver to {outcome.destination}: {outcome.said}", err=True)
    if failed:
        line("sesreport: nothing was collected; --no-deliver makes the pack without delivering it", err=True)
    return not failed


def deliver_pack(settings: Config, period: Period, profile: str | None, *, again: bool) -> bool:
    """Whether every destination has the pack; a line for each."""
    from sesreport.report.delivery import deliver

    outcomes = deliver(settings, period, now=given.now(), profile=profile, again=again)
    for outcome in outcomes:
        if outcome.failed:
            line(f"sesreport: not delivered to {outcome.destination}: {outcome.said}", err=True)
        else:
            line(f"Delivered to {outcome.destination}: {outcome.said}")
    return not any(outcome.failed for outcome in outcomes)
