"""Policy text, or a parsed object, to the model: all that IAM's grammar allows, a located error for the rest.

Reading never raises. What cannot be read is left out of the model and told in ``Policy.errors``: a document
when its JSON or its outermost form is wrong, otherwise the statement that holds the fault.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language". Limits: Amazon SES Developer Guide,
"Amazon SES quotas" (4 KB a policy); documents up to 16 times that are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from sesreport.policy import grammar
from sesreport.policy.model import Condition, Effect, Policy, PolicyError, Principal, Statement

MAX_CHARACTERS = 16 * 4096

_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


def read_policies(policies: Mapping[str, Any]) -> tuple[Policy, ...]:
    """Read every policy of one identity; ``policies`` maps policy name to JSON text or parsed object."""
    return tuple(read_policy(source, name) for name, source in policies.items())


def read_policy(source: Any, name: str = "policy") -> Policy:
    """Read one identity policy from JSON text (``str`` or UTF-8 ``bytes``) or from a parsed object.

    One that was read already is given back as it is, under its own name.
    """
    if isinstance(source, Policy):
        return source
    try:
        return _document(_parse(source), name)
    except _Unreadable as fault:
        return Policy(name, None, None, (), (fault.error(name),))
    except RecursionError:
        error = PolicyError(name, "", "nesting", "is nested too deeply to be a policy")
    except Exception as fault:  # noqa: BLE001 - reading never raises: whatever it is, it is not a policy we know
        error = PolicyError(name, "", "internal", f"could not be read ({type(fault).__name__}: {str(fault)[:200]})")
    return Policy(name, None, None, (), (error,))


class _Unreadable(Exception):  # noqa: N818 - carried to the nearest part that can be left out, never out of here
    def __init__(self, path: str, code: str, message: str, line: int | None = None, column: int | None = None):
        super().__init__(message)
        self.parts = (path, code, message, line, column)

    def error(self, policy: str) -> PolicyError:
        return PolicyError(policy, *self.parts)


class _Repeated(dict[str, Any]):
    """A JSON object in which a key stood more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        seen: set[str] = set()
        self.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else _Repeated(pairs)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _Number:
    """A number as it is written: in a condition it counts as its text."""

    def __init__(self, text: str):
        self.text = text


_decode = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_Number, parse_float=_Number, parse_constant=_constant
).decode


def _parse(source: Any) -> Any:
    if isinstance(source, bytes | bytearray):
        try:
            source = source.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _Unreadable("", "encoding", f"is not UTF-8 (byte {error.start})") from None
    if not isinstance(source, str):
        return source
    if len(source) > MAX_CHARACTERS:
        raise _Unreadable("", "size", f"is {len(source):,} characters long; Amazon SES allows 4 KB")
    try:
        return _decode(source)
    except json.JSONDecodeError as error:
        raise _Unreadable("", "json", f"is not JSON: {error.msg}", error.lineno, error.colno) from None
    except ValueError as error:  # NaN, or a number of thousands of digits
        raise _Unreadable("", "json", f"is not JSON: {str(error)[:80]}") from None


def _document(document: Any, name: str) -> Policy:
    if not isinstance(document, Mapping):
        raise _Unreadable("", "type", f"must be an object, not {_kind(document)}")
    _no_repeats(document, "")
    if "Statement" not in document:
        raise _Unreadable("", "missing", "has no Statement")
    errors = [
        PolicyError(name, _key_path("", key), "element", "is not an element of a policy")
        for key in document
        if key not in _DOCUMENT
    ]
    raw_version = document.get("Version", "2008-10-17")
    known_version = isinstance(raw_version, str) and raw_version in grammar.VERSIONS
    if not known_version:
        errors.append(PolicyError(name, "Version", "version", "must be 2012-10-17 or 2008-10-17"))
    identifier = document.get("Id")
    if "Id" in document and (not isinstance(identifier, str) or _unsound(identifier)):
        errors.append(PolicyError(name, "Id", "type", "must be text"))
        identifier = None
    errors += [
        PolicyError(name, "Statement", "duplicate", f"has the Sid {_show(sid)} twice") for sid in _twice(document)
    ]
    faults = bool(errors)
    statements: list[Statement] = []
    variables = raw_version != "2008-10-17"
    for index, path, raw in _statements(document["Statement"]):
        try:
            statement = _statement(raw, name, index, path, variables)
            if faults and statement.effect is Effect.DENY:
                raise _Unreadable(path, "document", "is a Deny in a document that is wrong elsewhere: not counted on")
            statements.append(statement)
        except _Unreadable as fault:
            errors.append(fault.error(name))
    version = raw_version if known_version and "Version" in document else None
    return Policy(name, version, identifier, tuple(statements), tuple(errors))


