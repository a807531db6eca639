"""Which callers get through: what each Allow still reaches after every Deny, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sesreport.policy.accounts import Standing
from sesreport.policy.axes import CallOrigin, spellings
from sesreport.policy.callers import Who
from sesreport.policy.evaluator import Request
from sesreport.policy.model import Statement
from sesreport.policy.scene import SENDING_ACTIONS, Scene
from sesreport.policy.search import Box, Search, meet
from sesreport.policy.space import AxisPoint, Space


@dataclass(frozen=True, slots=True)
class Through:
    """A part of an Allow that no Deny meets, and the class of callers asked for."""

    statement: Statement
    box: Box


@dataclass(slots=True)
class Reach:
    """All that gets through in one space.

    ``callers`` is the mask of points on the first axis that can send; ``publics`` are parts, one a statement,
    that strangers reach by means anybody has; ``fresh`` a part in which an outsider uses an arbitrary From
    address.
    """

    space: Space
    parts: list[Through] = field(default_factory=list)
    callers: int = 0
    publics: list[Through] = field(default_factory=list)
    fresh: Through | None = None

    @property
    def public(self) -> Through | None:
        """A part that strangers reach, if any."""
        return self.publics[0] if self.publics else None

    def who(self) -> Iterator[Who]:
        """The kinds of callers that can send."""
        return (who for _, who in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Who]]:
        """The same with their numbers on the first axis."""
        rest = self.callers
        points = self.space.axes[0].points
        while rest:
            low = rest & -rest
            index = low.bit_length() - 1
            who = points[index].who
            assert who is not None
            yield index, who
            rest ^= low

    def parts_with(self, mask: int) -> Iterator[Through]:
        """The parts of the reach whose caller lies in ``mask``."""
        for through in self.parts:
            inside = meet(through.box, 0, mask)
            if inside is not None:
                yield Through(through.statement, inside)


def reach(space: Space, search: Search) -> Reach:
    """Subtract the Deny boxes from the Allow boxes."""
    found = Reach(space)
    if not space.allows:
        return found
    public_mask, place_axis, place_mask = _public(space)
    outside = space.axes[0].where(lambda point: point.who is not None and point.who.standing is not Standing.OWN)
    from_axis = space.axis_of("from")
    fresh_mask = 0
    if from_axis is not None and space.fresh is not None:
        held = space.axes[from_axis].by_value("ses:fromaddress")
        for address in spellings(space.fresh):
            fresh_mask |= held.get((address,), 0)
    for statement, box in space.allows:
        rest: Box | None = box
        while rest is not None:
            part = search.find(rest, space.denies)
            if part is None:
                break
            found.parts.append(Through(statement, part))
            found.callers |= part[0]
            rest = meet(rest, 0, ~part[0])
        if found.callers & public_mask:
            public = _first(statement, box, [(0, public_mask), (place_axis, place_mask)], space, search)
            if public is not None:
                found.publics.append(public)
        if found.fresh is None and space.fresh is not None:
            found.fresh = _first(statement, box, [(0, outside), (from_axis, fresh_mask)], space, search)
    return found


def _first(
    statement: Statement, box: Box, masks: Sequence[tuple[int | None, int]], space: Space, search: Search
) -> Through | None:
    inside: Box | None = box
    for axis, mask in masks:
        if axis is not None and inside is not None:
            inside = meet(inside, axis, mask)
    if inside is None:
        return None
    part = search.find(inside, space.denies)
    return None if part is None else Through(statement, part)


def _public(space: Space) -> tuple[int, int | None, int]:
    """Strangers nobody can tell from others, and the places anybody can call from."""

    def common(point: AxisPoint) -> bool:
        who = point.who
        assert who is not None
        return who.standing is Standing.STRANGER and who.common and (point.origin is None or point.origin.common)

    axis = space.axis_of("network")
    if axis is None or axis == 0:
        return space.axes[0].where(common), None, 0
    origins = space.axes[axis].where(lambda point: point.origin is not None and point.origin.common)
    return space.axes[0].where(common), axis, origins


def example(scene: Scene, space: Space, box: Box) -> tuple[Request, Who, CallOrigin | None]:
    """One request inside a part, with all that a real one would carry."""
    context: dict[str, tuple[str, ...]] = {}
    who: Who | None = None
    origin: CallOrigin | None = None
    for axis, mask in zip(space.axes, box, strict=False):
        point = axis.points[(mask & -mask).bit_length() - 1]
        context.update(point.context)
        who = who or point.who
        origin = origin or point.origin
    assert who is not None
    action = scene.actions[(box[-1] & -box[-1]).bit_length() - 1]
    for name, value in _usual(scene, space, who).items():
        if name not in scene.uses and (name != "ses:fromaddress" or action in SENDING_ACTIONS):
            context.setdefault(name, value)
    return Request(who.caller, action, scene.identity.arn, context), who, origin


def _usual(scene: Scene, space: Space, who: Who) -> dict[str, tuple[str, ...]]:
    """What every request has, for the keys no policy looks at; the time is left out, as it then never matters."""
    usual: dict[str, tuple[str, ...]] = {
        "ses:fromaddress": (space.fresh or scene.identity.name,),
        **{name: (value,) for name, value in scene.fixed.items() if value is not None},
    }
    if who.standing is not Standing.SERVICE and space.axis_of("network") is None:
        usual["aws:sourceip"] = ("198.18.77.77",)
    return usual
