"""Ways in which an answer of AWS goes bad on its way, or is not AWS's at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import botocore.session

from tests.collect.proxy import RESET, Answer, Question, Spoil

HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>The network asks you to sign in.</body></html>"
SLOW = 0.3
"""Seconds between two bytes of a slow answer."""


@dataclass(frozen=True)
class Fault:
    """One way."""

    name: str
    spoil: Spoil
    """None for an answer that it cannot spoil."""
    retried: bool = True
    """Whether the next attempt heals it."""
    absent: bool = False
    """Whether AWS itself says that there is nothing: all that the answer listed is gone, and it is whole."""
    whole_in_xml: bool = False
    """Whether XML says what it must: an element is a member, though it is empty. In JSON, null is none."""


@cache
def is_xml(service: str) -> bool:
    """Whether a service answers in XML; otherwise in JSON."""
    protocol = botocore.session.get_session().get_service_model(service).resolved_protocol
    if protocol not in ("query", "json", "rest-json"):
        raise ValueError(f"{service} speaks {protocol}, which no fault here can spoil")
    return bool(protocol == "query")


def _without_id(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.lower().startswith("x-amz")}


def _typed(content_type: str, answer: Answer) -> dict[str, str]:
    """The answer's headers with another content type."""
    others = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    return {**others, "Content-Type": content_type}


def _page(status: int, *, chunked: bool = False) -> Spoil:
    return lambda question, answer: Answer(status, {"Content-Type": "text/html"}, HTML, chunked=chunked)


def _empty(question: Question, answer: Answer) -> Answer:
    return Answer(200, _without_id(answer.headers), b"")


def _empty_of_aws(question: Question, answer: Answer) -> Answer:
    return replace(answer, body=b"")


def _object(question: Question, answer: Answer) -> Answer:
    """``{}``, and its like in XML."""
    name = question.operation
    body = f"<{name}Response><{name}Result/></{name}Response>".encode() if is_xml(question.service) else b"{}"
    return Answer(200, _without_id(answer.headers), body)


def _object_of_aws(question: Question, answer: Answer) -> Answer:
    return replace(_object(question, answer), headers=answer.headers)


def _json_always(question: Question, answer: Answer) -> Answer:
    """``{}`` whatever the service speaks."""
    return Answer(200, {"Content-Type": "application/json"}, b"{}")


