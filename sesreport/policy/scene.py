"""What is asked about one identity: its policies, who is who, and which statements can matter.

Everything the candidate requests are built from comes from here; nothing here depends on an exposure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType

from sesreport.policy import patterns
from sesreport.policy.automata import Groups, Text
from sesreport.policy.grammar import OPERATORS
from sesreport.policy.model import Condition, Effect, Policy, Principal, Statement
from sesreport.policy.patterns import MANY, ONE, Pattern

#: The sending actions SES documents for identity policies (SES Developer Guide, "Identity policy anatomy").
SENDING_ACTIONS = (
    "ses:SendEmail",
    "ses:SendRawEmail",
    "ses:SendTemplatedEmail",
    "ses:SendBulkTemplatedEmail",
)

_IDENTITY = re.compile(r"arn:(aws[a-z-]*):ses:([a-z0-9-]+):([0-9]{12}):identity/(.+)\Z", re.ASCII | re.DOTALL)
ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}\Z")
_ACCOUNT_ID = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
#: The same, but not inside a name: the roles that CDK makes hold account ids, and a Deny of one names no account.
_BARE_ACCOUNT_ID = re.compile(r"(?<![0-9A-Za-z_.-])[0-9]{12}(?![0-9A-Za-z_.-])")


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified identity, taken from its ARN; ``name`` is a domain or an address."""

    arn: str
    partition: str
    region: str
    account: str
    name: str

    @property
    def is_domain(self) -> bool:
        return "@" not in self.name


@lru_cache(4096)
def read_identity(arn: str) -> Identity:
    """Take an identity ARN apart. Raises ``ValueError`` for text that is none."""
    match = _IDENTITY.match(arn)
    if not match:
        raise ValueError(f"not the ARN of an SES identity: {arn[:200]!r}")
    return Identity(arn, match[1], match[2], match[3], match[4])


@dataclass(frozen=True)
class Organization:
    """The AWS organization: its id (None: there is none), member accounts, and the management account."""

    id: str | None
    accounts: frozenset[str] = field(default_factory=frozenset)
    management_account: str | None = None

    def __init__(self, id: str | None, accounts: Iterable[str] = (), management_account: str | None = None):  # noqa: A002
        members = frozenset(accounts)
        if management_account is not None:
            members |= {management_account}
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "accounts", members)
        object.__setattr__(self, "management_account", management_account)

    def lists_members(self, own: str) -> bool:
        """Whether members are known beside one's own account."""
        return bool(self.accounts - {own})

    @cached_property
    def in_order(self) -> tuple[str, ...]:
        """The accounts, sorted once."""
        return tuple(sorted(self.accounts))


@dataclass(frozen=True, slots=True)
class Use:
    """A condition, and whether policy variables are in force where it stands."""

    condition: Condition
    variables: bool


@dataclass(slots=True)
class Scene:
    """One question: the statements that can match a sending request to ``identity``, and who is who."""

    identity: Identity
    organization: Organization
    register: frozenset[str]
    today: float
    actions: tuple[str, ...] = SENDING_ACTIONS
    statements: list[tuple[Statement, int]] = field(default_factory=list)
    uses: dict[str, list[Use]] = field(default_factory=dict)
    principals: list[Principal] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    named_orgs: set[str] = field(default_factory=set)
    extra_names: tuple[str, ...] = ()
    has_variables: bool = False
    has_not_principal: bool = False
    own_identities: tuple[str, ...] = ()
    given_up: frozenset[str] = frozenset()

    @property
    def fixed(self) -> dict[str, str | None]:
        """Keys that have the same value in every request to the identity; None where it is not known."""
        return {
            "aws:securetransport": "true",
            "aws:requestedregion": self.identity.region,
            "aws:resourceaccount": self.identity.account,
            "aws:resourceorgid": self.organization.id,
        }

    def groups(self, name: str, known: Mapping[str, str | None] = MappingProxyType({})) -> Groups:
        """The texts that conditions on a key compare with: one group a condition."""
        if name in self.given_up:
            return ()
        uses = self.uses.get(name)
        if not uses:
            return ()
        if self.has_variables:
            known = {**known, **self.fixed}
        return tuple([texts(use, known) for use in uses if use.condition.base != "Null"])


