"""Condition values and resources as patterns: wildcards, policy variables, and how they meet a string.

Sources: IAM User Guide, "Policy elements: Variables and tags" (variables, defaults, ``${*}``) and "Condition
operators" (string and ARN comparison).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from sesreport.policy.grammar import VARIABLE


class Variable(NamedTuple):
    """``${key}`` or ``${key, 'default'}``; ``key`` in lower case."""

    key: str
    default: str | None


class Wildcard(NamedTuple):
    """``*`` (any run of characters) or ``?`` (any one character)."""

    many: bool


MANY, ONE = Wildcard(True), Wildcard(False)

#: A pattern is a run of literal text, wildcards and variables; adjacent literals are joined.
Piece = str | Wildcard | Variable
Pattern = tuple[Piece, ...]

_ESCAPES = {"*": "*", "?": "?", "$": "$"}


@lru_cache(8192)
def parse(value: str, *, wildcards: bool, variables: bool) -> Pattern:
    """Take a value apart. Without ``wildcards`` an asterisk is an asterisk; likewise ``variables``."""
    pieces: list[Piece] = []
    position = 0
    for match in VARIABLE.finditer(value) if variables and "${" in value else ():
        _literal(pieces, value[position : match.start()], wildcards)
        name, comma, rest = match[1].partition(",")
        if name.strip() in _ESCAPES and not comma:
            pieces.append(_ESCAPES[name.strip()])
        else:
            pieces.append(Variable(name.strip().lower(), rest.strip().strip("'") if comma else None))
        position = match.end()
    _literal(pieces, value[position:], wildcards)
    return joined(pieces)


def _literal(pieces: list[Piece], text: str, wildcards: bool) -> None:
    if not wildcards:
        pieces.append(text)
        return
    start = 0
    for index, character in enumerate(text):
        if character in "*?":
            pieces += (text[start:index], MANY if character == "*" else ONE)
            start = index + 1
    pieces.append(text[start:])


def joined(pieces: list[Piece]) -> Pattern:
    """The pieces with adjacent literals joined and nothing said twice."""
    whole: list[Piece] = []
    for piece in pieces:
        if piece == "" or (piece == MANY and whole and whole[-1] == MANY):
            continue
        if isinstance(piece, str) and whole and isinstance(whole[-1], str):
            whole[-1] += piece
        else:
            whole.append(piece)
    return tuple(whole)


def variables_of(pattern: Pattern) -> tuple[Variable, ...]:
    """The variables a pattern mentions."""
    return tuple(piece for piece in pattern if isinstance(piece, Variable))


def resolve(pattern: Pattern, lookup: Callable[[str], str | None]) -> Pattern | None:
    """Put values in place of variables; None when one has neither value nor default."""
    if Variable not in map(type, pattern):
        return pattern
    pieces: list[Piece] = []
    for piece in pattern:
        if isinstance(piece, Variable):
            value = lookup(piece.key)
            if value is None:
                value = piece.default
            if value is None:
                return None
            pieces.append(value)
        else:
            pieces.append(piece)
    return joined(pieces)


def lowered(pattern: Pattern) -> Pattern:
    """The pattern with its literal text in lower case, for comparison without case."""
    return tuple(piece.lower() if isinstance(piece, str) else piece for piece in pattern)


@lru_cache(8192)
def fields(pattern: Pattern) -> tuple[Pattern, ...]:
    """Split an ARN pattern at its first five colons; a colon inside a variable's value does not count."""
    parts: list[list[Piece]] = [[]]
    for piece in pattern:
        rest = piece
        while isinstance(rest, str) and ":" in rest and len(parts) < 6:
            head, _, rest = rest.partition(":")
            parts[-1].append(head)
            parts.append([])
        parts[-1].append(rest)
    return tuple(joined(part) for part in parts)


def matches(pattern: Pattern, text: str) -> bool:
    """Whether a pattern without variables matches all of ``text``; time is their lengths' product at most."""
    if len(pattern) <= 3 and ONE not in pattern:
        return _matches_simply(pattern, text)
    symbols: list[str | Wildcard] = []
    for piece in pattern:
        symbols += piece if isinstance(piece, str) else (piece,)  # type: ignore[arg-type]
    at, star, retry = 0, -1, 0
    position = 0
    while position < len(text):
        symbol = symbols[at] if at < len(symbols) else None
        if symbol == ONE or symbol == text[position]:
            at, position = at + 1, position + 1
        elif symbol == MANY:
            star, retry = at, position
            at += 1
        elif star >= 0:
            retry += 1
            at, position = star + 1, retry
        else:
            return False
    return all(symbol == MANY for symbol in symbols[at:])


def _matches_simply(pattern: Pattern, text: str) -> bool:
    """Patterns of at most three pieces without ``?``: ``x``, ``*``, ``x*``, ``*x``, ``*x*``, ``x*y``."""
    first, last = (pattern[0], pattern[-1]) if pattern else ("", "")
    if len(pattern) <= 1:
        return first in (MANY, text)
    if isinstance(first, str) and not text.startswith(first):
        return False
    if isinstance(last, str) and not text.endswith(last):
        return False
    if len(pattern) == 2:
        return True
    if isinstance(first, str) and isinstance(last, str):
        return len(text) >= len(first) + len(last)
    return isinstance(pattern[1], str) and pattern[1] in text


def remainders(pattern: Pattern, head: str) -> tuple[Pattern, ...]:
    """What may follow ``head`` for the pattern to match: each result is a pattern for the rest."""
    if len(pattern) > 1 and pattern[0] == MANY and isinstance(pattern[1], str):
        text = pattern[1]
        if text not in head and not any(head.endswith(text[:size]) for size in range(1, len(text))):
            return (pattern,)
    live: set[Pattern] = {pattern}
    for character in head:
        after: set[Pattern] = set()
        for candidate in live:
            _derive(candidate, character, after)
        live = after
        if not live:
            break
    return tuple(sorted(live, key=repr))


def _derive(pattern: Pattern, character: str, into: set[Pattern]) -> None:
    while pattern and pattern[0] == MANY:
        into.add(pattern)
        pattern = pattern[1:]
    if not pattern:
        return
    first = pattern[0]
    if first == ONE:
        into.add(pattern[1:])
    elif isinstance(first, str) and first[0] == character:
        into.add((first[1:], *pattern[1:]) if len(first) > 1 else pattern[1:])
