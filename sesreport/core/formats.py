"""Files in formats of this package: JSON objects that name their format and its version, ``sesreport-snapshot/1``.

A version changes only when what an older sesreport would read of it were wrong. New keys do not change it: unknown ones
are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from sesreport.core.version import __version__

_TOO_DEEP = "nested too deeply"


class FormatError(ValueError):
    """What is wrong with a file's content, in one line without its name."""


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a moment without its time zone")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""An ISO 8601 date and time with its offset from UTC."""
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


def read_format(content: bytes | str, known: str) -> dict[str, Any]:
    """The JSON object of the ``known`` format that a file holds; its format is looked at first.

    Raises FormatError.
    """
    twice: list[str] = []

    def keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice.append(next(name for name in names if names.count(name) > 1))
        return found

    try:
        text = content.decode() if isinstance(content, bytes) else content
        found = json.loads(text, object_pairs_hook=keys_once, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise FormatError(_TOO_DEEP) from error
    except ValueError as error:
        raise FormatError(f"no JSON in UTF-8 ({error})") from error
    if not isinstance(found, dict):
        raise FormatError(f"no JSON object, but {type(found).__name__}")
    check_format(found.get("format"), known)
    if twice:
        raise FormatError(f"key {twice[0]!r:.80} is twice in one object")
    return found


def check_shape(content: Mapping[str, Any], shape: Any) -> Any:
    """The content as a ``shape`` of pydantic models, dataclasses and plain types; keys that it lacks are ignored.

    Raises FormatError for a key that is missing or has a value of another type.
    """
    try:
        return _adapter(shape).validate_json(json.dumps(content), strict=True)
    except RecursionError as error:
        raise FormatError(_TOO_DEEP) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":  # the content comes from json: only its depth is too much for pydantic
            raise FormatError(_TOO_DEEP) from error
        where = ".".join(str(part) for part in first["loc"])
        raise FormatError(f"{where:.80}: {first['msg'].removeprefix('Value error, ')}") from error


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def check_format(found: Any, known: str) -> None:
    """Raises FormatError for another format than the ``known`` one, and says what to do about a newer one."""
    if found == known:
        return
    if found is None:
        raise FormatError(f"no format is named; {known!r} is expected")
    name, _, version = known.partition("/")
    theirs = re.fullmatch(f"{re.escape(name)}/([0-9]{{1,9}})", str(found))
    newer = theirs is not None and int(theirs[1]) > int(version)
    why = f"made by a newer sesreport than this one ({__version__}): update sesreport" if newer else "not one of ours"
    raise FormatError(f"format {found!r:.80}, not {known!r}: {why}")