def texts(use: Use, known: Mapping[str, str | None]) -> tuple[Text, ...]:
    """What one condition compares with.

    A variable that ``known`` does not mention may stand for anything; one it maps to None has no value.
    """
    operator = OPERATORS[use.condition.operator]
    found = []
    for value in use.condition.values:
        pattern = _text_pattern(operator.family, operator.test, value, use.variables)
        if pattern is None:
            continue
        if any(isinstance(piece, patterns.Variable) for piece in pattern):
            opened = _open(pattern, known)
            if opened is None:
                continue
            pattern = opened
        found.append(Text(pattern, operator.test in ("StringEqualsIgnoreCase", "Bool"), operator.family == "arn"))
    return tuple(found)


@lru_cache(8192)
def _text_pattern(family: str, test: str, value: str, variables: bool) -> Pattern | None:
    if family == "arn":
        pattern = patterns.parse(value, wildcards=True, variables=variables)
        return pattern if len(patterns.fields(pattern)) == 6 else None
    if family in ("string", "bool"):
        return patterns.parse(value, wildcards=test == "StringLike", variables=variables)
    return None


def _open(pattern: Pattern, known: Mapping[str, str | None]) -> Pattern | None:
    pieces: list[patterns.Piece] = []
    for piece in pattern:
        if not isinstance(piece, patterns.Variable):
            pieces.append(piece)
        elif piece.key not in known:
            pieces.append(MANY)
        else:
            value = known[piece.key]
            value = piece.default if value is None else value
            if value is None:
                return None
            pieces.append(value)
    return patterns.joined(pieces)


def add_policies(scene: Scene, policies: Iterable[Policy]) -> list[tuple[Statement, int]]:
    """Find the statements that can match a request for one of ``scene.actions``, and all that they mention.

    Each comes with a mask of the actions it covers.
    """
    found = []
    for policy in policies:
        for statement in policy.statements:
            _name_names(scene, statement)
            mask = action_mask(statement.actions, statement.not_action, scene.actions)
            applied = _on_identity(statement, scene) if mask else None
            if applied is not None:
                found.append((applied, mask))
                scene.principals += applied.principals
                scene.has_not_principal |= applied.not_principal
                for condition in applied.conditions:
                    _use(scene, condition, applied.variables)
    return found


def _name_names(scene: Scene, statement: Statement) -> None:
    for principal in statement.principals:
        if principal.account:
            scene.named.add(principal.account)
    for condition in statement.conditions:
        if condition.name in ("aws:principalorgid", "aws:principalorgpaths"):
            found = (value.split("/")[0].lower() for value in condition.values)
            scene.named_orgs.update(one for one in found if ORGANIZATION_ID.match(one))
        form = _ACCOUNT_ID if statement.effect is Effect.ALLOW else _BARE_ACCOUNT_ID
        for value in condition.values:
            if len(value) >= 12:
                scene.named.update(form.findall(value))


@lru_cache(4096)
def action_mask(elements: tuple[str, ...], not_action: bool, actions: tuple[str, ...]) -> int:
    """Bit *i* is set when an Action or NotAction element covers ``actions[i]``."""
    parsed = [patterns.parse(one.lower(), wildcards=True, variables=False) for one in elements]
    mask = 0
    for index, action in enumerate(actions):
        name = action.lower()
        mask |= (any(patterns.matches(one, name) for one in parsed) != not_action) << index
    return mask


