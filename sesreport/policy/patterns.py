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


@lru_cache(8192)
def arn_fields(value: str, *, variables: bool) -> tuple[Pattern, ...]:
    """The parts of an ARN pattern as it is written; six, unless it is none."""
    return fields(parse(value, wildcards=True, variables=variables))


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
    if len(pattern) <= 1:
        return pattern[0] in (MANY, text) if pattern else not text
    first, last = pattern[0], pattern[-1]
    if isinstance(first, str) and not text.startswith(first):
        return False
    if isinstance(last, str) and not text.endswith(last):
        return False
    if len(pattern) == 2:
        return True
    if isinstance(first, str) and isinstance(last, str):
        return len(text) >= len(first) + len(last)
    return isinstance(pattern[1], str) and pattern[1] in text


class _Symbol(NamedTuple):
    """One step of a Resource pattern: a literal character (else any), once or repeated, colons included or not."""

    literal: str
    repeats: bool
    colons: bool


Symbols = tuple[_Symbol, ...]


def resource_symbols(pattern: Pattern, *, crossing: bool = True) -> Symbols:
    """A Resource pattern in steps; a variable stands for any text.

    A wildcard stays within its part of the ARN, but a ``*`` that ends a part may match beyond the colon (IAM User
    Guide, "IAM JSON policy elements: Resource"); ``crossing=False`` leaves that out. A lone ``*`` is every resource,
    and the sixth part of an ARN is one part whatever colons it holds.
    """
    units = [unit for piece in pattern for unit in (piece if isinstance(piece, str) else (piece,))]
    found: list[_Symbol] = []
    colons = 0
    for index, unit in enumerate(units):
        if isinstance(unit, str):
            colons += unit == ":"
            found.append(_Symbol(unit, False, False))
            continue
        free = colons >= 5 or len(units) == 1 or isinstance(unit, Variable)
        ends = index + 1 == len(units) or units[index + 1] == ":"
        many = isinstance(unit, Variable) or unit.many
        found.append(_Symbol("", many, free or (crossing and many and ends)))
    return tuple(found)


def symbols_match(symbols: Symbols, text: str) -> bool:
    """Whether the steps match all of a text; bit *i* of the state is set when *i* of them can have been taken."""
    state = _past_repeats(symbols, 1)
    for character in text:
        after = 0
        for index, symbol in enumerate(symbols):
            if state >> index & 1 and (symbol.literal or character) == character:
                if not symbol.literal and not symbol.colons and character == ":":
                    continue
                after |= 1 << index if symbol.repeats else 1 << (index + 1)
        state = _past_repeats(symbols, after)
        if not state:
            return False
    return bool(state >> len(symbols) & 1)


def _past_repeats(symbols: Symbols, state: int) -> int:
    for index, symbol in enumerate(symbols):
        if symbol.repeats and state >> index & 1:
            state |= 1 << (index + 1)
    return state


def resource_matches(pattern: Pattern, arn: str, *, crossing: bool = True) -> bool:
    """Whether a Resource pattern (variables may stand for anything) matches an ARN; see :func:`resource_symbols`."""
    if len(pattern) == 1 and not isinstance(pattern[0], Variable):
        return pattern[0] in (MANY, arn)
    return symbols_match(resource_symbols(pattern, crossing=crossing), arn)


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
