"""Options that several commands have, each group as one decorator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sesreport.core.vocabulary import SEVERITIES

Command = Callable[..., Any]


def common(command: Command) -> Command:
    """Options every command has."""
    command = click.option("--debug", is_flag=True, help="Show tracebacks, attempts and reasons; no secrets.")(command)
    command = click.option("-q", "--quiet", is_flag=True, help="No progress.")(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Settings; default ./sesreport.toml when there is one.",
    )(command)


def aws_options(command: Command) -> Command:
    """Options of commands that call AWS."""
    command = click.option("--single-account", is_flag=True, help="Read the caller's account alone.")(command)
    return click.option("--profile", help="AWS profile; all else the SDK finds itself.")(command)


def collect_options(command: Command) -> Command:
    """Options of commands that collect."""
    command = click.option("--executor", metavar="URL", help="Read lanes there: dask://host:8786, processes://4.")(
        command
    )
    command = click.option(
        "--incremental", is_flag=True, help="Keep rows of identities that nothing has changed since the last snapshot."
    )(command)
    return click.option("--resume", is_flag=True, help="Go on with a collection that was cut off, if there is one.")(
        command
    )


def report_options(command: Command) -> Command:
    """Options of commands that make a pack."""
    command = click.option("--output", type=click.Path(path_type=Path), help="Folder for packs [out].")(command)
    command = click.option(
        "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Parameter for the notebooks."
    )(command)
    command = click.option("--strict", is_flag=True, help="Exit 3 when anything could not be read.")(command)
    command = click.option(
        "--fail-on", type=click.Choice(SEVERITIES), help="Exit 1 when a finding of this severity or worse is open."
    )(command)
    return click.option("--period", default="last-month", show_default=True, help="YYYY-MM or last-month.")(command)


def demo_options(command: Command) -> Command:
    """Options to use the demonstration organization instead of AWS."""
    command = click.option(
        "--today",
        type=click.DateTime(["%Y-%m-%d"]),
        help="The demonstration's day; default is the one it was written for.",
    )(command)
    return click.option("--demo", is_flag=True, help="Use the demonstration organization.")(command)