def _on_identity(statement: Statement, scene: Scene) -> Statement | None:
    """The statement as it applies to one identity; None when it does not.

    A variable in a resource makes the caller's value part of the question: it becomes a condition on that
    key.
    """
    arn = scene.identity.arn
    if not statement.not_resource and statement.resources in (("*",), (arn,)):
        return statement
    asked: dict[str, dict[str, None]] = {}
    defaults: set[str] = set()
    for value in statement.resources:
        pattern = patterns.parse(value, wildcards=True, variables=statement.variables)
        variables = patterns.variables_of(pattern)
        if variables:
            pattern = _with_fixed(pattern, scene.fixed)
            variables = patterns.variables_of(pattern)
        if not variables:
            if patterns.resource_matches(pattern, arn):
                return None if statement.not_resource else statement
            continue
        for variable, text in _fitting(pattern, arn):
            asked.setdefault(variable.key, {})[text] = None
            if variable.default == text:
                defaults.add(variable.key)
    if not asked:
        return statement if statement.not_resource else None
    base = "StringNotEquals" if statement.not_resource else "StringEquals"
    found = []
    for name, values in asked.items():
        absent = (name in defaults) != statement.not_resource
        operator = base + "IfExists" if absent and not statement.not_resource else base
        found.append(Condition(operator, "", base, operator != base, name, name, tuple(values)))
    if len(found) > 1 and not statement.not_resource:
        found = [Condition("BinaryEquals", "", "BinaryEquals", False, n, n, tuple(v)) for n, v in asked.items()]
    return replace(statement, conditions=(*statement.conditions, *found))


def _with_fixed(pattern: Pattern, fixed: Mapping[str, str | None]) -> Pattern:
    """The pattern with the values of fixed keys in place of their variables."""
    pieces = [fixed.get(p.key) or p if isinstance(p, patterns.Variable) else p for p in pattern]
    return patterns.joined(pieces)


def _fitting(pattern: Pattern, text: str) -> Iterator[tuple[patterns.Variable, str]]:
    """Values of the variables with which a pattern may match: each on its own, the others being anything."""
    for at, piece in enumerate(pattern):
        if not isinstance(piece, patterns.Variable):
            continue
        steps = patterns.resource_symbols(pattern)
        place = sum(len(p) if isinstance(p, str) else 1 for p in pattern[:at])
        starts = [i for i in range(len(text) + 1) if patterns.symbols_match(steps[:place], text[:i])]
        ends = [i for i in range(len(text) + 1) if patterns.symbols_match(steps[place + 1 :], text[i:])]
        for start in starts:
            for end in ends:
                if start <= end:
                    yield piece, text[start:end]


def _use(scene: Scene, condition: Condition, variables: bool) -> None:
    if variables and not scene.has_variables:
        scene.has_variables = any("${" in value for value in condition.values)
    uses = scene.uses.setdefault(condition.name, [])
    if all(use.condition != condition or use.variables != variables for use in uses):
        uses.append(Use(condition, variables))


def digit_runs(pattern: Pattern) -> set[Pattern]:
    """The parts of a pattern that can meet part of an account id: digits, ``?`` and ``*`` between colons."""
    segments: list[list[list[object]]] = [[[]]]
    for piece in pattern:
        for symbol in piece if isinstance(piece, str) else (piece,):
            if symbol == ":":
                segments.append([[]])
            elif symbol == MANY:
                segments[-1].append([])
            else:
                segments[-1][-1].append(symbol)
    found: set[Pattern] = set()
    for chunks in segments:
        for first, chunk in enumerate(chunks):
            for start in _starts(chunk):
                found.update(_runs_from(chunks, first, start))
    return {one for one in found if any(isinstance(piece, str) for piece in one)}


def _starts(chunk: list[object]) -> Iterator[int]:
    """Where an account id may begin: at the beginning, or after a ``?`` that stands for a colon."""
    yield 0
    yield from (index + 1 for index, symbol in enumerate(chunk) if symbol == ONE)


def _runs_from(chunks: list[list[object]], first: int, start: int) -> Iterator[Pattern]:
    before: list[patterns.Piece] = [MANY] if first and not start else []
    run: list[patterns.Piece] = []
    for last in range(first, len(chunks)):
        if last > first:
            run.append(MANY)
        for symbol in chunks[last][start if last == first else 0 :]:
            if symbol == ONE:
                yield patterns.joined([*before, *run])  # it may stand for the colon that ends the id
                run.append(ONE)
            elif isinstance(symbol, str) and symbol.isdigit():
                run.append(symbol)
            else:
                return
        yield patterns.joined([*before, *run, *([MANY] if last < len(chunks) - 1 else [])])
