"""Terraform and OpenTofu plans, as ``terraform show -json`` prints them.

Facts: Terraform documentation, "JSON Output Format" (format_version, resource_changes, after_unknown). Only
``resource_changes`` is judged: what a plan says of other resources is not what it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
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
    plan_format,
)
from sesreport.governance.check.terraform_config import Configuration, Reference, without_indexes
from sesreport.governance.check.terraform_documents import TYPE as DOCUMENT
from sesreport.governance.check.terraform_documents import UndecidableError, document_text
from sesreport.governance.check.terraform_source import block_of
from sesreport.policy import Identity

ARGUMENTS = {
    "aws_sesv2_email_identity_policy": ("email_identity", "policy_name"),
    "aws_ses_identity_policy": ("identity", "name"),
}
"""Arguments that name the identity and the policy, by type of resource."""
NAMES = ("email_identity", "domain", "email")
"""Arguments of identities that hold their name."""
_DOCUMENT = re.compile(rf"data\.{DOCUMENT}\.[A-Za-z0-9_-]+(\[[^\]]*\])?(\.(minified_)?json)?\Z")
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
        self._path, self._content, self._asked = path, content, asked
        self._configuration = Configuration(content.get("configuration"))
        self._changes = [change for change in _list(content, "resource_changes") if isinstance(change, dict)]
        self._by_address = {str(change.get("address")): change for change in self._changes}
        self._by_configuration: dict[str, list[dict[str, Any]]] = {}
        for change in self._changes:
            self._by_configuration.setdefault(without_indexes(str(change.get("address"))), []).append(change)
        self._arns = list(identity_arns(json.dumps([change.get("change") for change in self._changes if _ses(change)])))

    def policies(self) -> Iterator[PlannedPolicy]:
        for change in self._changes:
            kind = str(change.get("type"))
            if change.get("mode", "managed") == "managed" and _LOOKS_LIKE_ONE.search(kind):
                yield self._policy(change, kind)
        for each in _list(self._content, "deferred_changes"):
            change = each.get("resource_change") if isinstance(each, dict) else None
            if isinstance(change, dict) and _LOOKS_LIKE_ONE.search(str(change.get("type"))):
                address = str(change.get("address"))
                why = "the plan defers it to a later run; plan again when this one has been applied"
                yield PlannedPolicy(address, "", None, CREATE, unknown=why, where=self._where(address))

    def notes(self) -> Iterator[str]:
        for change in _list(self._content, "resource_drift"):
            if isinstance(change, dict) and _LOOKS_LIKE_ONE.search(str(change.get("type"))):
                yield f"{change.get('address')} was changed outside Terraform since the last run"
        if self._content.get("complete") is False:
            yield "the plan is not complete: what it defers is not in it"

    def _policy(self, change: dict[str, Any], kind: str) -> PlannedPolicy:
        address, what = str(change.get("address")), _object(change.get("change"))
        action = _action(what.get("actions"))
        where = self._where(address)
        before, after = _object(what.get("before")), _object(what.get("after"))
        if kind not in ARGUMENTS:
            why = f"resources of type {kind} are not known to this release; update sesreport"
            return PlannedPolicy(address, "", None, action, unknown=why, where=where)
        identity_argument, name_argument = ARGUMENTS[kind]
        stays = before if action == DELETE or "forget" in (what.get("actions") or []) else after
        name = str(stays.get(name_argument) or before.get(name_argument) or address)
        text = _text(stays.get("policy"))
        was = _text(before.get("policy"))
        try:
            identity = self._identity(address, stays, identity_argument, text)
        except UndecidableError as error:
            return PlannedPolicy(address, name, None, action, before=was, unknown=str(error), where=where)
        except ConfigError:
            if action != DELETE:
                raise
            return PlannedPolicy(address, name, None, action, before=was, where=where)
        if action == DELETE:
            return PlannedPolicy(address, name, identity, action, before=was, where=where)
        unknown = ""
        if text is None:
            try:
                text = self._rebuilt(address, identity)
            except UndecidableError as error:
                unknown = str(error)
        else:
            text = _with_own_arn(text, identity)
        sensitive = _object(what.get("after_sensitive")).get("policy") is True
        return PlannedPolicy(address, name, identity, action, text, was, unknown, where, sensitive)

    def _identity(self, address: str, values: dict[str, Any], argument: str, text: str | None) -> Identity:
        """Whose policy it is. Raises UndecidableError where the plan does not say, ConfigError without its place."""
        name = values.get(argument) or self._named_by(address, argument)
        if not name:
            raise UndecidableError(
                f"whose policy it is, is known after apply only; write {argument} as a name that is known"
            )
        same = [found for found in self._arns if found["name"] == name]
        own = [found for found in identity_arns(text or "") if found["name"] == name]
        return identity_at(
            str(name),
            partition=_first(own, same, self._arns, part="partition") or "aws",
            account=_first(own, same, part="account")
            or self._configuration.account(address)
            or _first(self._arns, part="account")
            or self._asked.account,
            region=_first(own, part="region")
            or str(values.get("region") or "")
            or self._configuration.region(address)
            or _first(same, self._arns, part="region")
            or self._asked.region,
            address=f"{self._path}: {address}",
        )

    def _named_by(self, address: str, argument: str) -> str:
        """The name of the identity that an argument refers to."""
        references = self._configuration.references(address, argument)
        found = [self._referred(address, reference) for reference in references]
        names = [_object(_object(one.get("change")).get("after")) for one in found if one is not None]
        return only([str(values.get(key) or "") for values in names for key in NAMES]) if len(names) == 1 else ""

    def _rebuilt(self, address: str, identity: Identity) -> str:
        """The text of a policy that is known after apply only, from its policy document."""
        every = self._configuration.references(address, "policy")
        references = [each for each in every if not each.text.startswith(("each.", "count."))]
        if len(references) != 1 or not _DOCUMENT.match(references[0].text):
            raise UndecidableError(_how_to_decide([reference.text for reference in every]))
        document = self._referred(address, references[0])
        if document is None:
            raise UndecidableError(f"which {references[0].text} it is, cannot be told from the plan")
        return document_text(_object(document.get("change")), identity.arn)

    def _referred(self, address: str, reference: Reference) -> dict[str, Any] | None:
        """The planned resource that a reference means; None where it is not in the plan, or several may be meant.

        Of several instances it is the one with the index in the reference, else with that of the resource itself.
        """
        parts = re.match(r"((?:data\.)?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)(\[[^\]]*\])?", reference.text)
        if parts is None:
            return None
        inside = f"{reference.module}.{parts[1]}" if reference.module else parts[1]
        found = [
            change
            for change in self._by_configuration.get(inside, [])
            if address.startswith(str(change.get("module_address") or ""))
        ]
        if len(found) > 1:
            index = parts[2] or (address[address.rfind("[") :] if address.endswith("]") else "[]")
            found = [change for change in found if str(change.get("address")).endswith(index)]
        return found[0] if len(found) == 1 else None

    def _where(self, address: str) -> Where | None:
        plain = without_indexes(address)
        source = self._configuration.source(re.sub(r"\.?(data\.)?[^.]+\.[^.]+\Z", "", plain))
        if source is None:
            return None
        return block_of(plain, self._path.parent / source) or block_of(plain, Path(source))


def _first(*groups: list[re.Match[str]], part: str) -> str:
    """The part of the ARNs of the first group in which all that have one have the same."""
    return next((value for group in groups if (value := only([found[part] for found in group]))), "")


def _with_own_arn(text: str, identity: Identity) -> str:
    """The text with the identity's ARN as it will be, where the provider wrote it without an account id.

    A provider that is told to skip the account id makes such ARNs; read as they are, they would match nothing.
    """
    short = identity.arn.replace(f":{identity.account}:", "::")
    return text.replace(f'"{short}"', f'"{identity.arn}"')


def _how_to_decide(references: list[str]) -> str:
    because = f" because of {', '.join(references)}" if references else ""
    return (
        f"its text is known after apply only{because}; write it as data.{DOCUMENT}, or with the identity's ARN put "
        "together from names that are known"
    )


def _action(actions: Any) -> str:
    """One word for a plan's list of actions; an unknown list counts as a change."""
    named = tuple(actions) if isinstance(actions, list) else ()
    known = {
        ("no-op",): UNCHANGED, ("read",): UNCHANGED, ("forget",): UNCHANGED, ("create",): CREATE, ("update",): UPDATE,
        ("delete",): DELETE, ("delete", "create"): REPLACE, ("create", "delete"): REPLACE,
    }  # fmt: skip
    return known.get(named, UPDATE)


def _ses(change: dict[str, Any]) -> bool:
    return "_ses" in str(change.get("type"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(content: dict[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    return value if isinstance(value, list) else []
