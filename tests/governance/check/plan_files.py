"""Plans and templates as Terraform and CDK write them, and their verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.governance.check import Checked, Verdict, check
from sesreport.governance.check.output import Told
from sesreport.governance.check.planned import Asked
from sesreport.settings.config import Config

TODAY = date(2026, 11, 30)
OWN, VENDOR, STRANGER = "210000000001", "310000000001", "420000000001"
REGION = "eu-west-1"
ARN = f"arn:aws:ses:{REGION}:{OWN}:identity/example.com"
ASKED = Asked(OWN, REGION)
V2, V1 = "aws_sesv2_email_identity_policy", "aws_ses_identity_policy"
DOCUMENT = "aws_iam_policy_document"


def statement(principal: Any = "*", **elements: Any) -> dict[str, Any]:
    """An Allow to send; an account id or an ARN stands under AWS."""
    named = principal if principal == "*" or isinstance(principal, dict) else {"AWS": principal}
    return {"Effect": "Allow", "Principal": named, "Action": "ses:SendEmail", "Resource": ARN, **elements}


def policy(principal: Any = "*", **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement(principal, **elements)]})


OPEN, OWN_ONLY, OUTSIDE = policy("*"), policy(OWN), policy(STRANGER)
DENY = policy("*", Effect="Deny")


def change(
    after: Mapping[str, Any] | str | None = OPEN,
    *,
    actions: list[str] | None = None,
    before: Mapping[str, Any] | str | None = None,
    address: str = f"{V2}.p",
    unknown: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """A change of a policy resource; a text is the policy ``p`` of example.com."""
    kind = without_module(address).split(".")[0]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": without_module(address).split(".")[1].partition("[")[0],
        "change": {
            "actions": actions or (["create"] if before is None else ["update"] if after is not None else ["delete"]),
            "before": _values(before, kind),
            "after": _values(after, kind),
            "after_unknown": unknown if unknown is not None else {"id": True},
            "after_sensitive": more.pop("sensitive", {}),
        },
        **more,
    }


def document(
    *statements: Mapping[str, Any], address: str = f"data.{DOCUMENT}.d", unknown: Any = None, **after: Any
) -> dict[str, Any]:
    """A policy document that is read when the plan is applied; each resource is unknown unless it is given."""
    made = [{"effect": None, "sid": None, "resources": [None], **each} for each in statements]
    marks = [{"resources": [each is None for each in one["resources"]]} for one in made]
    return {
        "address": address,
        "module_address": address.rpartition(".data.")[0],
        "mode": "data",
        "type": DOCUMENT,
        "name": "d",
        "change": {
            "actions": ["read"],
            "before": None,
            "after": {"statement": made, "version": None, **after},
            "after_unknown": {"id": True, "json": True, "statement": marks, **(unknown or {})},
            "after_sensitive": {},
        },
    }


def sends(*identifiers: str, kind: str = "AWS", **more: Any) -> dict[str, Any]:
    """A statement block of a policy document."""
    block = {"type": kind, "identifiers": list(identifiers)}
    return {"actions": ["ses:SendEmail"], "principals": [block], **more}


LATER = {"email_identity": "example.com", "policy_name": "p"}
UNKNOWN = {"id": True, "policy": True}


def configured(*references: str, address: str = f"{V2}.p", argument: str = "policy") -> dict[str, Any]:
    """A resource of the configuration whose argument refers to others."""
    return {"address": address, "expressions": {argument: {"references": list(references)}}}


READS_DOCUMENT = configured(f"data.{DOCUMENT}.d.json", f"data.{DOCUMENT}.d")


def plan(*changes: Mapping[str, Any], resources: Any = (), modules: Any = None, **more: Any) -> dict[str, Any]:
    root = {"resources": list(resources), **({"module_calls": modules} if modules else {})}
    configuration = {"root_module": root, "provider_config": more.pop("providers", {})}
    return {
        "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": list(changes),
        "configuration": configuration, **more,
    }  # fmt: skip


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def own(properties: Any, kind: str = "Custom::SesIdentityPolicy") -> dict[str, Any]:
    """A custom resource of a team's own."""
    return {"Type": kind, "Properties": properties}


def written(folder: Path, content: Any, name: str = "plan.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def checked(folder: Path, content: Any, *, asked: Asked = ASKED, config: Config | None = None, **how: Any) -> Checked:
    """The verdicts on a file with this content; an error of the file is raised."""
    files, errors = check([written(folder, content)], config or Config(), today=TODAY, asked=asked, **how)
    if errors:
        raise errors[0]
    return files[0]


def only(file: Checked) -> Verdict:
    (verdict,) = file.verdicts
    return verdict


def fired(file: Checked) -> set[str]:
    """The rules that fired."""
    return {finding.rule_id for _, finding in file.findings}


def exit_code(*files: Checked, errors: list[ConfigError] | None = None, fail_on: str = "high") -> int:
    return Told(files, errors or [], fail_on).exit_code


def without_module(address: str) -> str:
    parts = address.split(".")
    while parts[0] == "module":
        parts = parts[2:]
    return ".".join(parts)


def _values(given: Mapping[str, Any] | str | None, kind: str) -> Mapping[str, Any] | None:
    if not isinstance(given, str):
        return given
    names = ("identity", "name") if kind == V1 else ("email_identity", "policy_name")
    return {names[0]: "example.com", names[1]: "p", "policy": given}
