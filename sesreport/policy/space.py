"""The requests that can be made to an identity, as points on axes, and the statements as boxes among them.

There are two spaces: callers that belong to an account, and AWS services that call directly. Conditions are
evaluated by the referee's own code, once for every candidate value; what makes the result hold for all
requests is that the candidates stand for every kind of value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sesreport.policy import patterns
from sesreport.policy.automata import Budget
from sesreport.policy.axes import CallOrigin, call_origins, chosen_values, from_addresses, times
from sesreport.policy.callers import Context, Who, people
from sesreport.policy.evaluator import Caller, CallerKind, Request, condition_holds, principal_matches
from sesreport.policy.fragment import Links, is_clear
from sesreport.policy.keys import ValueSource, key
from sesreport.policy.model import Condition, Effect, Statement
from sesreport.policy.scene import SENDING_ACTIONS, Scene, Use
from sesreport.policy.search import Box
from sesreport.policy.services import services

#: More candidate requests on one axis than this are not followed.
MAX_POINTS = 20_000

_FROM = "ses:fromaddress"
#: Keys that only sending has (Service Authorization Reference, "Condition keys for Amazon SES").
_MAIL_KEYS = (_FROM, "ses:fromdisplayname", "ses:feedbackaddress", "ses:recipients")

_NOBODY = Caller(CallerKind.ROOT, "")
#: Keys of the caller's choosing that a service's own call does not have.
_NOT_SERVICES = {
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:tokenissuetime",
    "aws:sourceidentity",
}


@dataclass(frozen=True, slots=True)
class AxisPoint:
    """One candidate on an axis; ``who`` and ``origin`` are set when the axis says who signs and from where."""

    context: Context
    who: Who | None = None
    origin: CallOrigin | None = None


@dataclass(slots=True)
class Axis:
    """Candidates that no other axis depends on; ``values`` maps a key's value to the points that have it."""

    points: list[AxisPoint]
    names: frozenset[str]
    values: dict[str, dict[tuple[str, ...] | None, int]] = field(default_factory=dict)

    @property
    def full(self) -> int:
        return (1 << len(self.points)) - 1

    def by_value(self, name: str) -> dict[tuple[str, ...] | None, int]:
        """Every value of a key on this axis, with its points."""
        found = self.values.get(name)
        if found is None:
            found = self.values[name] = {}
            for index, point in enumerate(self.points):
                value = point.context.get(name)
                found[value] = found.get(value, 0) | 1 << index
        return found

    def where(self, test: Callable[[AxisPoint], bool]) -> int:
        """The points that pass a test."""
        mask = 0
        for index, point in enumerate(self.points):
            if test(point):
                mask |= 1 << index
        return mask


@dataclass(slots=True)
class Space:
    """Axes (the first says who signs; a box's last coordinate is the action), and statements as boxes."""

    axes: list[Axis]
    fresh: str | None
    allows: list[tuple[Statement, Box]] = field(default_factory=list)
    denies: list[Box] = field(default_factory=list)

    def axis_of(self, name: str) -> int | None:
        """Which axis has a source or a key; None when none needs to."""
        return next((index for index, axis in enumerate(self.axes) if name in axis.names), None)


def build(scene: Scene, links: Links, *, of_services: bool) -> Space:
    """All requests of one kind of caller. Raises :class:`Budget` when there are too many to follow."""
    try:
        addresses = from_addresses(scene, {})
    except Budget as limit:
        raise Budget(str(limit), (_FROM,)) from None
    axes: list[Axis] = []
    for names in _merged(scene, links):
        points = [AxisPoint({})]
        for name in names:
            try:
                points = list(_extend(scene, links, points, name, addresses, of_services))
            except Budget as limit:
                raise Budget(str(limit), limit.keys or _blamed(scene, name, of_services)) from None
            if len(points) > MAX_POINTS:
                raise Budget(f"more than {MAX_POINTS:,} candidate requests", tuple(names[1:]))
        axes.append(Axis(points, frozenset(names)))
    space = Space(axes, addresses[0] if scene.identity.is_domain else None)
    _add_statements(scene, space)
    _add_impossible(scene, space)
    return space


