"""CloudFormation templates, as CDK synthesizes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sesreport.governance.check.custom_resources import policies_of
from sesreport.governance.check.intrinsics import Template
from sesreport.governance.check.planned import Asked, Planned, plan_format

_ENVIRONMENT = re.compile(r"aws://([0-9]{12}|unknown-account)/([a-z0-9-]+)\Z")
_NESTED = "AWS::CloudFormation::Stack"


def is_template(content: Any) -> bool:
    """Whether parsed JSON is a template."""
    return isinstance(content, dict) and isinstance(content.get("Resources"), dict) and "planned_values" not in content


@plan_format(name="CloudFormation template (JSON)", recognize=is_template)
def read_template(path: Path, content: Any, asked: Asked) -> Planned:
    """The identity policies that custom resources of the template put."""
    account, region = _environment(path)
    template = Template(content, account or asked.account, region or asked.region)
    policies = tuple(policies_of(template, path, asked))
    return Planned(path, "CloudFormation template", policies, tuple(_notes(content)))


def _notes(content: dict[str, Any]) -> Iterator[str]:
    kinds = [str(each.get("Type")) for each in content["Resources"].values() if isinstance(each, dict)]
    if nested := kinds.count(_NESTED):
        yield f"it has {nested} nested stack{'' if nested == 1 else 's'}: check their templates as well"
    macros = content.get("Transform", [])
    named = [str(each) for each in (macros if isinstance(macros, list) else [macros])]
    if "Fn::Transform" in content["Resources"]:
        named.append("Fn::Transform")
    for name in named:
        if not name.startswith("AWS::") or name == "AWS::Include":
            yield f"the macro {name} may add to it: check the processed template as well"


def _environment(path: Path) -> tuple[str, str]:
    """Account and Region that a CDK assembly names for its stack; empty where it is no assembly, or says neither."""
    try:
        manifest = json.loads((path.parent / "manifest.json").read_text(encoding="utf-8"))
        artifacts = manifest["artifacts"].values()
        for each in artifacts:
            if each.get("properties", {}).get("templateFile") == path.name:
                found = _ENVIRONMENT.match(each.get("environment", ""))
                known = found.groups() if found else ("", "")
                return (known[0].removeprefix("unknown-account"), known[1].removeprefix("unknown-region"))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        pass
    return "", ""
