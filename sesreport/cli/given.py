"""What the options of a command mean: settings, parameters, the day, and where AWS is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sesreport.cli.lines import line
from sesreport.core.logs import start_log

if TYPE_CHECKING:
    from sesreport.settings.config import Config


def now() -> datetime:
    """The one clock of the command line."""
    return datetime.now(UTC)


def begin(*, debug: bool) -> None:
    """Starts the log. Notebook kernels are told to be quiet about frozen modules."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    start_log(debug=debug)


def loaded(path: Path | None, demo: bool, output: Path | None) -> Config:
    """The settings as they are written."""
    from sesreport.settings.config import load_config

    if demo and path is None:
        from sesreport.demo.snapshot import FOLDER, demo_config

        config = demo_config(snapshots=Path(FOLDER))
    else:
        config = load_config(path)
        if demo and path is not None:
            from sesreport.demo.snapshot import kept_apart

            config = kept_apart(config, path.parent)
    if output:
        config = config.model_copy(update={"paths": config.paths.model_copy(update={"output": str(output)})})
    return config


def named(path: Path | None, demo: bool, output: Path | None) -> Config:
    """The settings, once all names in them are known."""
    from sesreport.cli.doctor import check_names

    config = loaded(path, demo, output)
    check_names(config)
    return config


def checked(path: Path | None, demo: bool, output: Path | None, day: date) -> Config:
    """The settings, once everything they name has been looked at: what is wrong must not cost an hour."""
    from sesreport.cli.doctor import check_settings, ended_exceptions

    config = loaded(path, demo, output)
    check_settings(config)
    for told in ended_exceptions(config, day):
        line(f"sesreport: {told}", err=True)
    return config


def parse_parameters(given: tuple[str, ...]) -> dict[str, Any]:
    """``NAME=VALUE`` pairs; a value that is JSON is taken as such, so lists and numbers keep their type."""
    out: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--parameter")
        try:
            out[name] = json.loads(value)
        except ValueError:
            out[name] = value
    return out


def day_of(demo: bool, today: datetime | None) -> date:
    """The day of a command: today, or the demonstration's."""
    if today and not demo:
        raise click.BadParameter("goes with --demo: real organizations are read as they are", param_hint="--today")
    if not demo:
        return now().date()
    from sesreport.demo import reference_day

    return today.date() if today else reference_day()


def clock_of(demo: bool, day: date) -> Callable[[], datetime]:
    """The clock of a collection; that of the demonstration stands still."""
    if not demo:
        return now
    from sesreport.demo.snapshot import demo_clock

    return partial(demo_clock, day)


def aws_of(demo: bool, day: date) -> AbstractContextManager[object]:
    """Within it, AWS is the demonstration's endpoint where that is asked for."""
    if not demo:
        return nullcontext()
    from sesreport.demo.snapshot import demo_environment

    return demo_environment(day)
