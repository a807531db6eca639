"""Policies that ``data.aws_iam_policy_document`` makes, rebuilt while only the identity's ARN is unknown.

Facts: Terraform AWS provider, "Data Source: aws_iam_policy_document"; a plan defers reading it when an argument is
known after apply only, and shows the arguments that are known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

TYPE = "aws_iam_policy_document"


class UndecidableError(ValueError):
    """A policy cannot be judged before it is applied; the text says why, ``remedy`` how it could be."""

    def __init__(self, why: str, remedy: str = "Use values that are known when the plan is made.") -> None:
        super().__init__(why)
        self.remedy = remedy


def document_text(change: Mapping[str, Any], identity_arn: str) -> str:
    """The policy's JSON with the identity's ARN where a resource is unknown.

    A policy on an identity must name that identity, so that the ARN is the only resource that it can get. Raises
    UndecidableError where anything else is unknown.
    """
    after, unknown = change.get("after"), change.get("after_unknown")
    if not isinstance(after, dict):
        raise UndecidableError("its policy document is not known")
    unknown = unknown if isinstance(unknown, dict) else {}
    _check_known(unknown, after)
    statements = [
        _statement(statement, _at(unknown.get("statement"), position), identity_arn)
        for position, statement in enumerate(after.get("statement") or [])
    ]
    sources = _documents(after, "source_json", "source_policy_documents")
    overrides = _documents(after, "override_json", "override_policy_documents")
    own = _merged([*sources, statements])
    version = _version(after)
    made = {"Version": version, "Statement": _merged([own, *overrides])}
    if after.get("policy_id"):
        made["Id"] = after["policy_id"]
    return json.dumps(made)


def _check_known(unknown: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for name in ("source_json", "source_policy_documents", "override_json", "override_policy_documents", "version"):
        if _any(unknown.get(name)):
            raise UndecidableError(f"{name} of its policy document is known after apply only")
    marks, known = unknown.get("statement"), after.get("statement") or []
    if isinstance(marks, list) and len(marks) > len(known):
        raise UndecidableError("the statements of its policy document are known after apply only")
    if unknown.get("statement") is True or (after.get("statement") is None and _any(unknown.get("statement"))):
        raise UndecidableError("the statements of its policy document are known after apply only")


def _statement(statement: Any, unknown: Any, identity_arn: str) -> dict[str, Any]:
    if not isinstance(statement, dict) or unknown is True:
        raise UndecidableError("a statement of its policy document is known after apply only")
    unknown = unknown if isinstance(unknown, dict) else {}
    for name, value in unknown.items():
        if name not in ("resources", "sid") and _any(value):
            raise UndecidableError(f"{name} of a statement of its policy document is known after apply only")
    out: dict[str, Any] = {"Effect": statement.get("effect") or "Allow"}
    if statement.get("sid"):
        out["Sid"] = statement["sid"]
    for name, element in (("actions", "Action"), ("not_actions", "NotAction")):
        if statement.get(name):
            out[element] = statement[name]
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if statement.get(name):
            out[element] = _principals(statement[name])
    for name, element in (("resources", "Resource"), ("not_resources", "NotResource")):
        if name == "resources" and _any(unknown.get(name)) and not isinstance(statement.get(name), list):
            out[element] = [identity_arn]
        elif statement.get(name):
            if name == "not_resources" and None in statement[name]:
                raise UndecidableError("not_resources of its policy document is known after apply only")
            out[element] = [identity_arn if each is None else _with_variables(each) for each in statement[name]]
    if statement.get("condition"):
        out["Condition"] = _conditions(statement["condition"])
    return out


def _principals(blocks: Any) -> Any:
    out: dict[str, list[str]] = {}
    for block in _blocks(blocks):
        identifiers = block.get("identifiers")
        if not block.get("type") or not isinstance(identifiers, list) or None in identifiers:
            raise UndecidableError("principals of a statement of its policy document are known after apply only")
        out.setdefault(block["type"], []).extend(map(_with_variables, identifiers))
    return "*" if out.get("*") else out


def _conditions(blocks: Any) -> dict[str, dict[str, list[str]]]:
    """Blocks of the same test and variable add up their values, as the provider does it."""
    out: dict[str, dict[str, list[str]]] = {}
    for block in _blocks(blocks):
        test, variable, values = block.get("test"), block.get("variable"), block.get("values")
        if not test or not variable or not isinstance(values, list) or None in values:
            raise UndecidableError("a condition of its policy document is known after apply only")
        out.setdefault(test, {}).setdefault(variable, []).extend(map(_with_variables, values))
    return out


def _blocks(blocks: Any) -> Iterator[dict[str, Any]]:
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if not isinstance(block, dict):
            raise UndecidableError("a block of its policy document is known after apply only")
        yield block


def _with_variables(value: Any) -> Any:
    """Policy variables as IAM writes them: the provider takes ``&{`` for ``${``, which Terraform would replace."""
    return value.replace("&{", "${") if isinstance(value, str) else value


def _version(after: Mapping[str, Any]) -> str:
    """The version of the last document that overrides it and has one, else its own."""
    version = after.get("version") or "2012-10-17"
    for text in _texts(after, "override_json", "override_policy_documents"):
        version = json.loads(text).get("Version") or version
    return str(version)


def _documents(after: Mapping[str, Any], *names: str) -> list[list[dict[str, Any]]]:
    """The statements of other documents that it takes in."""
    out = []
    for text in _texts(after, *names):
        try:
            statements = json.loads(text)["Statement"]
        except (TypeError, ValueError, KeyError) as error:
            raise UndecidableError("a document that its policy document takes in cannot be read") from error
        out.append(statements if isinstance(statements, list) else [statements])
    return out


def _texts(after: Mapping[str, Any], *names: str) -> list[Any]:
    """The texts of other documents under several names; empty ones are none."""
    texts: list[Any] = []
    for name in names:
        value = after.get(name)
        texts += value if isinstance(value, list) else [value]
    return [text for text in texts if text not in (None, "")]


def _merged(documents: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The statements of all; a later one takes the place of an earlier one with the same ``sid``."""
    out: list[dict[str, Any]] = []
    for statement in (each for document in documents for each in document):
        if not isinstance(statement, dict):
            raise UndecidableError("a document that its policy document takes in cannot be read")
        sid = statement.get("Sid")
        same = next((position for position, each in enumerate(out) if sid and each.get("Sid") == sid), None)
        if same is None:
            out.append(statement)
        else:
            out[same] = statement
    return out


def _at(values: Any, position: int) -> Any:
    if isinstance(values, list):
        return values[position] if position < len(values) else None
    return values


def _any(value: Any) -> bool:
    """Whether anything in it is marked as unknown."""
    if isinstance(value, dict):
        return any(map(_any, value.values()))
    if isinstance(value, list):
        return any(map(_any, value))
    return value is True