def _twice(document: Mapping[str, Any]) -> list[str]:
    """Sids that stand in more than one statement; empty ones are none."""
    raw = document["Statement"]
    sids = [one.get("Sid") for one in raw if isinstance(one, Mapping)] if isinstance(raw, list | tuple) else []
    named = [sid for sid in sids if isinstance(sid, str) and sid]
    return sorted({sid for sid in named if named.count(sid) > 1})


def _statements(raw: Any) -> Iterable[tuple[int, str, Any]]:
    if isinstance(raw, Mapping):
        return ((0, "Statement", raw),)
    if not isinstance(raw, list | tuple):
        raise _Unreadable("Statement", "type", f"must be an object or a list of objects, not {_kind(raw)}")
    if not raw:
        raise _Unreadable("Statement", "empty", "must hold at least one statement")
    return ((index, f"Statement[{index}]", item) for index, item in enumerate(raw))


def _statement(raw: Any, policy: str, index: int, path: str, variables: bool) -> Statement:
    if not isinstance(raw, Mapping):
        raise _Unreadable(path, "type", f"must be an object, not {_kind(raw)}")
    _no_repeats(raw, path)
    for key in raw:
        if key not in _STATEMENT:
            raise _Unreadable(_key_path(path, key), "element", "is not an element of a statement")
    sid = _text(raw["Sid"], f"{path}.Sid") if "Sid" in raw else None
    effect = _text(_required(raw, "Effect", path), f"{path}.Effect")
    if effect not in ("Allow", "Deny"):
        raise _Unreadable(f"{path}.Effect", "effect", "must be Allow or Deny, written so")
    who, not_principal = _either(raw, "Principal", "NotPrincipal", path)
    what, not_action = _either(raw, "Action", "NotAction", path)
    where, not_resource = _either(raw, "Resource", "NotResource", path)
    prefix = "Not" if not_principal else ""
    principals = _principals(who, f"{path}.{prefix}Principal")
    action_path = f"{path}.{'Not' if not_action else ''}Action"
    actions = _texts(what, action_path)
    for action in actions:
        if not grammar.ACTION.match(action):
            raise _Unreadable(action_path, "action", f"{_show(action)} is not an action")
    resource_path = f"{path}.{'Not' if not_resource else ''}Resource"
    resources = _texts(where, resource_path)
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            raise _Unreadable(resource_path, "resource", f"{_show(resource)} is neither an ARN nor *")
    conditions = _conditions(raw.get("Condition", {}), f"{path}.Condition")
    return Statement(
        policy,
        index,
        sid,
        Effect(effect),
        principals,
        not_principal,
        actions,
        not_action,
        resources,
        not_resource,
        conditions,
        variables,
    )


def _principals(raw: Any, path: str) -> tuple[Principal, ...]:
    if raw == "*" and isinstance(raw, str):
        return _principal("AWS", "*", path)
    if not isinstance(raw, Mapping):
        raise _Unreadable(path, "principal", "must be * or an object such as {AWS: account id}")
    _no_repeats(raw, path)
    if not raw:
        raise _Unreadable(path, "principal", "names nobody")
    found: list[Principal] = []
    for kind, values in raw.items():
        place = _key_path(path, kind)
        for value in _texts(values, place):
            found += _principal(kind, value, place)
    return tuple(found)


