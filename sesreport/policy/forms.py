"""The strings a key's value can be: regular expression, grammar, and ways to complete a beginning.

Sources: IAM User Guide, "IAM and AWS STS quotas, name requirements, and character limits" and "IAM
identifiers"; AWS Organizations API Reference (ids of organizations, roots and organizational units); RFC 5322
(local parts).
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace
from functools import lru_cache

from sesreport.policy.automata import Edge, Grammar, Groups, Text, compile_groups, explore, literal_then
from sesreport.policy.patterns import MANY

PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))
PATH = PRINTABLE - {" ", "/"}
NAME = frozenset(string.ascii_letters + string.digits + "_+=,.@-")
LOWER = frozenset(string.ascii_lowercase + string.digits)
LABEL = LOWER | {"-"}
UPPER = frozenset(string.ascii_uppercase + string.digits)
#: Local parts are taken widely: SES accepts more than unquoted ones.
LOCAL = PRINTABLE - {" ", "@"}
DIGITS = frozenset(string.digits)


@dataclass(frozen=True, slots=True)
class Form:
    """A set of strings: all begin with ``start``; ``endings`` complete one with a free character."""

    name: str
    fits: re.Pattern[str]
    grammar: Grammar
    characters: frozenset[str]
    endings: tuple[str, ...]
    start: str = ""

    def __hash__(self) -> int:
        return hash(self.name)


def runs(characters: frozenset[str], least: int) -> list[list[Edge]]:
    """States that read at least ``least`` of ``characters`` and then any number more."""
    states = [[Edge(characters, index + 1)] for index in range(least)]
    states.append([Edge(characters, least)])
    return states


def _form(
    name: str,
    fits: str,
    states: list[list[Edge]],
    final: set[int],
    characters: frozenset[str],
    *endings: str,
    start: str = "",
) -> Form:
    grammar = Grammar(tuple(tuple(state) for state in states), frozenset(final))
    return Form(name, re.compile(fits + r"\Z", re.ASCII), grammar, characters, endings, start)


#: Values nobody restricts: header values, VPC ids, tags (one printable character or more).
FREE = _form("free", r"[ -~]+", runs(PRINTABLE, 1), {1}, PRINTABLE, "", "zq")
ACCOUNT = _form(
    "account",
    r"[0-9]{12}",
    [[Edge(DIGITS, i + 1)] for i in range(12)] + [[]],
    {12},
    DIGITS,
    *("7" * n for n in range(12)),
)
NAMES = _form("names", r"[A-Za-z0-9_+=,.@-]+", runs(NAME, 1), {1}, NAME, "", "zq")
LOCALS = _form("locals", r"[!-?A-~]+", runs(LOCAL, 1), {1}, LOCAL, "", "zq")
#: What an ARN ends in: no colon, no wildcard. Names of buckets, topics and versions may begin with a digit.
_BODY = PRINTABLE - frozenset('*?:"')
RESOURCE = _form(
    "resource",
    r"[ !#-)+-9;->@A-Z\[-~]+",
    [[Edge(_BODY, 1)], [Edge(_BODY, 1)]],
    {1},
    _BODY,
    "",
    "zq",
)
SERVICE = _form(
    "service",
    r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?",
    [[Edge(LABEL, 1)], [Edge(LABEL, 1), Edge(frozenset("."), 0), Edge(frozenset("."), 2)]]
    + [[Edge(frozenset(c), 3 + i)] for i, c in enumerate("amazonaws.com.cn")]
    + [[]],
    {15, 18},
    LABEL,
    ".amazonaws.com",
    "zq.amazonaws.com",
)
ORGANIZATION = _form(
    "organization",
    r"o-[a-z0-9]{10,32}",
    [[Edge(frozenset("o"), 1)], [Edge(frozenset("-"), 2)]]
    + [[Edge(LOWER, 3 + i)] for i in range(10)]
    + [[Edge(LOWER, 12)]],
    {12},
    LOWER,
    *("z" * n for n in range(11)),
    start="o-",
)


def _prefixed(name: str, prefix: str) -> Form:
    """Ids that begin with a prefix; what follows is taken widely."""
    size, free = len(prefix), PRINTABLE - {" "}
    states = [[Edge(frozenset(c), 1 + i)] for i, c in enumerate(prefix)] + [[Edge(free, size + 1)]] * 2
    return _form(name, re.escape(prefix) + "[!-~]+", states, {size + 1}, free, "", "zq", start=prefix)


#: Amazon VPC User Guide: ids of VPCs begin with ``vpc-``, of their endpoints with ``vpce-``.
VPC = _prefixed("vpc", "vpc-")
VPC_ENDPOINT = _prefixed("vpc endpoint", "vpce-")
HOST = _form(
    "host",
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)+",
    [
        [Edge(LABEL, 1)],
        [Edge(LABEL, 1), Edge(frozenset("."), 2)],
        [Edge(LABEL, 3)],
        [Edge(LABEL, 3), Edge(frozenset("."), 2)],
    ],
    {3},
    LABEL,
    "",
    "zq",
    ".zq",
    "zq.zq",
)

#: What follows ``role/`` or ``user/`` in an ARN: path and name. The second automaton reads the name alone.
PATH_AND_NAME = Grammar(
    (
        (Edge(NAME, 1, 0b11), Edge(PATH, 2, 0b01)),
        (Edge(NAME, 1, 0b11),),
        (Edge(PATH, 2, 0b01), Edge(frozenset("/"), 0, 0b01)),
    ),
    frozenset({1}),
)
#: The same as one string.
PATHS = _form(
    "paths",
    r"(?:[!-.0-~]+/)*[A-Za-z0-9_+=,.@-]+",
    [
        [Edge(NAME, 1), Edge(PATH, 2)],
        [Edge(NAME, 1)],
        [Edge(PATH, 2), Edge(frozenset("/"), 0)],
    ],
    {1},
    NAME,
    "",
    "zq",
    "/zq",
)


def org_path(organization: str | None) -> Grammar:
    """Paths of one organization, or (None) any: ``o-…/r-…/ou-…-…/``; the second automaton reads the id."""
    head = list(literal_then(organization, [[]], [0], 0b11).edges[:-1]) if organization else []
    if not organization:
        head = [tuple(edge._replace(reads=0b11) for edge in state) for state in ORGANIZATION.grammar.edges]
    at = len(head) - (0 if organization else 1)
    slash = frozenset("/")
    tail: list[list[Edge]] = [[Edge(slash, at + 1)]]

    def add(characters: frozenset[str], more: tuple[Edge, ...] = ()) -> None:
        tail.append([Edge(characters, at + len(tail) + 1), *more])

    for letter in "r-":
        add(frozenset(letter))
    for _ in range(4):
        add(LOWER)
    tail.append([Edge(LOWER, at + len(tail)), Edge(slash, at + len(tail) + 1)])
    rest = at + len(tail)
    for letter in "ou-":
        add(frozenset(letter))
    for _ in range(4):
        add(LOWER)
    tail.append([Edge(LOWER, at + len(tail)), Edge(frozenset("-"), at + len(tail) + 1)])
    for _ in range(8):
        add(LOWER)
    tail.append([Edge(LOWER, at + len(tail)), Edge(slash, rest)])
    edges = [tuple(state) for state in head[:at]]
    first = (*head[at], *tail[0]) if not organization else tuple(tail[0])
    return Grammar((*edges, first, *(tuple(state) for state in tail[1:])), frozenset({rest}))


def source_arn(partition: str, account: str, deep: bool, more: frozenset[str] = frozenset()) -> Grammar:
    """ARNs of resources a service acts for: account ``account``, or no account in the ARN (S3 buckets).

    The resource has further colons only where ``deep``; ``more`` are characters it may hold beyond printable ASCII.
    """
    body = _BODY | more
    head = f"arn:{partition}:"
    colon = frozenset(":")
    a = 3  # the state at which the account starts
    b = a + len(account)
    rest = [
        [Edge(LABEL, 1)],
        [Edge(LABEL, 1), Edge(colon, 2)],
        [Edge(LABEL, 2), Edge(colon, a)],
        [Edge(frozenset(account[0]), a + 1), Edge(colon, b + 1)],
        *([Edge(frozenset(c), a + 2 + i)] for i, c in enumerate(account[1:])),
        [Edge(colon, b + 1)],
        [Edge(body, b + 2)],
        [Edge(body, b + 2), *([Edge(colon, b + 1)] if deep else [])],
    ]
    return literal_then(head, rest, [b + 2])


def vpc_arn(partition: str) -> Grammar:
    """ARNs of VPCs: ``arn:…:ec2:Region:account:vpc/vpc-…``."""
    colon = frozenset(":")
    rest = [
        [Edge(LABEL, 1)],
        [Edge(LABEL, 1), Edge(colon, 2)],
        *([Edge(DIGITS, 3 + i)] for i in range(12)),
        *([Edge(frozenset(c), 15 + i)] for i, c in enumerate(":vpc/vpc-")),
        [Edge(PRINTABLE - {" "}, 24)],
        [Edge(PRINTABLE - {" "}, 24)],
    ]
    return literal_then(f"arn:{partition}:ec2:", rest, [24])


def mail_address(domain: str) -> Grammar:
    """Addresses at ``domain`` and its subdomains."""
    size = len(domain)
    states = [
        [Edge(LOCAL, 1)],
        [Edge(LOCAL, 1), Edge(frozenset("@"), 2)],
        [Edge(LABEL | {"_"}, 3), Edge(frozenset(domain[0]), 4)],
        [Edge(LABEL | {"_"}, 3), Edge(frozenset("."), 2)],
        *([Edge(frozenset(c), 5 + i)] for i, c in enumerate(domain[1:])),
        [],
    ]
    return Grammar(tuple(tuple(state) for state in states), frozenset({3 + size}))


def written(groups: Groups) -> frozenset[str]:
    """The characters that patterns write."""
    return frozenset("".join([p for group in groups for text in group for p in text.pattern if isinstance(p, str)]))


@lru_cache(256)
def _free_with(more: frozenset[str]) -> Form:
    """The free form with further characters, beyond printable ASCII."""
    characters = PRINTABLE | more
    states = [[Edge(characters, 1)], [Edge(characters, 1)]]
    return replace(_form("free", "", states, {1}, characters, "", "zq"), fits=re.compile(r".+\Z", re.DOTALL))


@lru_cache(4096)
def members(form: Form, groups: Groups) -> tuple[str, ...]:
    """Strings of a form, at least one of every kind that the groups of patterns tell apart."""
    free = form is FREE
    if free and not written(groups) <= PRINTABLE:
        form = _free_with(written(groups) - PRINTABLE)
    simple = _simple(form, groups)
    if simple is None and free:  # any text read backwards is one as well
        backwards = _simple(form, tuple(tuple(map(_backwards, group)) for group in groups))
        simple = None if backwards is None else tuple(text[::-1] for text in backwards)
    if simple is not None:
        return simple
    return tuple(found.texts[0] for found in explore((groups,), form.grammar))


def _backwards(text: Text) -> Text:
    return text._replace(pattern=tuple([p[::-1] if isinstance(p, str) else p for p in reversed(text.pattern)]))


def _simple(form: Form, groups: Groups) -> tuple[str, ...] | None:
    """Without automata, for literals and ``beginning*`` patterns only (None: there are others)."""
    literals: set[str] = {form.start}
    for group in groups:
        for text in group:
            pattern = text.pattern
            if text.fielded:
                return None
            if pattern and pattern[-1] == MANY:
                pattern = pattern[:-1]
            if not all(isinstance(piece, str) for piece in pattern):
                return None
            literal = "".join(str(piece) for piece in pattern)
            if text.fold and literal.lower() != literal.upper():
                return None
            literals.add(literal)
    found = [literal for literal in sorted(literals) if form.fits.match(literal)]
    for beginning in literals:
        taken = {
            other[len(beginning)] for other in literals if len(other) > len(beginning) and other.startswith(beginning)
        }
        fresh = next((c for c in "zqjx97-k" if c in form.characters and c not in taken), None)
        if fresh is None:
            return None
        found += [
            whole
            for ending in form.endings
            if form.fits.match(whole := beginning + fresh + ending) and whole not in literals
        ][:1]
    return tuple(dict.fromkeys(found))


def accepts(groups: Groups, text: str) -> int:
    """Which groups match a text."""
    machine = compile_groups(groups)
    return machine.accepted(machine.run(machine.start, text))


def literal_group(*texts: str) -> tuple[Text, ...]:
    """A group that matches these texts exactly."""
    return tuple(Text((text,) if text else ()) for text in texts)
