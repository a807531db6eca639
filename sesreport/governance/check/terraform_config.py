"""The configuration part of a Terraform plan: what an argument refers to, through variables of modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_INDEX = re.compile(r"\[(?:[0-9]+|\"(?:[^\"\\]|\\.)*\")\]")
_ACCOUNT_IN_ROLE = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/")
MOST_STEPS = 50
"""Variables followed from module to module before it is given up."""


def without_indexes(address: str) -> str:
    """An address as the configuration has it: ``module.m["a"].x.y[0]`` is ``module.m.x.y``."""
    return _INDEX.sub("", address)


@dataclass(frozen=True)
class Reference:
    """Something that an expression refers to, and in which module."""

    module: str
    """Address of the module without indexes; empty for the root."""
    text: str
    """As written: ``data.aws_iam_policy_document.mail.json``."""


class Configuration:
    """What a plan says of its configuration; whatever it does not hold is empty."""

    def __init__(self, content: Any) -> None:
        self._content = content if isinstance(content, dict) else {}

    def references(self, address: str, argument: str) -> list[Reference]:
        """The resources that an argument of a resource refers to; a module's variable is followed to its value."""
        where = without_indexes(address)
        found = self._resources.get(where)
        if found is None:
            return []
        module, resource = found
        out = []
        for each in _outermost(_references(_of(resource, "expressions", argument))):
            out += list(self._followed(Reference(module, each), MOST_STEPS))
        return out

    def provider(self, address: str) -> Mapping[str, Any]:
        """The expressions of the provider of a resource."""
        _, resource = self._resources.get(without_indexes(address), ("", {}))
        provider = _of(self._content, "provider_config", str(resource.get("provider_config_key", "")))
        expressions = _of(provider, "expressions")
        return expressions if isinstance(expressions, dict) else {}

    def region(self, address: str) -> str:
        """The Region that the provider of a resource names as a constant."""
        return str(_of(self.provider(address), "region", "constant_value") or "")

    def account(self, address: str) -> str:
        """The account that the provider of a resource may work in, by its role or its only allowed account."""
        provider = self.provider(address)
        roles = provider.get("assume_role")
        for role in roles if isinstance(roles, list) else []:
            found = _ACCOUNT_IN_ROLE.match(str(_of(role, "role_arn", "constant_value") or ""))
            if found:
                return found[1]
        allowed = _of(provider, "allowed_account_ids", "constant_value")
        return str(allowed[0]) if isinstance(allowed, list) and len(allowed) == 1 else ""

    def source(self, module: str) -> str | None:
        """Folder of a module's files beside the root's; None for one that comes from elsewhere."""
        folder, content = ".", _of(self._content, "root_module")
        for name in filter(None, re.split(r"(?:^|\.)module\.", module)):
            call = _of(content, "module_calls", name)
            source = str(_of(call, "source") or "")
            if not source.startswith(("./", "../")):
                return None
            folder, content = f"{folder}/{source}", _of(call, "module")
        return folder

    @cached_property
    def _resources(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return dict(_walk("", _of(self._content, "root_module")))

    def _followed(self, reference: Reference, steps: int) -> Iterator[Reference]:
        name = re.match(r"var\.([A-Za-z0-9_-]+)\Z", reference.text)
        if name is None or not reference.module or not steps:
            yield reference
            return
        outer, _, call = reference.module.rpartition("module.")
        outer = outer.rstrip(".")
        module = _of(self._content, "root_module")
        for part in filter(None, re.split(r"(?:^|\.)module\.", outer)):
            module = _of(module, "module_calls", part, "module")
        given = _of(module, "module_calls", call, "expressions", name[1])
        found = _outermost(_references(given))
        if not found:
            yield reference
        for each in found:
            yield from self._followed(Reference(outer, each), steps - 1)


def _walk(module: str, content: Any) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Every resource of a module and of those it calls, by address without indexes."""
    before = f"{module}." if module else ""
    resources = _of(content, "resources")
    for resource in resources if isinstance(resources, list) else []:
        if isinstance(resource, dict) and resource.get("address"):
            yield f"{before}{resource['address']}", (module, resource)
    calls = _of(content, "module_calls")
    for name, call in calls.items() if isinstance(calls, dict) else ():
        yield from _walk(f"{before}module.{name}", _of(call, "module"))


def _references(expression: Any) -> list[str]:
    found = _of(expression, "references")
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _outermost(references: list[str]) -> list[str]:
    """Terraform lists ``a.b.c`` and then what it is an attribute of, ``a.b``; the first alone is meant."""
    return [
        each
        for position, each in enumerate(references)
        if not any(before.startswith((f"{each}.", f"{each}[")) for before in references[:position])
    ]


def _of(content: Any, *path: str) -> Any:
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content
