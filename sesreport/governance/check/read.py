"""Reading a file for the gate: recognized by its content, never by its name."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.governance.check.planned import FORMATS, STANDARD_INPUT, Asked, Planned, PlannedPolicy
from sesreport.governance.check.policy_json import DuplicateKeyError, on_identity, read_json

LARGEST = 2**30
"""Bytes of a file; a larger one is not read."""
_BLANK = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"
"""What a file without any content may hold: white space and byte order marks."""


def read_planned(path: Path, asked: Asked) -> Planned:
    """What a file plans; ``-`` is the standard input.

    Raises ConfigError for a file that cannot be read or is of no known kind, saying what was expected.
    """
    content = _content(path)
    for each in FORMATS.values():
        if each.recognize(content):
            try:
                planned = each.read(path, content, asked)
            except RecursionError as error:
                raise ConfigError(f"{path}: is nested too deeply to be read") from error
            return replace(planned, policies=tuple(map(_on_identity, planned.policies)))
    raise ConfigError(f"{path}: is JSON, but none of: {', '.join(FORMATS)}{_hint(content)}")


def _on_identity(policy: PlannedPolicy) -> PlannedPolicy:
    if policy.text is None or policy.identity is None:
        return policy
    return replace(policy, text=on_identity(policy.text, policy.identity))


def _content(path: Path) -> Any:
    raw = _bytes(path)
    if raw.startswith(b"PK\x03\x04"):
        raise ConfigError(f"{path}: is a binary plan; check what `terraform show -json {path.name}` prints of it")
    if not raw.strip(_BLANK):
        raise ConfigError(f"{path}: is empty")
    try:
        return read_json(raw)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is neither JSON nor text ({error.reason} at byte {error.start})") from error
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{where}: is not JSON ({error.msg}){_hint_of_text(error.doc)}") from error
    except DuplicateKeyError as error:
        raise ConfigError(f"{path}: has the key {str(error)[:80]!r} twice in one object") from error
    except ValueError as error:  # a number with thousands of digits
        raise ConfigError(f"{path}: cannot be read as JSON ({error})") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply to be read") from error


def _bytes(path: Path) -> bytes:
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
    return raw


def _hint_of_text(text: str) -> str:
    """What a text that is not JSON may be."""
    try:
        first = json.loads(text.lstrip().partition("\n")[0])
    except (ValueError, RecursionError):
        first = None
    if first is not None and (hint := _hint(first)):
        return hint
    if re.search(r"^(AWSTemplateFormatVersion|Resources|Version|Statement):", text, re.MULTILINE):
        return "; it looks like YAML: give it as JSON (cdk synth writes cdk.out/*.template.json)"
    if re.search(r"^(Terraform will perform|Plan: |No changes\.)", text, re.MULTILINE):
        return "; it looks like what `terraform plan` prints: check what `terraform show -json` prints"
    return ""


def _hint(content: Any) -> str:
    if isinstance(content, dict) and "terraform_version" in content and {"serial", "values"} & set(content):
        return "; it looks like a Terraform state: check a plan (terraform show -json)"
    if isinstance(content, dict) and content.get("@level"):
        return "; it looks like the log of `terraform plan -json`: check what `terraform show -json` prints"
    return ""
