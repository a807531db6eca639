"""The part of SARIF 2.1.0 that the gate writes, as JSON Schema; every other property is an error.

From the text of the standard (OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", sections 3.13
to 3.60). Its own schema allows more; what passes here passes there.
"""

from __future__ import annotations

from typing import Any


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = _object({"text": TEXT}, {"markdown": TEXT})
BAG = {"type": "object", "properties": {"tags": {**_list(TEXT), "uniqueItems": True}}}
RULE = _object(
    {
        "id": TEXT, "name": TEXT, "shortDescription": MESSAGE, "fullDescription": MESSAGE, "help": MESSAGE,
        "defaultConfiguration": _object({"level": LEVEL}), "properties": BAG,
    }
)  # fmt: skip
LOCATION = _object(
    {
        "physicalLocation": _object(
            {
                "artifactLocation": _object({"uri": {"type": "string", "format": "uri-reference"}, "uriBaseId": TEXT}),
                "region": _object({"startLine": {"type": "integer", "minimum": 1}}),
            }
        ),
        "logicalLocations": _list(_object({"fullyQualifiedName": TEXT, "kind": TEXT})),
    }
)
RESULT = _object(
    {
        "ruleId": TEXT, "ruleIndex": {"type": "integer", "minimum": 0}, "level": LEVEL, "message": MESSAGE,
        "locations": {**_list(LOCATION), "minItems": 1},
        "partialFingerprints": {"type": "object", "additionalProperties": TEXT}, "properties": BAG,
    }
)  # fmt: skip
RUN = _object(
    {
        "tool": _object({"driver": _object({"name": TEXT, "semanticVersion": TEXT, "rules": _list(RULE)})}),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "invocations": _list(
            _object(
                {
                    "executionSuccessful": {"type": "boolean"},
                    "toolExecutionNotifications": _list(_object({"level": LEVEL, "message": MESSAGE})),
                }
            )
        ),
        "results": _list(RESULT),
    }
)
SCHEMA = _object({"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": _list(RUN)})
