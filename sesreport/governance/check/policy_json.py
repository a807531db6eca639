"""Policies as JSON: read without losing what is written twice, found inside other values, and put on an identity."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sesreport.governance.check.intrinsics import unknown_names
from sesreport.policy import Identity

_OF_IDENTITY = re.compile(r"arn:[^:]*:(?:ses|[^:]*[*?][^:]*):[^:]*:[^:]*:identity/.+", re.IGNORECASE | re.DOTALL)


class DuplicateKeyError(ValueError):
    """An object has a key twice; the text names it."""


def read_json(text: str | bytes) -> Any:
    """Parsed JSON. Of two keys alike a reader would take either: raises DuplicateKeyError, else ValueError."""
    return json.loads(text, object_pairs_hook=_object)


def on_identity(text: str, identity: Identity) -> str:
    """The text with the identity's ARN for every ARN of an identity that an Allow names as its resource.

    A policy must name the identity that it is put on, and no other (Amazon SES Developer Guide, "Amazon SES identity
    policy anatomy"). So an ARN that differs, by case or by an account or a Region that was not known here, still means
    this identity; read as it stands, it would let nobody in. A Deny stays as it is written.
    """
    try:
        document = read_json(text)
    except (ValueError, RecursionError):
        return text  # the judge says what is wrong with it
    changed = False
    for statement in statements(document):
        resource = statement.get("Resource")
        if statement.get("Effect") == "Allow" and resource is not None:
            made = _own(resource, identity.arn)
            changed |= made != resource
            statement["Resource"] = made
    return json.dumps(document, ensure_ascii=False) if changed else text


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy that are objects."""
    held = document.get("Statement") if isinstance(document, dict) else None
    return [each for each in (held if isinstance(held, list) else [held]) if isinstance(each, dict)]


def resources(document: Any) -> Iterator[Any]:
    """Every resource of every statement as written; None for a statement without one."""
    for statement in statements(document):
        resource = statement.get("Resource")
        yield from resource if isinstance(resource, list) and resource else [resource]


def documents(value: Any) -> Iterator[Any]:
    """Every policy document in a value, as an object or encoded as a text, however deep.

    A text that seems to hold one and cannot be read is given as the text.
    """
    if isinstance(value, str):
        if "statement" not in value.casefold():
            return
        try:
            value = read_json(value)
        except (ValueError, RecursionError):
            yield value
            return
    if isinstance(value, dict):
        if any(key.casefold() == "statement" for key in value):
            yield value
            return
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from documents(each)


def of_identity(document: Any, *, related: bool = False) -> bool:
    """Whether a policy has principals and may be about sending: those of other services, and of roles, are not ours.

    ``related`` says that what holds it is about Amazon SES: then actions that may be any count as well.
    """
    if isinstance(document, str):
        folded = document.casefold()
        return "principal" in folded and (related or "ses:" in folded)
    held = next((value for key, value in document.items() if key.casefold() == "statement"), None)
    return any(_of_identity(each, related) for each in (held if isinstance(held, list) else [held]))


def _of_identity(statement: Any, related: bool) -> bool:
    if not isinstance(statement, dict):
        return related
    folded = {key.casefold(): value for key, value in statement.items()}
    if not {"principal", "notprincipal"} & set(folded):
        return False
    named, actions, where = (_texts(folded.get(key)) for key in ("action", "notaction", "resource"))
    if any(each.startswith("ses:") for each in named):
        return True
    any_action = bool(actions) or not named or any(each.startswith("*") or unknown_names(each) for each in named)
    return any_action and (related or any(":ses:" in each for each in where))


def _texts(value: Any) -> list[str]:
    return [str(each).casefold() for each in (value if isinstance(value, list) else [value]) if each is not None]


def _own(resource: Any, arn: str) -> Any:
    if isinstance(resource, list):
        return [_own(each, arn) for each in resource]
    return arn if isinstance(resource, str) and _OF_IDENTITY.fullmatch(resource) else resource


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKeyError(key)
            seen.add(key)
    return made
