"""Checks before a run: settings and all they name, AWS, and destinations; and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from sesreport.collect.examination import Check, examine, failed
from sesreport.collect.journal import cut_off
from sesreport.collect.run import check_datasets, check_region_names
from sesreport.core.errors import SesReportError
from sesreport.core.files import check_writable
from sesreport.core.text import one_line
from sesreport.findings.findings import check_rule_names
from sesreport.kpis.scorecard import check_kpi_lines, check_kpi_names
from sesreport.report.contents import Branding
from sesreport.report.delivery import check as check_delivery
from sesreport.report.delivery.registry import chosen_destinations
from sesreport.settings.config import Config
from sesreport.settings.owners import directory_of
from sesreport.settings.prices import prices
from sesreport.settings.register import entries_of, why_nobody_is_known
from sesreport.snapshot.storage import is_url, snapshots_folder
from sesreport.usage.export_files import list_exports

__all__ = ["Check", "check_names", "check_settings", "doctor", "ended_exceptions", "without_aws"]


NAMED = 5
"""Files of cost exports that a check names before it counts the rest."""


def doctor(
    config: Config, *, clock: Callable[[], datetime], profile: str | None = None, single_account: bool = False
) -> list[Check]:
    """Looks at all a run needs, in every account and Region, and at every destination; writes nothing."""
    checks = [*without_aws(config, clock().date())]
    checks += examine(config, clock=clock, profile=profile, single_account=single_account)
    try:
        outcomes = check_delivery(config, profile=profile)
    except SesReportError:  # its keys are wrong, as was said above
        return checks
    return [*checks, *(Check(f"delivery to {o.destination}", not o.failed, o.said) for o in outcomes)]


def check_names(config: Config) -> None:
    """Raises ConfigError for a KPI, target, rule, dataset, Region or destination in the settings that cannot be."""
    for look in NAMES.values():
        look(config)


def check_settings(config: Config) -> None:
    """Looks at everything the settings name, so that nothing wrong is found out after AWS was read.

    What only AWS can tell is left out: accounts, the caller's Regions, and whether destinations can be reached. Raises
    ConfigError.
    """
    check_names(config)
    for look in FILES.values():
        look(config)


def ended_exceptions(config: Config, today: date) -> list[str]:
    """What is to be told of exceptions that have ended; nothing stops for them."""
    return [
        f"findings.exceptions.{number}: the exception of {each.rule} ended on {each.expires}, so its findings are "
        "open; renew it or take it out"
        for number, each in enumerate(config.findings.exceptions)
        if each.expires < today
    ]


def _kpis(config: Config) -> None:
    check_kpi_names(config.kpis)
    check_kpi_lines(config.kpis)


def _rules(config: Config) -> None:
    check_rule_names([*config.findings.severity, *(each.rule for each in config.findings.exceptions)])


def _destinations(config: Config) -> None:
    chosen_destinations(config.delivery)


def _register(config: Config) -> str:
    entries = entries_of(config)
    accounts = len({entry.account_id for entry in entries})
    told = why_nobody_is_known(config, entries) or f"{accounts} outside accounts"
    return f"{config.paths.register_file}: {told}"


def _owners(config: Config) -> str:
    found = directory_of(config)
    return "no directory named: nobody is found to have left" if found is None else f"{len(found)} names"


def _deck_template(config: Config) -> str:
    from sesreport.report.deck.master import start

    template = config.report.deck_template
    start(Branding(accent=config.report.accent, deck_template=template))
    return template or "the built-in one"


def _cost_exports(config: Config) -> str:
    files, gaps = list_exports(config.costs.exports, None)
    if not config.costs.exports:
        return "none named: costs are Cost Explorer's, or estimated"
    unread = [f"{one_line(file.path)} cannot be read ({file.problem})" for file in files if file.problem]
    many = f" and {len(unread) - NAMED} more" if len(unread) > NAMED else ""
    told = [", ".join(unread[:NAMED]) + many] if unread else []
    readable = len(files) - len(unread)
    return "; ".join([f"{readable} files", *told, *(f"{gap.export}: {gap.problem}" for gap in gaps)])


def _prices(config: Config) -> str:
    table = prices(config)
    return f"{config.costs.prices or 'the shipped ones'}, in {table.currency}"


NAMES: Mapping[str, Callable[[Config], None]] = {
    "kpis": _kpis,
    "findings": _rules,
    "collect.datasets_skip": check_datasets,
    "organization.regions": check_region_names,
    "delivery": _destinations,
}
"""Checks of names in the settings, by where these stand; each raises ConfigError."""
FILES: Mapping[str, Callable[[Config], str]] = {
    "register": _register,
    "owners": _owners,
    "deck template": _deck_template,
    "cost exports": _cost_exports,
    "prices": _prices,
}
"""Checks of files that the settings name; each says what is there, or raises ConfigError."""


def without_aws(config: Config, today: date) -> Iterator[Check]:
    """What can be looked at without AWS."""
    for what, look in {**NAMES, **FILES}.items():
        try:
            said = look(config)
        except SesReportError as error:
            yield failed(what, error)
        else:
            yield Check(what, True, said or "every name is known")
    yield from (Check("exceptions", True, told) for told in ended_exceptions(config, today))
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
