"""CloudFormation templates, as CDK synthesizes them: custom resources that put identity policies.

CloudFormation has no property for identity policies, so that each team puts them with a custom resource: CDK's
AwsCustomResource, whose calls are JSON texts with the policy encoded once more, or one of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sesreport.governance.check.intrinsics import Template, unknown_names, with_identity
from sesreport.governance.check.planned import (
    GIVEN,
    Asked,
    Planned,
    PlannedPolicy,
    Where,
    identity_arns,
    identity_at,
    only,
    plan_format,
)
from sesreport.policy import Identity

_PUTS = re.compile(r"(create|update)EmailIdentityPolicy(Command)?|putIdentityPolicy(Command)?", re.IGNORECASE)
_NAMES_IDENTITY = ("EmailIdentity", "emailIdentity", "Identity", "identity", "IdentityName", "Domain", "domain")
_NAMES_POLICY = ("PolicyName", "policyName", "Name", "name")
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
    policies = []
    for name, resource in content["Resources"].items():
        kind = str(resource.get("Type")) if isinstance(resource, dict) else ""
        if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
            policies += list(_put(path, name, kind, resource, template))
    return Planned(path, "CloudFormation template", tuple(policies), tuple(_notes(content)))


def _notes(content: dict[str, Any]) -> Iterator[str]:
    kinds = [str(each.get("Type")) for each in content["Resources"].values() if isinstance(each, dict)]
    if nested := kinds.count(_NESTED):
        yield f"it has {nested} nested stack{'' if nested == 1 else 's'}: check their templates as well"


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


def _put(path: Path, name: str, kind: str, resource: dict[str, Any], template: Template) -> Iterator[PlannedPolicy]:
    """The policies that one custom resource puts; the calls on creation and on update, where they differ."""
    properties = template.resolved(resource.get("Properties") or {})
    if not isinstance(properties, dict):
        return
    if kind == "Custom::AWS":
        yield from _of_calls(path, name, properties, template)
        return
    for document in _documents(properties):
        yield _policy(path, name, _first(properties, _NAMES_IDENTITY), _first(properties, _NAMES_POLICY) or name,
                      document, template)  # fmt: skip


def _of_calls(path: Path, name: str, properties: dict[str, Any], template: Template) -> Iterator[PlannedPolicy]:
    calls: set[str] = set()
    seen: set[tuple[Identity | None, str, str | None, str]] = set()
    for event in ("Create", "Update"):
        text = properties.get(event)
        if text is None or not _PUTS.search(json.dumps(text)) or json.dumps(text) in calls:
            continue
        calls.add(json.dumps(text))
        try:
            call = json.loads(text) if isinstance(text, str) else text
            parameters = call["parameters"]
            identity, policy_name = _first(parameters, _NAMES_IDENTITY), _first(parameters, _NAMES_POLICY)
            document = parameters.get("Policy") or parameters.get("policy")
        except (ValueError, KeyError, TypeError, AttributeError):
            yield _unknown(path, name, f"its {event} call cannot be read")
            continue
        policy = _policy(path, name, identity, policy_name or name, document, template)
        key = (policy.identity, policy.policy_name, policy.text, policy.unknown)
        if key not in seen:
            seen.add(key)
            yield policy


def _documents(value: Any) -> Iterator[Any]:
    """Every policy that properties hold, as an object or encoded as a text, that may let somebody send."""
    if isinstance(value, str) and "Statement" in value:
        try:
            value = json.loads(value)
        except ValueError:
            yield value
            return
    if isinstance(value, dict) and "Statement" in value:
        if _of_identity(value):
            yield value
        return
    if isinstance(value, dict):
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from _documents(each)


def _of_identity(document: dict[str, Any]) -> bool:
    """Whether a policy has principals and may be about sending: those of other services, and of roles, are not ours."""
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            return True
        actions = statement.get("Action", "*")
        named = [str(each).casefold() for each in (actions if isinstance(actions, list) else [actions])]
        if {"Principal", "NotPrincipal"} & set(statement) and any(
            each.startswith(("ses:", "*")) or unknown_names(each) for each in named
        ):
            return True
    return False


def _policy(
    path: Path, address: str, identity_name: str, policy_name: str, document: Any, template: Template
) -> PlannedPolicy:
    if document is None:
        return _unknown(path, address, "its call holds no policy")
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    if unknown_names(identity_name) or not identity_name:
        named = only([found[0] for found in identity_arns(text)])
        if not named or unknown_names(named):
            because = ", ".join(unknown_names(identity_name)) or "no property names it"
            return _unknown(path, address, f"whose policy it is, is known to the deployment only ({because})")
        identity_name = named
    found = [each for each in identity_arns(text) if each["name"] == identity_name]
    identity = identity_at(
        identity_name,
        partition=only([each["partition"] for each in found]) or template.partition,
        account=only([each["account"] for each in found]) or template.account,
        region=only([each["region"] for each in found]) or template.region,
        address=f"{path}: {address}",
    )
    return _known(path, address, identity, policy_name, text)


def _known(path: Path, address: str, identity: Identity, policy_name: str, text: str) -> PlannedPolicy:
    """The policy with the identity's ARN for a resource that only the deployment knows."""
    if unknown_names(text):
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if document is None:
            names = ", ".join(unknown_names(text))
            return _unknown(path, address, f"its text is known to the deployment only ({names})")
        statements = document.get("Statement")
        for statement in statements if isinstance(statements, list) else [statements]:
            if isinstance(statement, dict) and "Resource" in statement:
                resource = statement["Resource"]
                several = isinstance(resource, list)
                made = [with_identity(str(each), identity.arn) for each in (resource if several else [resource])]
                statement["Resource"] = made if several else made[0]
        text = json.dumps(document, ensure_ascii=False)
        if unknown_names(text):
            names = ", ".join(unknown_names(text))
            return _unknown(path, address, f"a part of its text is known to the deployment only ({names})")
    return PlannedPolicy(address, policy_name, identity, GIVEN, text=text, where=Where(str(path)))


def _unknown(path: Path, address: str, why: str) -> PlannedPolicy:
    why = f"{why}; write the identity's ARN and the principals with values that the template holds"
    return PlannedPolicy(address, "", None, GIVEN, unknown=why, where=Where(str(path)))


def _first(values: Any, names: tuple[str, ...]) -> str:
    if not isinstance(values, dict):
        return ""
    return next((str(values[name]) for name in names if isinstance(values.get(name), str)), "")
