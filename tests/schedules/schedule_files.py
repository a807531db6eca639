"""The files of ``templates/schedules`` as tests read them, and our own command line to try their commands on."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import yaml

from sesreport.cli.main import cli

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates" / "schedules"


def parsed(command: str | list[str]) -> tuple[str, dict[str, Any]]:
    """Name and parameters of a ``sesreport`` command; click's error where the command line has no such thing."""
    words = shlex.split(command) if isinstance(command, str) else command
    assert Path(words[0]).name == "sesreport", words
    name = words[1]
    return name, cli.commands[name].make_context(name, list(words[2:])).params


def monthly(command: str | list[str]) -> bool:
    """Whether a command makes the last closed month's pack, and goes on with a collection that was cut off."""
    name, params = parsed(command)
    return name == "run" and params["period"] == "last-month" and params["resume"] and not params["demo"]


class CloudFormation(yaml.SafeLoader):
    """Reads a template; ``!Sub x`` becomes ``{"Sub": x}``."""


def _short_form(loader: CloudFormation, suffix: str, node: yaml.Node) -> dict[str, Any]:
    construct = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: loader.construct_sequence,
        yaml.MappingNode: loader.construct_mapping,
    }[type(node)]
    return {suffix: construct(node) if isinstance(node, yaml.ScalarNode) else construct(node, deep=True)}  # type: ignore[operator]


CloudFormation.add_multi_constructor("!", _short_form)
