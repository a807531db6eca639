"""Checks before a run: settings, register, templates, AWS, and destinations; and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

from sesreport.collection.examination import Check, examine, failed
from sesreport.collection.journal import cut_off
from sesreport.config import Config
from sesreport.delivery import check as check_delivery
from sesreport.errors import SesReportError
from sesreport.files import check_writable
from sesreport.pack.contents import Branding
from sesreport.pack.deck.master import start
from sesreport.register import read_register
from sesreport.storage import is_url, snapshots_folder

__all__ = ["Check", "doctor"]


def doctor(
    config: Config, *, clock: Callable[[], datetime], profile: str | None = None, single_account: bool = False
) -> list[Check]:
    """Looks at all a run needs, in every account and Region, and at every destination; writes nothing."""
    checks = [*_here(config, clock().date())]
    checks += examine(config, clock=clock, profile=profile, single_account=single_account)
    outcomes = check_delivery(config, profile=profile)
    return [*checks, *(Check(f"delivery to {o.destination}", not o.failed, o.said) for o in outcomes)]


def _here(config: Config, today: date) -> Iterator[Check]:
    """What can be looked at without AWS."""
    yield _register(config, today)
    yield _deck_template(config)
    yield from _folders(config)
    try:
        found = cut_off(snapshots_folder(config))
    except SesReportError as error:
        yield failed("snapshots", error)
    else:
        for each in found:
            do = "--resume goes on with it, or remove the folder"
            if not each.understood:
                do = "its collection.json cannot be understood, so nothing goes on with it; remove the folder"
            yield Check("unfinished collection", True, f"{each}; {do}")


def _folders(config: Config) -> Iterator[Check]:
    """Whether a collection and a pack can be written."""
    folders = {"output folder": config.paths.output}
    if not is_url(config.paths.snapshots):
        folders["snapshots folder"] = config.paths.snapshots
    for what, folder in folders.items():
        try:
            check_writable(Path(folder))
        except SesReportError as error:
            yield failed(what, error)
        else:
            yield Check(what, True, f"{folder}: can be written to")


def _register(config: Config, today: date) -> Check:
    path = Path(config.paths.register_file)
    if not path.exists():
        said = f"there is no {path}: every outside account counts as not approved"
        return Check("register", True, said)
    try:
        register = read_register(path, today=today, warning_days=config.report.expiry_warning_days)
    except SesReportError as error:
        return failed("register", error)
    return Check("register", True, f"{path}: {len(register)} outside accounts")


def _deck_template(config: Config) -> Check:
    template = config.report.deck_template
    try:
        start(Branding(accent=config.report.accent, deck_template=template))
    except SesReportError as error:
        return failed("deck template", error)
    return Check("deck template", True, template or "the built-in one")
