"""Values of a CloudFormation template with its functions resolved as far as the template itself says.

Facts: AWS CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
        inner = Template(self.content, self.account, self.region, self.partition, (*self._seen, name))
        return inner.resolved(value)

    def _join(self, argument: Any) -> Any:
        parts = argument[1] if isinstance(argument, list) and len(argument) == 2 else None
        if not isinstance(parts, list) or not isinstance(argument[0], str):
            return UNKNOWN.format("Fn::Join")
        return argument[0].join(str(part) for part in self.resolved(parts))

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
                return str(self.resolved(own[name]))
            return str(self._attribute(name.split(".", 1)) if "." in name else self._ref(name))

        return _IN_SUB.sub(value, argument)

    def _attribute(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        return UNKNOWN.format(".".join(map(str, parts)) if isinstance(parts, list) else "Fn::GetAtt")

    def _json_text(self, argument: Any) -> Any:
        import json

        return json.dumps(self.resolved(argument))


class _NoValue:
    """What ``AWS::NoValue`` leaves: nothing."""


NO_VALUE = _NoValue()
_FUNCTIONS = {
    "Ref": Template._ref,
    "Fn::Join": Template._join,
    "Fn::Sub": Template._sub,
    "Fn::GetAtt": Template._attribute,
    "Fn::ToJsonString": Template._json_text,
}


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
