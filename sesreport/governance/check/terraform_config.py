"""The configuration part of a Terraform plan: what an argument refers to, through variables of modules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_INDEX = re.compile(r"\[(?:[0-9]+|\"(?:[^\"\\]|\\.)*\")\]")
_ACCOUNT_IN_ROLE = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/")
_PUTS = re.compile(r"(?:create|update)-?email-?identity-?policy|put-?identity-?policy", re.IGNORECASE)
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

    def __init__(self, content: Any, variables: Mapping[str, Any]) -> None:
        self._content = content if isinstance(content, dict) else {}
        self._variables = variables

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

    def provider_key(self, address: str) -> str:
        """The key of the provider of a resource; an alias has one of its own."""
        _, resource = self._resources.get(without_indexes(address), ("", {}))
        return str(resource.get("provider_config_key", ""))

    def region(self, address: str) -> str:
        """The Region that the provider of a resource names."""
        return str(self._value(self._provider(address).get("region")) or "")

    def account(self, address: str) -> str:
        """The account that the provider of a resource works in, by its last role or its only allowed account."""
        provider = self._provider(address)
        roles = provider.get("assume_role")
        for role in reversed(roles if isinstance(roles, list) else []):
            found = _ACCOUNT_IN_ROLE.match(str(self._value(_of(role, "role_arn")) or ""))
            return found[1] if found else ""
        allowed = self._value(provider.get("allowed_account_ids"))
        return str(allowed[0]) if isinstance(allowed, list) and len(allowed) == 1 else ""

    def putting_by_command(self) -> list[str]:
        """Resources whose provisioners call the API that puts an identity policy."""
        return [
            address
            for address, (_, resource) in self._resources.items()
            if "provisioners" in resource and _PUTS.search(json.dumps(resource["provisioners"]))
        ]

    def _provider(self, address: str) -> Mapping[str, Any]:
        """The expressions of the provider of a resource."""
        expressions = _of(self._content, "provider_config", self.provider_key(address), "expressions")
        return expressions if isinstance(expressions, dict) else {}

    def _value(self, expression: Any) -> Any:
        """What an expression of the root module is: a constant, or a variable by itself."""
        if isinstance(expression, dict) and "constant_value" in expression:
            return expression["constant_value"]
        named = [each.removeprefix("var.") for each in _references(expression) if each.startswith("var.")]
        return _of(self._variables, named[0], "value") if len(named) == 1 == len(_references(expression)) else None

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