@lru_cache(4096)
def _known_principal(kind: str, value: str) -> Principal | str:
    return grammar.principal(kind, value)


def _principal(kind: str, value: str, path: str) -> tuple[Principal]:
    found = _known_principal(kind, value)
    if isinstance(found, str):
        raise _Unreadable(path, "principal", f"{_show(value)}: {found}")
    return (found,)


def _conditions(raw: Any, path: str) -> tuple[Condition, ...]:
    if not isinstance(raw, Mapping):
        raise _Unreadable(path, "type", f"must be an object, not {_kind(raw)}")
    _no_repeats(raw, path)
    found: list[Condition] = []
    for name, keys in raw.items():
        operator = grammar.OPERATORS.get(name)
        place = _key_path(path, name)
        if operator is None:
            raise _Unreadable(place, "operator", "is not a condition operator")
        if not isinstance(keys, Mapping):
            raise _Unreadable(place, "type", f"must be an object, not {_kind(keys)}")
        _no_repeats(keys, place)
        for key, values in keys.items():
            spot = _key_path(place, key)
            if not isinstance(key, str) or not grammar.KEY.match(key) or _unsound(key):
                raise _Unreadable(spot, "key", "is not a condition key")
            texts = _texts(values, spot, scalars=True)
            for value in texts:
                fault = grammar.bad_value(operator, value)
                if fault:
                    raise _Unreadable(spot, "value", f"{_show(value)}: {fault}")
            found.append(
                Condition(name, operator.qualifier, operator.base, operator.if_exists, key, _lowered(key), texts)
            )
    return tuple(found)


def _lowered(key: str) -> str:
    """A key in lower case: letters beyond ASCII stay, so that no two keys become one."""
    return key.lower() if key.isascii() else "".join(c.lower() if c.isascii() else c for c in key)


def _texts(raw: Any, path: str, *, scalars: bool = False) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        return (_text(raw, path, scalars=scalars),)
    if not raw:
        raise _Unreadable(path, "empty", "must hold at least one value")
    return tuple([_text(value, path, scalars=scalars) for value in raw])


def _text(raw: Any, path: str, *, scalars: bool = False) -> str:
    if isinstance(raw, str):
        if (not raw.isascii() or "\0" in raw) and _unsound(raw):
            raise _Unreadable(path, "characters", "holds a null or a lone surrogate")
        return raw
    if scalars:
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if isinstance(raw, _Number):
            return raw.text
        if isinstance(raw, int | float):
            try:
                return str(raw)
            except ValueError:  # thousands of digits
                raise _Unreadable(path, "value", "is too large a number") from None
    raise _Unreadable(path, "type", f"must be text, not {_kind(raw)}")


def _unsound(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def _required(raw: Mapping[str, Any], key: str, path: str) -> Any:
    if key not in raw:
        raise _Unreadable(path, "missing", f"has no {key}")
    return raw[key]


def _either(raw: Mapping[str, Any], plain: str, negated: str, path: str) -> tuple[Any, bool]:
    if plain in raw:
        if negated in raw:
            raise _Unreadable(path, "element", f"has both {plain} and {negated}")
        return raw[plain], False
    if negated in raw:
        return raw[negated], True
    raise _Unreadable(path, "missing", f"has neither {plain} nor {negated}")


def _no_repeats(raw: Mapping[str, Any], path: str) -> None:
    if isinstance(raw, _Repeated):
        raise _Unreadable(path, "duplicate", f"has {_show(raw.key)} twice")


def _key_path(path: str, key: Any) -> str:
    step = key if isinstance(key, str) and key.isidentifier() else f"[{_show(key)}]"
    return f"{path}{'.' if path and step[0] != '[' else ''}{step}"


def _show(value: Any) -> str:
    if not isinstance(value, str):
        return _kind(value)
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:76]}…{text[0]}"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int | float | _Number: "a number", list: "a list", dict: "an object"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a foreign object")
