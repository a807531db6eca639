"""An analysis: a snapshot judged by a configuration and a register, frame by frame, each made when first asked for.

A derived frame is one function under :func:`derived`, in a file of its own; it may ask for any other frame as an
attribute of the analysis, and the order follows from that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import pandas as pd

from sesreport.analysis.frame_attributes import AnalyzedFrames
from sesreport.analysis.judged_identities import JudgedIdentityCache
from sesreport.core.period import Period
from sesreport.core.registry import Registry
from sesreport.core.schema import Frame
from sesreport.settings.attestations import FRAME as ATTESTATIONS
from sesreport.settings.config import Config
from sesreport.settings.register import FRAME as REGISTER
from sesreport.snapshot.store import Snapshot
from sesreport.usage.settings_exports import SettingsExports

if TYPE_CHECKING:
    from sesreport.analysis.elsewhere import Elsewhere
    from sesreport.usage.cost_exports import CostExports

GIVEN = {REGISTER.name: REGISTER, ATTESTATIONS.name: ATTESTATIONS}
"""Frames that people keep: they are given to an analysis, under their own names."""
Made = TypeVar("Made")
Of = ParamSpec("Of")


@dataclass
class Analysis(AnalyzedFrames):
    """All frames of one period: what AWS said (from the snapshot) and what follows from it."""

    snapshot: Snapshot
    config: Config
    register: pd.DataFrame
    period: Period
    previous: Analysis | None = None
    """The analysis of an earlier snapshot to compare with."""
    executor: Executor | None = field(default=None, repr=False)
    """Where policies are judged; in this thread without one."""
    cost_exports: SettingsExports = field(default_factory=SettingsExports, repr=False, compare=False)
    """The cost exports that the settings name, read when first asked for; the analyses of a history share them."""
    cache: JudgedIdentityCache = field(default_factory=JudgedIdentityCache, repr=False, compare=False)
    """Exposures worked out before; the analyses of a history share one."""
    attestations: pd.DataFrame = field(default_factory=ATTESTATIONS.empty, repr=False)
    """Answers of reviewers given up to the day of the snapshot, oldest first."""
    owners: frozenset[str] | None = field(default=None, repr=False)
    """Names in the settings' directory of owners; None without one."""
    real: Analysis | None = field(default=None, repr=False, compare=False)
    """Of an imagined snapshot, the analysis of the real one: what happened before it is the same."""
    elsewhere: Elsewhere | None = field(default=None, repr=False, compare=False)
    """Processes that work out some of it beforehand, where there are any."""
    _made: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)
    _once: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    remembered: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Frames of :mod:`sesreport.analysis.remembered`."""

    def once(self, make: Callable[Concatenate[Analysis, Of], Made], *of: Of.args, **named: Of.kwargs) -> Made:
        """What ``make`` makes of this analysis and of hashable arguments, made when first asked for and not changed."""
        key = (make, of, *named.items())
        if key not in self._once:
            self._once[key] = make(self, *of, **named)
        return self._once[key]  # type: ignore[no-any-return]

    @property
    def exports(self) -> CostExports:
        """What the cost exports of the settings hold. Raises ConfigError for a path that is not there."""
        return self.cost_exports.read

    def release(self) -> None:
        """Forgets what can be made again, as a long history would fill the memory; what is remembered stays."""
        self._made.clear()
        self._once.clear()
        self.snapshot.release()

    @property
    def today(self) -> date:
        """The day the snapshot was begun: the only clock of an analysis."""
        return self.snapshot.started_at.date()

    @property
    def organization_id(self) -> str | None:
        """``o-…``, or None for a single account."""
        ids = self.snapshot.accounts["organization_id"].dropna()
        return str(ids.iloc[0]) if len(ids) else None

    @property
    def chain(self) -> list[Analysis]:
        """This analysis and all earlier ones it is compared with, oldest first."""
        out = [self]
        while (before := out[-1].previous) is not None:
            out.append(before)
        return out[::-1]

    def frame_names(self) -> Iterable[str]:
        return [*dict.fromkeys([*self.snapshot.frame_names(), *GIVEN, *derived_frames()])]

    def frame(self, name: str) -> pd.DataFrame:
        """A frame that was collected, derived, or given with it (:data:`GIVEN`); also of somebody else's."""
        if name in GIVEN:
            given: pd.DataFrame = getattr(self, name)
            return given
        if name not in self._made:
            if name not in FRAMES:
                if name not in self.snapshot.frame_names():
                    raise self.no_frame(name)
                return self.snapshot.frame(name)
            declared, make = FRAMES[name]
            self._made[name] = declared.conform(make(self))
        return self._made[name]

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every frame by name: collected (or enriched), given, derived."""
        return {name: self.frame(name) for name in self.frame_names()}


Make = Callable[[Analysis], pd.DataFrame]
FRAMES: Registry[tuple[Frame, Make]] = Registry("frame")


def derived(frame: Frame) -> Callable[[Make], Make]:
    """Registers the function that makes a derived frame; one named like a collected frame takes its place."""

    def register(make: Make) -> Make:
        FRAMES.add(frame.name, (frame, make), make.__module__)
        return make

    return register


def derived_frames() -> dict[str, Frame]:
    """Declarations of all derived frames by name."""
    return {name: frame for name, (frame, _) in sorted(FRAMES.items())}
