"""Is anything left of one box after others are cut away?

A box is one bit mask per axis: the points whose coordinates all lie in the masks. ``find`` looks for a point
of a box outside every other box by splitting along the axes that the first box in the way leaves uncovered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sesreport.policy.automata import Budget

Box = tuple[int, ...]


@dataclass(slots=True)
class Search:
    """A count of steps that may be spent; past it, :class:`Budget` is raised."""

    steps: int

    def find(self, box: Box, removed: Sequence[Box], start: int = 0) -> Box | None:
        """A non-empty part of ``box`` that no box of ``removed`` (from ``start`` on) meets, or None."""
        self.steps -= 1 + (len(removed) - start) // 8
        if self.steps < 0:
            raise Budget("more overlapping Deny statements than the engine follows")
        for index in range(start, len(removed)):
            other = removed[index]
            meets = True
            for mine, theirs in zip(box, other, strict=True):
                if not mine & theirs:
                    meets = False
                    break
            if not meets:
                continue
            inside = list(box)
            for axis, theirs in enumerate(other):
                rest = inside[axis] & ~theirs
                if rest:
                    part = (*inside[:axis], rest, *inside[axis + 1 :])
                    found = self.find(part, removed, index + 1)
                    if found is not None:
                        return found
                    inside[axis] &= theirs
            return None
        return box


def meet(box: Box, axis: int, mask: int) -> Box | None:
    """The part of a box whose coordinate on one axis lies in ``mask``; None when there is none."""
    inside = box[axis] & mask
    return (*box[:axis], inside, *box[axis + 1 :]) if inside else None
