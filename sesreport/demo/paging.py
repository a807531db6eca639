"""Pages of a list, with tokens that only fit the list they came from."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from sesreport.demo.calls import AwsError

Item = TypeVar("Item")


def page(
    items: Sequence[Item],
    size: int,
    token: str | None,
    *,
    of: str,
    invalid: str = "InvalidNextTokenException",
) -> tuple[list[Item], str | None]:
    """Up to ``size`` items from the token on, and the token of the next page (None after the last).

    ``of`` names the list; a token of another list, or one that was made up, raises ``invalid``.
    """
    start = _position(token, of, invalid)
    if start > len(items):
        raise AwsError(invalid, "The specified token is not valid.")
    end = start + size
    following = base64.urlsafe_b64encode(f"{of}\n{end}".encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _position(token: str | None, of: str, invalid: str) -> int:
    if not token:
        return 0
    try:
        made_for, _, position = base64.urlsafe_b64decode(token.encode()).decode().rpartition("\n")
        if made_for == of:
            return int(position)
    except (binascii.Error, ValueError):
        pass
    raise AwsError(invalid, "The specified token is not valid.")
