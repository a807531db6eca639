"""Reading a file for the gate: recognized by its content, never by its name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.governance.check.planned import FORMATS, Asked, Planned

LARGEST = 2**30
"""Bytes of a file; a larger one is not read."""
STANDARD_INPUT = Path("-")


def read_planned(path: Path, asked: Asked) -> Planned:
    """What a file plans; ``-`` is the standard input.

    Raises ConfigError for a file that cannot be read or is of no known kind, saying what was expected.
    """
    content = _content(path)
    for each in FORMATS.values():
        if each.recognize(content):
            return each.read(path, content, asked)
    raise ConfigError(f"{path}: is JSON, but none of: {', '.join(FORMATS)}{_hint(content)}")


def _content(path: Path) -> Any:
    try:
        if path == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(raw) > LARGEST:
        raise ConfigError(f"{path}: is larger than {LARGEST // 2**20:,} MiB, so it was not read")
    if raw.startswith(b"PK\x03\x04"):
        raise ConfigError(f"{path}: is a binary plan; check what `terraform show -json {path.name}` prints of it")
    if not raw.strip():
        raise ConfigError(f"{path}: is empty")
    try:
        return json.loads(raw, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is neither JSON nor text ({error.reason} at byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}, column {error.colno}: is not JSON ({error.msg})") from error
    except _DuplicateKeyError as error:
        raise ConfigError(f"{path}: has the key {str(error)[:80]!r} twice in one object") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply to be read") from error


class _DuplicateKeyError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object as it is written. Of two keys alike a reader would take either: such a file is not judged."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return made


def _hint(content: Any) -> str:
    if isinstance(content, dict) and "terraform_version" in content and "serial" in content:
        return "; it looks like a Terraform state: check a plan (terraform show -json)"
    if isinstance(content, dict) and content.get("@level"):
        return "; it looks like the log of `terraform plan -json`: check what `terraform show -json` prints"
    return ""