def _blamed(scene: Scene, name: str, of_services: bool) -> tuple[str, ...]:
    """The keys to give up when an axis asks for too much: those with the freest values first."""
    if name == ValueSource.FROM.value:
        return (_FROM,)
    if name != ValueSource.PRINCIPAL.value:
        return (name,) if name in scene.uses else tuple(k for k in scene.uses if axis_name(k) == name)
    freest = ("aws:sourcearn",) if of_services else ("aws:principalarn", "aws:userid", "aws:username")
    blamed = tuple(k for k in freest if k in scene.uses and k not in scene.given_up)
    return blamed or tuple(k for k in scene.uses if axis_name(k) == name)


def _merged(scene: Scene, links: Links) -> list[tuple[str, ...]]:
    """Names of axes, those that variables tie together in one, the caller's first."""
    names = ["principal"]
    for name in sorted(scene.uses):
        axis = axis_name(name)
        if axis not in names:
            names.append(axis)
    if not links.ties:
        return [(name,) for name in names]
    order = {name: index for index, name in enumerate(sorted(names, key=links.rank))}
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for left, right in links.ties:
        one, other = root(left), root(right)
        first, second = sorted((one, other), key=names.index)
        parent[second] = first
    merged: dict[str, list[str]] = {}
    for name in names:
        merged.setdefault(root(name), []).append(name)
    return [tuple(sorted(group, key=order.__getitem__)) for group in merged.values()]


def axis_name(name: str) -> str:
    """The axis a key lies on: its source, or the key itself where the caller chooses it alone."""
    source = key(name).source
    return name if source in (ValueSource.CALLER, ValueSource.TAG, ValueSource.FIXED) else source.value


def _extend(
    scene: Scene, links: Links, points: list[AxisPoint], name: str, addresses: tuple[str, ...], of_services: bool
) -> Iterable[AxisPoint]:
    if name == ValueSource.PRINCIPAL.value:
        for who in services(scene) if of_services else people(scene):
            yield AxisPoint(who.context, who)
        return
    if name == ValueSource.NETWORK.value:
        origins: dict[tuple[tuple[str, str | None], ...], list[CallOrigin]] = {}
        for point in points:
            values = links.known(name, point.context)
            if values not in origins:
                origins[values] = [CallOrigin({}, True)] if of_services else call_origins(scene, dict(values))
            for origin in origins[values]:
                yield AxisPoint({**point.context, **origin.context}, point.who, origin)
        return
    known: dict[tuple[tuple[str, str | None], ...], list[Context]] = {}
    for point in points:
        values = links.known(name, point.context)
        if values not in known:
            known[values] = list(_options(scene, links, name, dict(values), addresses, of_services))
        for option in known[values]:
            if not (key(name).source is ValueSource.TAG and option and point.who and not _can_be_tagged(point.who)):
                yield AxisPoint({**point.context, **option}, point.who, point.origin)


def _options(
    scene: Scene,
    links: Links,
    name: str,
    known: dict[str, str | None],
    addresses: tuple[str, ...],
    of_services: bool,
) -> Iterable[Context]:
    if name == ValueSource.TIME.value:
        yield from times(scene)
    elif name == ValueSource.FROM.value:
        if known:
            addresses = from_addresses(scene, known)
        for address in addresses:
            yield {_FROM: (address,)}
        if scene.actions != SENDING_ACTIONS:
            yield {}
    elif of_services and (name in _NOT_SERVICES or key(name).source is ValueSource.TAG):
        yield {}
    else:
        for value in chosen_values(scene, name, links.extra.get(name, ()), known):
            yield {} if value is None else {name: value}


