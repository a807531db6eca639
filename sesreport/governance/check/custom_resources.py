"""Identity policies that custom resources of a CloudFormation template put.

CloudFormation has no property for identity policies, so that each team puts them with a custom resource: CDK's
AwsCustomResource, whose calls are JSON texts with the policy encoded once more, or one of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from sesreport.governance.check.intrinsics import Template, unknown_names, with_identity
from sesreport.governance.check.planned import (
    GIVEN,
    Asked,
    PlannedPolicy,
    Where,
    identity_arns,
    identity_at,
    only,
    place_of_text,
)
from sesreport.governance.check.policy_json import documents, of_identity, read_json, statements
from sesreport.policy import Identity

_PUTS = re.compile(r"((create|update)EmailIdentityPolicy|putIdentityPolicy)(Command)?", re.IGNORECASE)
_MAY_PUT = re.compile(r"(create|update)-?email-?identity-?policy|put-?identity-?policy", re.IGNORECASE)
_CALLS = ("Create", "Update", "Delete")
"""Properties of an AwsCustomResource that hold a call."""
_NAMES_IDENTITY = ("EmailIdentity", "emailIdentity", "Identity", "identity", "IdentityName", "Domain", "domain")
_NAMES_POLICY = ("PolicyName", "policyName", "Name", "name")
_OF_SES = re.compile(
    r"(?<![A-Za-z])(?i:ses)(?i:v2)?(?![a-z])|Ses(?:[Vv]2)?(?![a-z])|(?i:email.?identit|identity.?polic|sending.?auth)"
)
"""In the names of a custom resource: it is about Amazon SES."""
_OF_POLICY = re.compile(r"polic|statement|document|principal|authori[sz]", re.IGNORECASE)
MOST_CONDITIONS = 4
"""Conditions of one resource that are tried both ways; with more, what depends on them is not known."""
_LOOP = "Fn::ForEach::"


def policies_of_text(text: str, path: Path, asked: Asked) -> Iterator[PlannedPolicy]:
    """The policies of a template that another file holds as a text."""
    try:
        content = read_json(text)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("Resources"), dict):
        yield from policies_of(Template(content, asked.account, asked.region), path, asked)
    elif _MAY_PUT.search(text):
        why, remedy = "its template puts an identity policy and is not JSON", "Give the template as JSON."
        yield PlannedPolicy("template", "", None, GIVEN, unknown=why, remedy=remedy, where=Where(str(path)))


def policies_of(template: Template, path: Path, asked: Asked) -> Iterator[PlannedPolicy]:
    """The policies that a template puts, whichever way its conditions turn out."""
    for name, resource in template.content["Resources"].items():
        if name.startswith(_LOOP):
            yield from _looped(name, resource, template, path)
        elif isinstance(resource, dict):
            yield from _of_resource(name, resource, template, path, asked)


def _of_resource(
    name: str, resource: dict[str, Any], template: Template, path: Path, asked: Asked
) -> Iterator[PlannedPolicy]:
    kind = str(resource.get("Type"))
    raw = resource.get("Properties")
    custom = kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"
    if not custom and kind != "AWS::CloudFormation::StackSet":
        return
    seen = set()
    for each in _variants(template, raw):
        properties = each.resolved(raw if isinstance(raw, dict) else {})
        if not custom:
            body = properties.get("TemplateBody") if isinstance(properties, dict) else None
            found = policies_of_text(body, path, asked) if isinstance(body, str) else iter(())
            found = (replace(policy, address=f"{name}: {policy.address}") for policy in found)
        else:
            found = _put(path, name, kind, properties, each)
        for policy in found:
            key = (policy.address, policy.identity, policy.policy_name, policy.text, policy.unknown)
            if key not in seen:
                seen.add(key)
                yield policy


def _looped(name: str, loop: Any, template: Template, path: Path) -> Iterator[PlannedPolicy]:
    """One that cannot be judged for each resource of a loop that puts policies: its values differ from turn to turn."""
    fragment = loop[2] if isinstance(loop, list) and len(loop) == 3 and isinstance(loop[2], dict) else {}
    for inner, resource in fragment.items():
        if isinstance(resource, dict) and any(_of_resource(inner, resource, template, path, Asked())):
            yield _unknown(path, inner, f"it is made in the loop {name}")


def _variants(template: Template, raw: Any) -> Iterator[Template]:
    """The template with each way in which the conditions that a resource uses may turn out."""
    names = sorted(_conditions(raw))
    if len(names) > MOST_CONDITIONS:
        names = []
    for turned in product((True, False), repeat=len(names)):
        yield replace(template, conditions=dict(zip(names, turned, strict=True)))


def _conditions(value: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(value, dict):
        chosen = value.get("Fn::If")
        if isinstance(chosen, list) and chosen and isinstance(chosen[0], str):
            found.add(chosen[0])
        value = list(value.values())
    return found.union(*map(_conditions, value)) if isinstance(value, list) else found


def _put(path: Path, name: str, kind: str, properties: Any, template: Template) -> Iterator[PlannedPolicy]:
    """The policies that one custom resource puts."""
    if not isinstance(properties, dict):
        if _OF_SES.search(kind):
            yield _unknown(path, name, "its properties are known to the deployment only")
        return
    calls = [event for event in _CALLS if _is_call(properties.get(event), kind)]
    put = [policy for event in calls for policy in _of_call(path, name, event, properties[event], template)]
    yield from put
    if kind == "Custom::AWS":
        return
    others = {key: value for key, value in properties.items() if key not in calls}
    related, judged = _is_of_ses(kind, properties), bool(put)
    for document in documents(others):
        if of_identity(document, related=related):
            judged = True
            yield _policy(path, name, _first(properties, _NAMES_IDENTITY), _first(properties, _NAMES_POLICY) or name,
                          document, template)  # fmt: skip
    if related and not judged and (_OF_POLICY.search(kind) or _unknown_policy(properties)):
        yield _unknown(path, name, "the policy that it puts is not written in the template")


def _is_of_ses(kind: str, properties: dict[str, Any]) -> bool:
    """Whether the names of a custom resource are about Amazon SES, or its identity is a domain or an address."""
    named = any(re.search(r"[@.]", _first(properties, (name,))) for name in _NAMES_IDENTITY if "dentity" in name)
    return named or bool(_OF_SES.search(" ".join([kind, json.dumps(properties.get("ServiceToken")), *properties])))


def _unknown_policy(properties: dict[str, Any]) -> bool:
    """Whether what may be a policy is known to the deployment only."""
    return any(_OF_POLICY.search(key) and unknown_names(json.dumps(value, ensure_ascii=False))
               for key, value in properties.items())  # fmt: skip


def _is_call(value: Any, kind: str) -> bool:
    """Whether a property is a call of an AwsCustomResource, whose type may have any name."""
    text = value if isinstance(value, str) else json.dumps(value)
    return value is not None and (kind == "Custom::AWS" or ('"service"' in text and '"action"' in text))


def _of_call(path: Path, name: str, event: str, value: Any, template: Template) -> Iterator[PlannedPolicy]:
    """The policy of a call that puts one; calls of other services are nothing here."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        call = read_json(text)
    except (ValueError, RecursionError):
        call = None
    action = call.get("action") if isinstance(call, dict) else _written(text, "action")
    service = call.get("service") if isinstance(call, dict) else _written(text, "service")
    known = isinstance(action, str) and not unknown_names(action)
    if known and not _PUTS.fullmatch(str(action)):
        return
    if not known and isinstance(service, str) and not unknown_names(service) and not _OF_SES.search(service):
        return
    parameters = call.get("parameters") if isinstance(call, dict) else None
    if not known or not isinstance(parameters, dict):
        yield _unknown(path, name, f"its {event} call is known to the deployment only")
        return
    identity, policy_name = _first(parameters, _NAMES_IDENTITY), _first(parameters, _NAMES_POLICY)
    yield _policy(path, name, identity, policy_name or name, parameters.get("Policy") or parameters.get("policy"),
                  template)  # fmt: skip


