"""Frames as attributes: all built-in ones, typed, and a wrong name is told with the right one."""

from __future__ import annotations

from inspect import getattr_static

import pandas as pd
import pytest

from sesreport.analysis.registry import GIVEN, Analysis, derived_frames
from sesreport.core.errors import NoFrameError
from sesreport.core.frames import FrameAttribute, Framed
from sesreport.kpis.breakdown import KPI_BREAKDOWN
from sesreport.report.contents import Pack
from sesreport.snapshot.collected import frames
from sesreport.snapshot.store import Snapshot

BUILT_IN = {
    Snapshot: {*frames()},
    Analysis: {*frames(), *derived_frames()},
    Pack: {*frames(), *derived_frames(), *GIVEN, KPI_BREAKDOWN.name},
}


class Two(Framed):
    grants = FrameAttribute()
    broken = FrameAttribute()

    def frame_names(self) -> list[str]:
        return ["broken", "grants", "mine"]

    def frame(self, name: str) -> pd.DataFrame:
        if name == "broken":
            raise AttributeError("'NoneType' object has no attribute 'x'")
        if name not in self.frame_names():
            raise self.no_frame(name)
        return pd.DataFrame({"name": [name]})


@pytest.mark.parametrize("framed", BUILT_IN)
def test_every_built_in_frame_is_an_attribute(framed: type[Framed]) -> None:
    declared = {name for name in dir(framed) if isinstance(getattr_static(framed, name), FrameAttribute)}
    assert declared == BUILT_IN[framed]


def test_a_wrong_name_is_told_with_the_right_one() -> None:
    with pytest.raises(NoFrameError, match="Two has no frame 'grnats'; did you mean 'grants'"):
        Two().grnats  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(NoFrameError, match="did you mean 'grants'"):
        Two().frame("grnats")


def test_a_frame_of_somebody_else_s_is_asked_for_by_name() -> None:
    assert Two().frame("mine")["name"].tolist() == ["mine"]
    with pytest.raises(AttributeError, match=r"ask for \.frame\('mine'\)"):
        Two().mine  # type: ignore[attr-defined]  # noqa: B018


def test_a_fault_in_the_making_of_a_frame_is_not_taken_for_a_missing_one() -> None:
    with pytest.raises(RuntimeError, match="frame 'broken' cannot be made: 'NoneType' object"):
        Two().broken  # noqa: B018