def _can_be_tagged(who: Who) -> bool:
    return who.caller.kind in (CallerKind.USER, CallerKind.ROLE_SESSION)


def _add_impossible(scene: Scene, space: Space) -> None:
    """Cut away what cannot be, like a Deny: tags of others than users and roles, mail keys without mail."""
    _tie_mail_to_sending(scene, space)
    for index, axis in enumerate(space.axes):
        (name, *more) = axis.names
        if more or key(name).source is not ValueSource.TAG:
            continue
        tagged = axis.full & ~axis.by_value(name).get(None, 0)
        box = [a.full for a in space.axes] + [(1 << len(scene.actions)) - 1]
        box[0] = space.axes[0].where(lambda point: point.who is not None and not _can_be_tagged(point.who))
        box[index] = tagged
        if box[0] and tagged:
            space.denies.append(tuple(box))


def _tie_mail_to_sending(scene: Scene, space: Space) -> None:
    sending = (1 << len(SENDING_ACTIONS)) - 1
    others = (1 << len(scene.actions)) - 1 & ~sending
    if not others:
        return
    for name in _MAIL_KEYS:
        at = space.axis_of(axis_name(name))
        if at is None or name not in scene.uses:
            continue
        absent = space.axes[at].by_value(name).get(None, 0)
        whole = [axis.full for axis in space.axes]
        for mask, actions in (
            (space.axes[at].full & ~absent, others),
            (absent if name == _FROM else 0, sending),
        ):
            if mask:
                space.denies.append((*whole[:at], mask, *whole[at + 1 :], actions))


def _add_statements(scene: Scene, space: Space) -> None:
    for statement, actions in scene.statements:
        box = statement_box(scene, space, statement, actions)
        if box is None:
            continue
        if statement.effect is Effect.ALLOW:
            space.allows.append((statement, box))
        else:
            space.denies.append(box)


def statement_box(
    scene: Scene, space: Space, statement: Statement, actions: int, *, doubtful: Effect = Effect.ALLOW
) -> Box | None:
    """Where a statement matches.

    Conditions that cannot be decided count as met in statements of the ``doubtful`` effect, else as not met.
    """
    box = [axis.full for axis in space.axes]
    principals: dict[Caller, bool] = {}
    mask = 0
    for index, point in enumerate(space.axes[0].points):
        assert point.who is not None
        caller = point.who.caller
        matched = principals.get(caller)
        if matched is None:
            matched = principals[caller] = principal_matches(statement, caller)
        if matched:
            mask |= 1 << index
    box[0] = mask
    for condition in statement.conditions:
        if not is_clear(scene, Use(condition, statement.variables)):
            if statement.effect is not doubtful:
                return None
            continue
        at = space.axis_of(axis_name(condition.name))
        assert at is not None, "every key in use lies on an axis"
        box[at] &= condition_mask(space.axes[at], condition, scene.fixed if statement.variables else None)
        if not box[at]:
            return None
    return (*box, actions) if mask else None


def condition_mask(axis: Axis, condition: Condition, fixed: Mapping[str, str | None] | None) -> int:
    """The points of an axis where a condition holds; ``fixed`` are fixed keys' values where variables are in force."""
    mask = 0
    variables = fixed is not None
    if fixed is not None and any("${" in value for value in condition.values) and _mentions(condition):
        always = {name: (value,) for name, value in fixed.items() if value is not None}
        for index, point in enumerate(axis.points):
            if condition_holds(condition, Request(_NOBODY, "", "", {**always, **point.context}), True):
                mask |= 1 << index
        return mask
    for value, points in axis.by_value(condition.name).items():
        context = {} if value is None else {condition.name: value}
        if condition_holds(condition, Request(_NOBODY, "", "", context), variables):
            mask |= points
    return mask


def _mentions(condition: Condition) -> bool:
    return any(
        patterns.variables_of(patterns.parse(value, wildcards=True, variables=True)) for value in condition.values
    )