def _written(text: str, name: str) -> str | None:
    """The value of a name in JSON that cannot be parsed, since a part of it is not known."""
    found = re.findall(rf'"{name}"\s*:\s*"([^"\\]*)"', text)
    return found[0] if len(found) == 1 else None


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
    written = place_of_text(text)
    identity = identity_at(
        identity_name,
        partition=written.arn.split(":")[1] if written else template.partition,
        account=template.account or (written.account if written else ""),
        region=template.region or (written.region if written else ""),
        address=f"{path}: {address}",
    )
    return _known(path, address, identity, policy_name, text)


def _known(path: Path, address: str, identity: Identity, policy_name: str, text: str) -> PlannedPolicy:
    """The policy with the identity's ARN for a resource that only the deployment knows."""
    if unknown_names(text):
        try:
            document = read_json(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            names = ", ".join(unknown_names(text))
            return _unknown(path, address, f"its text is known to the deployment only ({names})")
        for statement in statements(document):
            if "Resource" in statement and statement.get("Effect") == "Allow":
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
    remedy = "Write the identity's ARN and the principals with values that the template holds."
    return PlannedPolicy(address, "", None, GIVEN, unknown=why, remedy=remedy, where=Where(str(path)))


def _first(values: Any, names: tuple[str, ...]) -> str:
    if not isinstance(values, dict):
        return ""
    return next((str(values[name]) for name in names if isinstance(values.get(name), str)), "")
