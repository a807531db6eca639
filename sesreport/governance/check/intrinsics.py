"""Values of a CloudFormation template with its functions resolved as far as the template itself says.

Facts: AWS CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters reference".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown:{}\N{REPLACEMENT CHARACTER}"
"""What stands in a text for a value that only the deployment knows; ``{}`` is its name in the template."""
_UNKNOWN = re.compile("\N{REPLACEMENT CHARACTER}unknown:([^\N{REPLACEMENT CHARACTER}]*)\N{REPLACEMENT CHARACTER}")
_IN_SUB = re.compile(r"\$\{(!?)([^}]*)\}")
NAMES = ("EmailIdentity",)
"""Properties that ``Ref`` of a resource gives, by the User Guide the name of an AWS::SES::EmailIdentity."""


@dataclass(frozen=True)
class Template:
    """A template and where it is deployed; an empty account or Region is not known."""

    content: Mapping[str, Any]
    account: str = ""
    region: str = ""
    partition: str = "aws"
    conditions: Mapping[str, bool] = field(default_factory=dict)
    """How conditions turn out, of those for which it is assumed."""
    _seen: tuple[str, ...] = field(default=(), compare=False)

    def resolved(self, value: Any) -> Any:
        """The value with functions replaced; what only a deployment knows becomes :data:`UNKNOWN` text."""
        if isinstance(value, list):
            return [one for each in value if (one := self.resolved(each)) is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::") or name == "Condition":
                return UNKNOWN.format(name)
        if "Fn::Transform" in value:
            return UNKNOWN.format("Fn::Transform")
        return {key: one for key, each in value.items() if (one := self.resolved(each)) is not NO_VALUE}

    def _ref(self, name: Any) -> Any:
        pseudo = {
            "AWS::AccountId": self.account, "AWS::Region": self.region, "AWS::Partition": self.partition,
            "AWS::URLSuffix": "amazonaws.com",
        }  # fmt: skip
        if name == "AWS::NoValue":
            return NO_VALUE
        if pseudo.get(name):
            return pseudo[name]
        resource = _of(self.content, "Resources", name)
        if _of(resource, "Type") == "AWS::SES::EmailIdentity":
            return self._once(name, _of(resource, "Properties", "EmailIdentity"))
        return UNKNOWN.format(name)

    def _once(self, name: str, value: Any) -> Any:
        """A value that another resource gives, unless it comes back to itself."""
        if name in self._seen or value is None:
            return UNKNOWN.format(name)
        return replace(self, _seen=(*self._seen, name)).resolved(value)

    def _join(self, argument: Any) -> Any:
        parts = argument[1] if isinstance(argument, list) and len(argument) == 2 else None
        if not isinstance(parts, list) or not isinstance(argument[0], str):
            return UNKNOWN.format("Fn::Join")
        return argument[0].join(map(_written, self.resolved(parts)))

    def _sub(self, argument: Any) -> Any:
        own: dict[str, Any] = {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            argument, own = argument
        if not isinstance(argument, str):
            return UNKNOWN.format("Fn::Sub")

        def value(found: re.Match[str]) -> str:
            name = found[2]
            if found[1]:
                return f"${{{name}}}"
            if name in own:
                return _written(self.resolved(own[name]))
            return _written(self._attribute(name.split(".", 1)) if "." in name else self._ref(name))

        return _IN_SUB.sub(value, argument)

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3 or argument[0] not in self.conditions:
            return UNKNOWN.format("Fn::If")
        return self.resolved(argument[1 if self.conditions[argument[0]] else 2])

    def _mapped(self, argument: Any) -> Any:
        keys = self.resolved(argument[:3]) if isinstance(argument, list) else []
        found = _of(self.content, "Mappings", *keys) if len(keys) == 3 else None
        return UNKNOWN.format("Fn::FindInMap") if found is None else found

    def _selected(self, argument: Any) -> Any:
        found = self.resolved(argument)
        values = found[1] if isinstance(found, list) and len(found) == 2 else None
        if not isinstance(values, list) or not str(found[0]).isdecimal() or int(found[0]) >= len(values):
            return UNKNOWN.format("Fn::Select")
        return values[int(found[0])]

    def _split(self, argument: Any) -> Any:
        by, text = self.resolved(argument) if isinstance(argument, list) and len(argument) == 2 else (None, None)
        if not isinstance(by, str) or not by or not isinstance(text, str) or unknown_names(text):
            return UNKNOWN.format("Fn::Split")
        return text.split(by)

    def _attribute(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        return UNKNOWN.format(".".join(map(str, parts)) if isinstance(parts, list) else "Fn::GetAtt")

    def _json_text(self, argument: Any) -> Any:
        return json.dumps(self.resolved(argument), ensure_ascii=False)


class _NoValue:
    """What ``AWS::NoValue`` leaves: nothing."""


NO_VALUE = _NoValue()
_FUNCTIONS = {
    "Ref": Template._ref,
    "Fn::FindInMap": Template._mapped,
    "Fn::If": Template._if,
    "Fn::Select": Template._selected,
    "Fn::Split": Template._split,
    "Fn::Join": Template._join,
    "Fn::Sub": Template._sub,
    "Fn::GetAtt": Template._attribute,
    "Fn::ToJsonString": Template._json_text,
}


def _written(value: Any) -> str:
    """A value inside a text; only texts and numbers may stand there."""
    return str(value) if isinstance(value, str | int | float) else UNKNOWN.format("a list or an object")


def unknown_names(text: str) -> list[str]:
    """The names of what only a deployment knows in a text."""
    return sorted(set(_UNKNOWN.findall(text)))


def with_identity(text: str, arn: str) -> str:
    """A resource with the identity's ARN where a part of it is not known."""
    return arn if _UNKNOWN.search(text) else text


def _of(content: Any, *path: Any) -> Any:
    for name in path:
        content = content.get(name) if isinstance(content, dict) and isinstance(name, str) else None
    return content
