"""What the engine decides exactly, and how policy variables tie keys together.

A condition outside the fragment is never guessed: an Allow counts as if it held, a Deny as if it did not, and
the exposure says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sesreport.policy import forms, patterns
from sesreport.policy.automata import Budget, Edge, Found, Grammar, Groups, Text, explore
from sesreport.policy.axes import fresh_local
from sesreport.policy.grammar import OPERATORS, number
from sesreport.policy.keys import ValueSource, ValueType, key
from sesreport.policy.patterns import Pattern, Variable
from sesreport.policy.scene import Scene, Use

#: Variables in the values of one key that are followed.
MAX_COUPLINGS = 8

#: The last second of the year 9999.
_LAST_SECOND = 253_402_300_799

_TEXTUAL = frozenset({"string", "arn", "bool", "null"})
_BY_TYPE = {
    ValueType.IP: frozenset({"ip", "null"}),
    ValueType.NUMBER: frozenset({"numeric", "null"}),
    ValueType.DATE: frozenset({"date", "null"}),
}


def is_clear(scene: Scene, use: Use) -> bool:
    """Whether the candidates stand for every value as far as this condition can see."""
    condition = use.condition
    operator = OPERATORS[condition.operator]
    about = key(condition.name)
    if operator.family == "binary" or (condition.name in scene.given_up and operator.test != "Null"):
        return False
    if use.variables and any(not _follows(scene, condition.name, one) for _, one in _mentioned([use])):
        return False
    if operator.family in ("numeric", "date") and any(map(_too_fine, condition.values)):
        return False
    if about.source is ValueSource.TIME and any(map(_too_late, condition.values)):
        return False
    if condition.name == "aws:principalservicenameslist" and _with_other_names(scene):
        return False
    if condition.name == "aws:resourceorgid" and scene.organization.id is None:
        return False
    if about.source is ValueSource.FIXED or about.value_type is ValueType.BOOL:
        return operator.family in _TEXTUAL
    if about.value_type is not ValueType.TEXT:
        if condition.name == "aws:epochtime" and operator.family == "numeric":
            return True
        return operator.family in _BY_TYPE[about.value_type] or (
            about.value_type is ValueType.IP and _plain_addresses(use)
        )
    if operator.family in _TEXTUAL:
        return True
    mixed = any(OPERATORS[u.condition.operator].family in _TEXTUAL - {"null"} for u in scene.uses[condition.name])
    return about.source in (ValueSource.CALLER, ValueSource.TAG) and not mixed


def _too_fine(value: str) -> bool:
    """Whether a number or date is finer, or larger, than the candidates tell apart."""
    whole, _, fraction = value.partition(".")
    return len(fraction) > (9 if whole.lstrip("+-").isdigit() else 0) or len(whole) > 25 or _too_large(whole)


def _too_large(whole: str) -> bool:
    digits = whole.lstrip("+-")
    return digits.isdigit() and len(digits) > 14


def _too_late(value: str) -> bool:
    """Whether seconds lie beyond the last year that can be tried; these are most likely milliseconds."""
    found = number(value)
    return found is not None and found >= _LAST_SECOND


def _with_other_names(scene: Scene) -> bool:
    """Whether conditions look at several of a service's names: a call has one and a list of all of them."""
    uses = scene.uses.get("aws:principalservicenameslist", ())
    return len(uses) > 1 or bool(scene.uses.get("aws:principalservicename"))


#: Variables that say something about the value of the key itself, and are followed all the same.
_WITHIN = {
    ("aws:principalarn", "aws:principalaccount"),
    ("aws:sourcearn", "aws:sourceaccount"),
    ("aws:vpceaccount", "aws:principalaccount"),
}


def _follows(scene: Scene, name: str, variable: Variable) -> bool:
    about, other = key(name), key(variable.key)
    if other.source is ValueSource.FIXED:
        return scene.fixed[variable.key] is not None
    if other.multivalued or about.value_type is not ValueType.TEXT or other.value_type is not ValueType.TEXT:
        return False
    if about.source in (ValueSource.PRINCIPAL, ValueSource.NETWORK):
        return (name, variable.key) in _WITHIN
    return name != variable.key


def _plain_addresses(use: Use) -> bool:
    """Text comparison of an IP address: exact values are as good as /32 blocks, wildcards are too much."""
    wild = OPERATORS[use.condition.operator].test == "StringLike"
    return OPERATORS[use.condition.operator].family == "string" and not any(
        "$" in value or (wild and ("*" in value or "?" in value)) for value in use.condition.values
    )


