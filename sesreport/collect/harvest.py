"""Rows of all lanes, and the frames they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from sesreport.collect.registry import collectors
from sesreport.core.errors import SchemaError
from sesreport.core.schema import Frame, Row
from sesreport.snapshot import coverage
from sesreport.snapshot.collected import frames
from sesreport.snapshot.coverage import COVERAGE


@dataclass
class Harvest:
    """Rows of all lanes so far."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in frames()})

    def add(self, rows: Mapping[str, Sequence[Row]], covered: Sequence[Row]) -> None:
        """Rows by frame, and the coverage rows that speak of them."""
        for name, found in rows.items():
            self.rows[name].extend(found)
        self.rows[COVERAGE.name].extend(covered)

    def frames(self) -> dict[str, pd.DataFrame]:
        """All frames; where one cannot hold what a place answered, the place's coverage says so instead."""
        made = {}
        for name, declared in frames().items():
            if name == COVERAGE.name:
                continue
            try:
                made[name] = _frame(declared, self.rows[name])
            except SchemaError:
                made[name] = _frame(declared, self._sound(declared))
        return {**made, COVERAGE.name: _frame(COVERAGE, self.rows[COVERAGE.name])}

    def _sound(self, declared: Frame) -> list[Row]:
        """The rows of the account × Region places whose rows all keep the frame's promises."""
        places: dict[tuple[str, str], list[Row]] = {}
        for entry in self.rows[declared.name]:
            places.setdefault((str(entry["account_id"]), str(entry.get("region"))), []).append(entry)
        sound: list[Row] = []
        for (account_id, region), rows in places.items():
            try:
                declared.from_rows(rows)
                sound += rows
            except SchemaError as error:
                self._not_held(declared.name, account_id, region, str(error))
        return sound

    def _not_held(self, dataset: str, account_id: str, region: str, reason: str) -> None:
        regional = any(c.scope == "region" and dataset in {f.name for f in c.frames} for c in collectors().values())
        for index, entry in enumerate(self.rows[COVERAGE.name]):
            here = (entry["account_id"], entry["region"]) == (account_id, region) or not regional
            if here and entry["dataset"] == dataset:
                changed = {"status": coverage.ERROR, "reason": f"unexpected answer: {reason}"[:300], "rows": 0}
                self.rows[COVERAGE.name][index] = {**entry, **changed}


def _frame(declared: Frame, rows: list[Row]) -> pd.DataFrame:
    """Rows as a frame; what was listed twice (pages that overlap, an account that moved) counts once, the last."""
    frame = declared.from_rows(declared.distinct(rows))
    return frame.sort_values(list(declared.keys), kind="stable", ignore_index=True)
