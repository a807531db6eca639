"""Terraform and OpenTofu plans, as ``terraform show -json`` prints them.

Facts: Terraform documentation, "JSON Output Format" (format_version, resource_changes, after_unknown). Only
``resource_changes`` is judged: what a plan says of other resources is not what it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.governance.check.custom_resources import policies_of_text
from sesreport.governance.check.planned import (
    CREATE,
    DELETE,
    REPLACE,
    UNCHANGED,
    UPDATE,
    Asked,
    Planned,
    PlannedPolicy,
    Where,
    identity_arns,
    identity_at,
    only,
    place_of_text,
    plan_format,
)
from sesreport.governance.check.policy_json import documents, of_identity
from sesreport.governance.check.terraform_config import Configuration, Reference, without_indexes
from sesreport.governance.check.terraform_documents import TYPE as DOCUMENT
from sesreport.governance.check.terraform_documents import UndecidableError, document_text
from sesreport.governance.check.terraform_source import TerraformSource
from sesreport.policy import Identity

ARGUMENTS = {
    "aws_sesv2_email_identity_policy": ("email_identity", "policy_name"),
    "aws_ses_identity_policy": ("identity", "name"),
}
"""Arguments that name the identity and the policy, by type of resource."""
NAMES = ("email_identity", "domain", "email")
"""Arguments of identities that hold their name."""
_DOCUMENT = re.compile(rf"data\.{DOCUMENT}\.[A-Za-z0-9_-]+(\[[^\]]*\])?(\.(minified_)?json)?\Z")
STACKS = ("aws_cloudformation_stack", "aws_cloudformation_stack_set", "awscc_cloudformation_stack")
"""Types whose ``template_body`` is a template."""
PUT_IT = f"Put it with {' or '.join(ARGUMENTS)}."
KNOWN_TEXT = (
    f"Write it as data.{DOCUMENT}, or with the identity's ARN put together from names that are known "
    "(account, Region, domain)."
)
NOT_PUT = ("aws_vpc_endpoint", "aws_vpc_endpoint_policy", "aws_ssm_parameter", "aws_s3_object", "local_file")
"""Types that hold such policies and put them on no identity."""
_HOLDS_ONE = re.compile(r"statement|identity.?policy", re.IGNORECASE)
_SES = re.compile(r"[a-z]+_ses(v2)?_")
_LOOKS_LIKE_ONE = re.compile(r"ses(v2)?_.*identity_policy\Z")
MAJOR = 1


def is_plan(content: Any) -> bool:
    """Whether parsed JSON is a plan, of whatever version."""
    return (
        isinstance(content, dict)
        and "format_version" in content
        and bool({"resource_changes", "planned_values", "configuration", "output_changes"} & set(content))
    )


@plan_format(name="Terraform plan (terraform show -json)", recognize=is_plan)
def read_plan(path: Path, content: Any, asked: Asked) -> Planned:
    """Every identity policy of the plan, those that are deleted or stay as they are included."""
    version = str(content["format_version"])
    if version.partition(".")[0] != str(MAJOR):
        raise ConfigError(
            f"{path}: is a plan of format version {version!r:.40}; this release reads {MAJOR}.x, so it was not judged"
        )
    if content.get("errored"):
        raise ConfigError(f"{path}: is the plan of a run that failed: it is not all that would be done; plan again")
    plan = _Plan(path, content, asked)
    return Planned(path, "Terraform plan", tuple(plan.policies()), tuple(plan.notes()))


class _Plan:
    """A plan and what can be looked up in it."""

    def __init__(self, path: Path, content: dict[str, Any], asked: Asked) -> None:
        self._path, self._asked, self._content = path, asked, content
        self._files = TerraformSource()
        self._configuration = Configuration(content.get("configuration"), _object(content.get("variables")))
        self._changes = _changes(path, content)
        self._by_configuration: dict[str, list[dict[str, Any]]] = {}
        for change in self._changes:
            self._by_configuration.setdefault(without_indexes(str(change.get("address"))), []).append(change)
        self._arns = self._known_arns()

    def policies(self) -> Iterator[PlannedPolicy]:
        for change in self._changes:
            kind = str(change.get("type"))
            if change.get("mode") == "data":
                continue
            if _LOOKS_LIKE_ONE.search(kind):
                yield from self._policies_of(change, kind)
            else:
                yield from self._held(change, kind)
        for each in _list(self._content, "deferred_changes"):
            deferred = _object(each.get("resource_change")) if isinstance(each, dict) else {}
            if _LOOKS_LIKE_ONE.search(str(deferred.get("type"))):
                address = str(deferred.get("address"))
                yield PlannedPolicy(
                    address, "", None, CREATE, unknown="the plan defers it to a later run",
                    remedy="Plan again when this run has been applied.", where=self._where(address),
                )  # fmt: skip
        for address in self._configuration.putting_by_command():
            yield PlannedPolicy(
                address, "", None, UPDATE, unknown="a provisioner puts an identity policy by a command",
                remedy=PUT_IT, where=self._where(address),
            )  # fmt: skip

    def notes(self) -> Iterator[str]:
        for change in _list(self._content, "resource_drift"):
            if isinstance(change, dict) and _LOOKS_LIKE_ONE.search(str(change.get("type"))):
                yield f"{change.get('address')} was changed outside Terraform since the last run"
        if self._content.get("complete") is False:
            yield "the plan is not complete: what it defers is not in it"
        for change in self._changes:
            if str(change.get("type")) in STACKS and _action(_object(change.get("change")).get("actions")) != UNCHANGED:
                after = _object(_object(change.get("change")).get("after"))
                if not isinstance(after.get("template_body"), str):
                    yield f"{change.get('address')}: its template is not in the plan; check the template as well"

    def _policies_of(self, change: dict[str, Any], kind: str) -> Iterator[PlannedPolicy]:
        """The policy of a resource as it will be, and the one whose place it leaves."""
        what = _object(change.get("change"))
        now = self._policy(change, kind)
        yield now
        actions = what.get("actions")
        stays = isinstance(actions, list) and "forget" in actions  # Terraform forgets it, AWS does not
        if now.action not in (UPDATE, REPLACE) or kind not in ARGUMENTS:
            return
        old = self._policy({**change, "change": {**what, "actions": ["forget" if stays else "delete"]}}, kind)
        if old.identity is not None and (old.identity, old.policy_name) != (now.identity, now.policy_name):
            yield old

    def _policy(self, change: dict[str, Any], kind: str) -> PlannedPolicy:
        address, what = str(change.get("address")), _object(change.get("change"))
        action = _action(what.get("actions"))
        where = self._where(address)
        before, after = _object(what.get("before")), _known(what)
        if kind not in ARGUMENTS:
            why, remedy = f"resources of type {kind} are not known to this release", f"Update sesreport. {PUT_IT}"
            return PlannedPolicy(address, "", None, action, unknown=why, remedy=remedy, where=where)
        identity_argument, name_argument = ARGUMENTS[kind]
        stays = before if action == DELETE or what.get("actions") == ["forget"] else after
        name = str(stays.get(name_argument) or before.get(name_argument) or address)
        text = _text(stays.get("policy"))
        was = _text(before.get("policy"))
        try:
            identity = self._identity(change, stays, identity_argument, text)
        except UndecidableError as error:
            return PlannedPolicy(
                address, name, None, action, before=was, unknown=str(error), remedy=error.remedy, where=where
            )
        except ConfigError:
            if action != DELETE:
                raise
            return PlannedPolicy(address, name, None, action, before=was, where=where)
        if action == DELETE:
            return PlannedPolicy(address, name, identity, action, before=was, where=where)
        unknown, remedy, sensitive = "", "", _sensitive(what, "policy")
        if text is None:
            try:
                text, sensitive = self._rebuilt(address, identity)
            except UndecidableError as error:
                unknown, remedy = str(error), error.remedy
        return PlannedPolicy(address, name, identity, action, text, was, unknown, remedy, where, sensitive)

    def _held(self, change: dict[str, Any], kind: str) -> Iterator[PlannedPolicy]:
        """Identity policies that a resource of another type holds: a stack's template, a function's input."""
        what = _object(change.get("change"))
        address, action = str(change.get("address")), _action(what.get("actions"))
        after = what.get("after")
        if action in (DELETE, UNCHANGED) or kind in NOT_PUT or not isinstance(after, dict):
            return
        if not _HOLDS_ONE.search(json.dumps(after, ensure_ascii=False)):
            return
        where = self._where(address)
        template = after.get("template_body")
        if kind in STACKS and isinstance(template, str):
            for policy in policies_of_text(template, self._path, self._asked):
                yield replace(policy, address=f"{address}: {policy.address}", action=action, where=where)
            return
        for document in documents(after):
            if not of_identity(document):
                continue
            text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
            place = place_of_text(text)
            if place is None:
                why = "it holds an identity policy that does not name its identity"
                yield PlannedPolicy(address, "", None, action, unknown=why, remedy=PUT_IT, where=where)
            else:
                yield PlannedPolicy(
                    address,
                    address,
                    place,
                    action,
                    text,
                    where=where,
                    sensitive=bool(_any(what.get("after_sensitive"))),
                )

    def _known_arns(self) -> dict[str, list[re.Match[str]]]:
        """ARNs that providers made, by provider: those in policies are what their authors wrote."""
        out: dict[str, list[re.Match[str]]] = {}
        for change in self._changes:
            if not _SES.match(str(change.get("type"))) or _LOOKS_LIKE_ONE.search(str(change.get("type"))):
                continue
            what = _object(change.get("change"))
            arns = [_object(what.get(side)).get("arn") for side in ("before", "after")]
            provider = self._configuration.provider_key(str(change.get("address")))
            out.setdefault(provider, []).extend(found for arn in arns for found in identity_arns(str(arn)))
        return out

    def _identity(self, change: dict[str, Any], values: dict[str, Any], argument: str, text: str | None) -> Identity:
        """Whose policy it is. Raises UndecidableError where the plan does not say, ConfigError without its place.

        What a provider or the settings of one say counts before the ARN that the policy itself names.
        """
        address = str(change.get("address"))
        name = values.get(argument) or self._named_by(address, argument)
        if not isinstance(name, str) or not name:
            raise UndecidableError(
                "whose policy it is, is known after apply only", f"Write {argument} as a name that is known."
            )
        made = self._arns.get(self._configuration.provider_key(address), [])
        same = [found for found in made if found["name"] == name]
        written = place_of_text(text or "")
        return identity_at(
            name,
            partition=_first(same, made, part="partition") or (written.arn.split(":")[1] if written else "aws"),
            account=_first(same, part="account")
            or self._configuration.account(address)
            or (written.account if written else "")
            or _first(made, part="account")
            or self._asked.account,
            region=_first(same, part="region")
            or str(values.get("region") or "")
            or self._configuration.region(address)
            or (written.region if written else "")
            or _first(made, part="region")
            or self._asked.region,
            address=f"{self._path}: {address}",
        )

    def _named_by(self, address: str, argument: str) -> str:
        """The name of the identity that an argument refers to."""
        references = self._configuration.references(address, argument)
        found = [self._referred(address, reference) for reference in references]
        names = [_object(_object(one.get("change")).get("after")) for one in found if one is not None]
        return only([str(values.get(key) or "") for values in names for key in NAMES]) if len(names) == 1 else ""

    def _rebuilt(self, address: str, identity: Identity) -> tuple[str, bool]:
        """The text of a policy that is known after apply only, by its policy document, and whether it is sensitive."""
        every = self._configuration.references(address, "policy")
        references = [each for each in every if each.text not in ("each.key", "count.index")]
        if len(references) != 1 or not _DOCUMENT.match(references[0].text):
            because = ", ".join(reference.text for reference in every)
            raise UndecidableError(
                f"its text is known after apply only{because and f' because of {because}'}", KNOWN_TEXT
            )
        if not self._handed_on(address):
            raise UndecidableError(
                f"its text is made from {references[0].text} by more than handing it on",
                f"Write policy = {references[0].text}.",
            )
        document = self._referred(address, references[0])
        if document is None:
            raise UndecidableError(
                f"which {references[0].text} it is, cannot be told from the plan",
                "Give the policies and the documents the same keys of for_each or count.",
            )
        change = _object(document.get("change"))
        return document_text(change, identity.arn), _any(change.get("after_sensitive"))

    def _handed_on(self, address: str) -> bool:
        """Whether the policy is the document itself, as far as the .tf files are at hand: a plan does not say."""
        source = self._source(address)
        return source is None or self._files.handed_on(without_indexes(address), source, "policy")

    def _referred(self, address: str, reference: Reference) -> dict[str, Any] | None:
        """The planned resource that a reference means; None where it is not in the plan, or several may be meant.

        Of several instances it is the one with the index in the reference. Without one, a plan does not say how the
        index is made; it is that of the resource where both have the same indexes, so that each is judged.
        """
        parts = re.match(
            r"((?:data\.)?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)(\[(?:[0-9]+|\"(?:[^\"\\]|\\.)*\")\])?", reference.text
        )
        if parts is None:
            return None
        inside = f"{reference.module}.{parts[1]}" if reference.module else parts[1]
        found = {
            _index(each): each
            for each in self._by_configuration.get(inside, [])
            if _is_in(address, str(each.get("module_address") or ""))
        }
        if parts[2]:
            return found.get(parts[2])
        if len(found) > 1:
            own = _index({"address": address})
            alike = [
                _index(each)
                for each in self._by_configuration.get(without_indexes(address), [])
                if str(each.get("module_address") or "") == _module(address)
            ]
            return found.get(own) if sorted(alike) == sorted(found) else None
        return next(iter(found.values()), None)

    def _source(self, address: str) -> Path | None:
        """The folder with the .tf files of a resource: beside the plan, or where the command runs."""
        plain = without_indexes(address)
        source = self._configuration.source(re.sub(r"\.?(data\.)?[^.]+\.[^.]+\Z", "", plain))
        folders = [self._path.parent / source, Path(source)] if source is not None else []
        return next((folder for folder in folders if self._files.block_of(plain, folder) is not None), None)

    def _where(self, address: str) -> Where | None:
        source = self._source(address)
        return self._files.block_of(without_indexes(address), source) if source is not None else None


def _changes(path: Path, content: dict[str, Any]) -> list[dict[str, Any]]:
    """What the plan changes, and policies that it holds and does not change."""
    changes = content.get("resource_changes", [])
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise ConfigError(f"{path}: its resource_changes are no list of objects, so it was not judged")
    listed = {str(change.get("address")) for change in changes}
    held = _planned(_object(content.get("planned_values")).get("root_module"))
    return [
        *changes,
        *(
            {**each, "change": {"actions": ["no-op"], "before": each.get("values"), "after": each.get("values")}}
            for each in held
            if _LOOKS_LIKE_ONE.search(str(each.get("type"))) and str(each.get("address")) not in listed
        ),
    ]


def _planned(module: Any) -> Iterator[dict[str, Any]]:
    module = _object(module)
    yield from (each for each in _list(module, "resources") if isinstance(each, dict))
    for child in _list(module, "child_modules"):
        yield from _planned(child)


def _index(change: dict[str, Any]) -> str:
    """The index of an instance as its address ends with it; empty for a resource without count and for_each."""
    found = re.search(r"\[(?:[0-9]+|\"(?:[^\"\\]|\\.)*\")\]\Z", str(change.get("address")))
    return found[0] if found else ""


def _module(address: str) -> str:
    """The module of a managed resource, with its indexes."""
    bare = address.removesuffix(_index({"address": address}))
    return re.sub(r"\.?[^.]+\.[^.]+\Z", "", bare)


def _is_in(address: str, module: str) -> bool:
    return not module or address.startswith(f"{module}.")


def _first(*groups: list[re.Match[str]], part: str) -> str:
    """The part of the ARNs of the first group in which all that have one have the same."""
    return next((value for group in groups if (value := only([found[part] for found in group]))), "")


def _action(actions: Any) -> str:
    """One word for a plan's list of actions; an unknown list counts as a change."""
    named = tuple(actions) if isinstance(actions, list) else ()
    known = {
        ("no-op",): UNCHANGED, ("read",): UNCHANGED, ("forget",): UNCHANGED, ("create",): CREATE, ("update",): UPDATE,
        ("delete",): DELETE, ("delete", "create"): REPLACE, ("create", "delete"): REPLACE,
        ("create", "forget"): REPLACE,
    }  # fmt: skip
    return known.get(named, UPDATE)


def _known(what: dict[str, Any]) -> dict[str, Any]:
    """The values after the change without those that are known after apply only."""
    unknown = _object(what.get("after_unknown"))
    return {name: value for name, value in _object(what.get("after")).items() if unknown.get(name) is not True}


def _sensitive(what: dict[str, Any], name: str) -> bool:
    sides = [what.get("before_sensitive"), what.get("after_sensitive")]
    return any(marked is True or _object(marked).get(name) is True for marked in sides)


def _any(marks: Any) -> bool:
    """Whether anything is marked."""
    if isinstance(marks, dict):
        return any(map(_any, marks.values()))
    if isinstance(marks, list):
        return any(map(_any, marks))
    return marks is True


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(content: dict[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    return value if isinstance(value, list) else []