def _half(answer: Answer) -> bytes:
    return answer.body[: len(answer.body) // 2]


def _cut(question: Question, answer: Answer) -> Answer:
    return replace(answer, body=_half(answer), announced=len(answer.body))


def _cut_and_counted(question: Question, answer: Answer) -> Answer:
    return replace(answer, headers=_without_id(answer.headers), body=_half(answer))


def _cut_of_aws(question: Question, answer: Answer) -> Answer:
    return replace(answer, body=_half(answer))


def _cut_chunked(question: Question, answer: Answer) -> Answer:
    return replace(answer, body=_half(answer), chunked=True)


def _error(code: str, status: int, xml_code: str | None = None) -> Spoil:
    """An error in AWS's form."""

    def spoil(question: Question, answer: Answer) -> Answer:
        if is_xml(question.service):
            told = f"<Type>Sender</Type><Code>{xml_code or code}</Code><Message>made up</Message>"
            body = f"<ErrorResponse><Error>{told}</Error><RequestId>1b9c3a52</RequestId></ErrorResponse>"
            return Answer(status, _typed("text/xml", answer), body.encode())
        body = json.dumps({"__type": code, "message": "made up"})
        return Answer(status, {**answer.headers, "x-amzn-ErrorType": code}, body.encode())

    return spoil


def _reset(question: Question, answer: Answer) -> Answer:
    return RESET


def _slow(question: Question, answer: Answer) -> Answer:
    return replace(answer, pause=SLOW)


def _edited(change: Callable[[dict[str, Any]], bool], change_xml: Callable[[str], str] | None = None) -> Spoil:
    """Has an answer's content changed; ``change`` returns whether it found what to change."""

    def spoil(question: Question, answer: Answer) -> Answer | None:
        if answer.status != 200:
            return None
        if is_xml(question.service):
            text = answer.body.decode()
            changed = change_xml(text) if change_xml else text
            return replace(answer, body=changed.encode()) if changed != text else None
        content = json.loads(answer.body)
        return replace(answer, body=json.dumps(content).encode()) if change(content) else None

    return spoil


def _in_every_member(value: Any) -> Callable[[dict[str, Any]], bool]:
    def change(content: dict[str, Any]) -> bool:
        content.update(dict.fromkeys(content, value))
        return bool(content)

    return change


def _lists(content: Any) -> list[list[Any]]:
    """All lists that have something on them, the outer before the inner."""
    if isinstance(content, dict):
        return [found for value in content.values() for found in _lists(value)]
    if isinstance(content, list) and content:
        return [content, *[found for item in content for found in _lists(item)]]
    return []


def _in_first_item(value: Any, *, inner: bool = False) -> Callable[[dict[str, Any]], bool]:
    """The first item of the first list replaced; or of each kind of list within its items."""

    def change(content: dict[str, Any]) -> bool:
        lists = _lists(content)
        outer = next((one for one in content.values() if isinstance(one, list) and one), None)
        chosen = [one for one in lists if one is not outer] if inner else [outer] if outer is not None else lists
        if not chosen:
            return False
        chosen[0][0] = value
        return True

    return change


def _without_fields(content: dict[str, Any]) -> bool:
    """Every member of the first item null."""
    for found in _lists(content):
        if isinstance(found[0], dict):
            found[0] = dict.fromkeys(found[0])
            return True
    return False


def _in_structures(content: dict[str, Any]) -> bool:
    """The first member of each map or structure one level down a number."""
    found = [one for one in content.values() if isinstance(one, dict) and one]
    for one in found:
        one[next(iter(one))] = 7
    return bool(found)


def _null_in_maps(question: Question, answer: Answer) -> Answer | None:
    """The first value of each map null. A structure's member may be null: it is left out then."""
    model = botocore.session.get_session().get_service_model(question.service)
    output = model.operation_model(question.operation).output_shape
    members = output.members if output else {}
    maps = {shape.serialization.get("name", name) for name, shape in members.items() if shape.type_name == "map"}

    def change(content: dict[str, Any]) -> bool:
        found = [one for name, one in content.items() if name in maps and one]
        for one in found:
            one[next(iter(one))] = None
        return bool(found)

    return _edited(change)(question, answer)


_ITEM = re.compile(r"<(member|entry)>.*?</\1>", re.DOTALL)
_RESULT = re.compile(r"(<\w+Result[^>]*>)(.*)(</\w+Result>)", re.DOTALL)
_OUTER = re.compile(r"<(\w+)>(?:(?!<\1>).)*</\1>", re.DOTALL)
_FIELD = re.compile(r"<(\w+)>[^<>]*</\1>")


def _xml_members(text: str) -> str:
    """Each member of the result, empty."""
    return _RESULT.sub(lambda found: found[1] + _OUTER.sub(r"<\1/>", found[2]) + found[3], text)


def _xml_item(content: str) -> Callable[[str], str]:
    return lambda text: _ITEM.sub(rf"<\1>{content}</\1>", text, count=1)


def _xml_fields(text: str) -> str:
    """Each field of the first item, empty."""
    return _ITEM.sub(lambda found: _FIELD.sub(r"<\1/>", found[0]), text, count=1)


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("empty", _empty),
        Fault("empty-of-aws", _empty_of_aws),
        Fault("object", _object),
        Fault("object-of-aws", _object_of_aws, absent=True),
        Fault("json", _json_always),
        Fault("html", _page(200)),
        Fault("html-chunked", _page(200, chunked=True)),
        Fault("cut", _cut),
        Fault("cut-and-counted", _cut_and_counted),
        Fault("cut-of-aws", _cut_of_aws),
        Fault("cut-chunked", _cut_chunked),
        Fault("404-html", _page(404)),
        Fault("404-of-aws", _error("NotFoundException", 404), retried=False),
        Fault("throttle", _error("TooManyRequestsException", 429, "Throttling")),
        Fault("500", _error("InternalFailure", 500)),
        Fault("503-html", _page(503)),
        Fault("reset", _reset),
        Fault("slow", _slow),
        Fault("null-members", _edited(_in_every_member(None), _xml_members), absent=True, whole_in_xml=True),
        Fault("number-members", _edited(_in_every_member(7)), retried=False),
        Fault("null-item", _edited(_in_first_item(None), _xml_item("")), retried=False),
        Fault("null-inner-item", _edited(_in_first_item(None, inner=True)), retried=False),
        Fault("null-fields", _edited(_without_fields, _xml_fields), retried=False),
        Fault("null-in-map", _null_in_maps, retried=False),
        Fault("number-item", _edited(_in_first_item(7), _xml_item("7")), retried=False),
        Fault("number-inner-item", _edited(_in_first_item(7, inner=True)), retried=False),
        Fault("number-in-structures", _edited(_in_structures), retried=False),
    )
}