@dataclass(slots=True)
class Links:
    """Keys tied together by variables, and values of the keys they name that the policies ask for.

    ``ties`` are pairs of axis names; ``needs`` maps an axis to the variables its conditions mention;
    ``extra`` maps a key to values it must be tried with.
    """

    ties: list[tuple[str, str]] = field(default_factory=list)
    needs: dict[str, list[str]] = field(default_factory=dict)
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def rank(self, name: str) -> tuple[int, int, str]:
        """The order in which axes can be built: the caller, what others mention, the rest."""
        return (name != "principal", len(self.needs.get(name, ())), name)

    def known(self, name: str, context: dict[str, tuple[str, ...]]) -> tuple[tuple[str, str | None], ...]:
        """The values that the variables mentioned on an axis have at a point."""
        found = []
        for variable in self.needs.get(name, ()):
            values = context.get(variable)
            found.append((variable, values[0] if values and len(values) == 1 else None))
        return tuple(found)


def link(scene: Scene, axis_name: Callable[[str], str]) -> Links:
    """Find every variable in use and what it ties together."""
    links = Links()
    if not scene.has_variables:
        return links
    wanted: dict[str, dict[str, None]] = {}
    for name, uses in list(scene.uses.items()):
        mentioned = [m for m in _mentioned(uses) if m[1].key not in scene.fixed and name not in scene.given_up]
        if len(mentioned) > MAX_COUPLINGS:
            raise Budget(f"more than {MAX_COUPLINGS} variables in values of one key", (name,))
        for pattern, variable in mentioned:
            at, of = axis_name(name), axis_name(variable.key)
            if at == of or not _follows(scene, name, variable):
                continue
            scene.uses.setdefault(variable.key, [])
            links.ties.append((at, of))
            needs = links.needs.setdefault(at, [])
            if variable.key not in needs:
                needs.append(variable.key)
            values = wanted.setdefault(variable.key, {})
            try:
                values.update(dict.fromkeys(_asked(scene, name, pattern, variable)))
            except Budget as limit:
                raise Budget(str(limit), (name,)) from None
    links.extra = {name: tuple(values) for name, values in wanted.items()}
    scene.extra_names = links.extra.get("aws:username", ())
    return links


def _mentioned(uses: list[Use]) -> Iterator[tuple[Pattern, Variable]]:
    for use in uses:
        operator = OPERATORS[use.condition.operator]
        if not use.variables or operator.family not in ("string", "arn", "bool"):
            continue
        for value in use.condition.values:
            wild = operator.test == "StringLike" or operator.family == "arn"
            pattern = patterns.parse(value, wildcards=wild, variables=True)
            for variable in patterns.variables_of(pattern):
                yield pattern, variable


def _asked(scene: Scene, name: str, pattern: Pattern, variable: Variable) -> Iterator[str]:
    """Values of a variable with which its pattern meets what other conditions ask of the key."""
    groups = scene.groups(name)
    at = pattern.index(variable)
    before = _opened(pattern[:at])
    after = _opened(pattern[at + 1 :])
    own = scene.groups(variable.key)
    characters = forms.NAME if variable.key == "aws:username" else forms.PRINTABLE
    whole = forms.mail_address(scene.identity.name) if name == "ses:fromaddress" else forms.FREE.grammar
    if key(name).source not in (ValueSource.FROM, ValueSource.CALLER, ValueSource.TAG):
        return
    if name == "ses:fromaddress" and not scene.identity.is_domain:
        yield from _parts_of(scene.identity.name, before, after)
        return
    for found in _through(groups, own, before, after, whole, characters):
        yield found.texts[1]
    if name == "ses:fromaddress":
        yield fresh_local(scene)


def _opened(pattern: Pattern) -> Pattern:
    return patterns.joined([patterns.MANY if isinstance(p, Variable) else p for p in pattern])


def _parts_of(text: str, before: Pattern, after: Pattern) -> Iterator[str]:
    for start in range(len(text)):
        if patterns.matches(before, text[:start]):
            for end in range(start + 1, len(text) + 1):
                if patterns.matches(after, text[end:]):
                    yield text[start:end]


def _through(
    groups: Groups, own: Groups, before: Pattern, after: Pattern, whole: Grammar, characters: frozenset[str]
) -> tuple[Found, ...]:
    """Texts of ``whole`` made of ``before``, a value, ``after``; the second automaton reads the value."""
    size = len(whole.edges)
    reads = (0b0101, 0b0011, 0b1001)
    edges: list[tuple[Edge, ...]] = []
    for phase in range(3):
        for state in whole.edges:
            moved = []
            for edge in state:
                for target in range(phase, 3):
                    if phase == 0 and target == 2:
                        continue  # the value is not empty
                    allowed = edge.characters & characters if target == 1 else edge.characters
                    if allowed:
                        moved.append(Edge(allowed, edge.target + target * size, reads[target]))
            edges.append(tuple(moved))
    final = frozenset(state + phase * size for state in whole.final for phase in (1, 2))
    automata = (groups, own, ((Text(before),),), ((Text(after),),))
    found = explore(automata, Grammar(tuple(edges), final))
    return tuple(one for one in found if one.accepted[2] and one.accepted[3])
