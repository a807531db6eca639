"""Secrets taken out of messages, logs and tracebacks: access keys, tokens, signatures, external ids.

AWS repeats parts of a request in its messages (a signature that does not match comes back with the signed headers),
and the SDK puts what it was given into its errors.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
_KNOWN: set[str] = set()
"""Of this process: a log's handler cannot be told of them in any other way."""

_NAME = (
    r"external[-_]?id|(?:aws[-_]?)?(?:secret[-_]?)?access[-_]?key(?:[-_]?id)?|secret[-_]?key"
    r"|(?:x-amz-|web[-_]?)?(?:security|session|access|refresh|id|identity|authorization)[-_]?token|(?:x-amz-)?signature"
    r"|(?:x-amz-)?credential|saml[-_]?assertion|client[-_]?secret|password"
)
_IS = r"""\\?['"]?(?:\s*=>?\s*|:(?=\S)|\s*:\s*(?=b?\\?['"]))b?\\?['"]?"""
"""Between a name and its value; a colon, a blank and a bare word are prose."""
_PATTERNS = (
    # A header with what follows on its line, or up to its quote: a scheme, and then a secret or several parameters.
    re.compile(r"""(?i)(\bauthorization['"]?\s*[:=]\s*(?:b?(['"]))?)(?(2)(?:(?!\2).)+|.+)"""),
    re.compile(r"(?i)(\bx-amz-security-token: )\S+"),
    re.compile(rf"""(?i)((?<![A-Za-z0-9])(?:[a-z]+_)*(?:{_NAME}){_IS})(?!\[hidden\])[^\s'"&,;<>)\]}}]+"""),
    re.compile(rf"(?i)(<(?:{_NAME})(?:\s[^<>]*)?>)[^<]+"),
    re.compile(r"(?i)(\bbearer )[^\s'\"]+"),
    re.compile(r"(://)[^\s/]+(?=@[^\s/@]*(?:[/\s'\"]|$))"),  # user, password or token of a URL, up to the last @
    re.compile(r"()\b(?:AKIA|ASIA)[A-Z0-9]{4,}"),  # ids of keys (IAM User Guide, "IAM identifiers")
    re.compile(r"()\b(?:IQoJ|FwoG|FQoG|AQoD)[A-Za-z0-9+/=%]{20,}"),  # session tokens of STS begin so
)


def hide(*secrets: str | None) -> None:
    """Has :func:`redacted` take these values out, wherever they stand as words of their own."""
    _KNOWN.update(secret for secret in secrets if secret)


def redacted(text: str) -> str:
    """The text with ``[hidden]`` in place of each known secret and of what looks like one."""
    for secret in sorted(_KNOWN, key=len, reverse=True):
        if secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: f"{match[1]}{HIDDEN}", text)
    return text
