"""Any frame of a pack may be empty while the others have rows: a first pack has no register, no history, no costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from sesreport.report.contents import Pack
from sesreport.report.deck.description import SLIDES
from sesreport.report.html.section import SECTIONS
from sesreport.report.workbook.description import registered

PARTS: dict[str, Callable[[Pack], object]] = {
    **{f"sheet {each.title}": each.build for each in registered()},
    **{f"section {each.id}": each.make for each in SECTIONS.values()},
    **{f"slide {each.name}": each.build for each in SLIDES.values()},
}


class Watched(Mapping[str, pd.DataFrame]):
    """Frames that note which of them were asked for."""

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self.frames, self.asked = frames, set[str]()

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self.frames:
            self.asked.add(name)
        return self.frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_built_when_any_one_of_its_frames_has_no_rows(part: str, demo_pack: Pack) -> None:
    watched = Watched(demo_pack.frames)
    PARTS[part](replace(demo_pack, frames=watched))
    failed: dict[str, Any] = {}
    for name in watched.asked:
        frames = {**demo_pack.frames, name: demo_pack.frames[name].iloc[:0]}
        try:
            PARTS[part](replace(demo_pack, frames=frames))
        except Exception as error:  # noqa: BLE001 (any error is what the test looks for)
            failed[name] = error
    assert not failed
