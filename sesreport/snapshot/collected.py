"""Frames that a snapshot holds: what AWS said, as declared in ``frames/`` or by a collector."""

from __future__ import annotations

from sesreport.core.registry import Registry
from sesreport.core.schema import Frame
from sesreport.snapshot.coverage import COVERAGE

COLLECTED: Registry[Frame] = Registry("collected frame")


def collected(frame: Frame, *, module: str = "sesreport") -> Frame:
    """Registers a frame of a snapshot; ``module`` is where a collector of somebody else's declares its own."""
    COLLECTED.add(frame.name, frame, module)
    return frame


def frames() -> dict[str, Frame]:
    """Declarations of all collected frames by name, coverage last."""
    return {**COLLECTED, COVERAGE.name: COVERAGE}
