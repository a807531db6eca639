"""Copies of the templates that come with sesreport, with what the settings say written into them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sesreport.core.errors import ConfigError, WriteError
from sesreport.core.files import write_whole
from sesreport.core.resources import shipped
from sesreport.settings.config import Config

BUDGET = Path("aws/budget.yaml")
"""The template that holds the settings' budget."""


@dataclass(frozen=True)
class CopiedTemplate:
    """One template in the folder that was asked for."""

    path: Path
    written: bool
    """False for a file that was there already, byte for byte."""


def templates(config: Config | None = None, *, to: str | Path, force: bool = False) -> list[CopiedTemplate]:
    """Copies every shipped template into a folder; ``aws/budget.yaml`` gets the settings' budget as its defaults.

    With ``force``, files that differ are replaced. Without, raises ConfigError before anything is written. Raises
    WriteError when the file system refuses.
    """
    folder = Path(to)
    wanted = {folder / name: content for name, content in _contents(config or Config())}
    there = [path for path in wanted if path.exists() or path.is_symlink()]
    differing = [path for path in there if not _holds(path, wanted[path])]
    if differing and not force:
        more = f" (and {len(differing) - 1} more)" if len(differing) > 1 else ""
        raise ConfigError(
            f"{differing[0]}: is there and is not the template{more}; nothing was written; "
            "use another folder, or --force to replace what differs"
        )
    return [CopiedTemplate(path, _written(path, content)) for path, content in wanted.items()]


def _contents(config: Config) -> Iterator[tuple[Path, bytes]]:
    """Each template's name and bytes."""
    root = shipped("templates")
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if not path.is_file() or any(part.startswith((".", "__pycache__")) for part in name.parts):
            continue
        content = path.read_bytes()
        yield name, _with_budget(content.decode(), config).encode() if name == BUDGET else content


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _written(path: Path, content: bytes) -> bool:
    """Writes a file unless it is there already."""
    if _holds(path, content):
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{path.parent}: the folder cannot be made ({error.strerror or error})") from error
    write_whole(path, content)
    return True


def _with_budget(template: str, config: Config) -> str:
    """The template with the settings' budget as defaults of its parameters; as it is where they have none."""
    budget = config.costs.budget
    if budget is None:
        return template
    limited = _with_default(template, "MonthlyLimit", f"{budget.amount.normalize():f}")
    return _with_default(limited, "Currency", f'"{budget.currency}"')


def _with_default(template: str, parameter: str, value: str) -> str:
    """The text of a template with another default of a parameter: as text, since YAML's readers drop comments."""
    pattern = re.compile(rf"^(  {parameter}:\n    Type: \w+\n)(?:    Default: .*\n)?", re.MULTILINE)
    text, found = pattern.subn(lambda match: f"{match[1]}    Default: {value}\n", template)
    if found != 1:
        raise LookupError(f"{BUDGET} has no parameter {parameter}")
    return text
