"""moto's serializers, with a quicker way for the two answers that hold thousands of numbers."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core.serialize import JSONSerializer, QuerySerializer, ResponseSerializer, get_serializer_class


class _FlatLists(JSONSerializer):
    """Sends lists of plain numbers as they are; one by one, a year of metrics takes a tenth of a second."""

    def _serialize_type_list(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.member.type_name in {"double", "timestamp"} and value and isinstance(value[0], int | float):
            self._default_serialize(serialized, value, shape, key)
        else:
            super()._serialize_type_list(serialized, value, shape, key)


class _PlainXml(QuerySerializer):
    """Writes XML by itself: xmltodict checks every name again, three times as slow for send statistics."""

    def _serialize_body(self, body: Any) -> str:
        return "".join(_element(name, value) for name, value in body.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join([_element(name, item) for item in value])
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    attributes = "".join(f" {key[1:]}={quoteattr(str(text))}" for key, text in value.items() if key[0] == "@")
    children = "".join([_element(key, child) for key, child in value.items() if key[0] != "@"])
    return f"<{name}{attributes}>{children}</{name}>"


def serializer_for(service: str, protocol: str) -> type[ResponseSerializer]:
    """The serializer of a protocol of one service model."""
    ours: dict[str, type[ResponseSerializer]] = {"json": _FlatLists, "query": _PlainXml}
    chosen: type[ResponseSerializer] = ours.get(protocol) or get_serializer_class(service, protocol)
    return chosen
