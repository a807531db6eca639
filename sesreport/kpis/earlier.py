"""KPIs of the months before: their values, and those of their groups, by the snapshots of the time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS, Basis, basis_of
from sesreport.analysis.registry import Analysis
from sesreport.analysis.remembered import remembered
from sesreport.core.schema import Frame, real, text
from sesreport.kpis.breakdown import KEYS, Measures, bases, by_group
from sesreport.kpis.registry import Definition, kpis

MONTHS = 13
"""Months of a KPI's series."""
GROUPS = Frame(
    "groups",
    "Values of KPIs by group; groups without a value are left out.",
    keys={"kpi": text("The KPI."), "dimension": text("How it is split."), "group": text("The part of it.")},
    columns={"value": real("Its value.", required=True)},
)
Bases = Mapping[tuple[str, ...], Basis]
"""Read and expected places by datasets."""


@dataclass(frozen=True)
class Numbers:
    """What a month's snapshot says of KPIs."""

    points: Mapping[str, float | None]
    """Value by KPI for a series; None where too little was read, or an account that was not would look like a dip."""
    groups: pd.DataFrame
    """:data:`GROUPS`; empty where they were not asked for."""


def places_of_kpis(analysis: Analysis) -> Bases:
    """What the KPIs rest on, by their datasets; one of the collection itself rests on the places of the policies."""
    wanted = {definition.datasets for definition in kpis()}
    return {datasets: analysis.once(basis_of, datasets or POLICY_DATASETS) for datasets in wanted}


def measured_kpis(analysis: Analysis, wanted: Iterable[Definition]) -> Measures:
    """The KPIs, without a value where nothing was read that they rest on (the collection itself needs nothing read)."""
    read = places_of_kpis(analysis)
    measured = ((definition, definition.measure(analysis)) for definition in wanted)
    return [(d, m if read[d.datasets].read or not d.datasets else m.unread()) for d, m in measured]


def earlier_numbers(analysis: Analysis, measures: Measures) -> dict[str, Numbers]:
    """Numbers by month of the snapshots before, of the newest where a month has several.

    Of the month before all KPIs, with their groups; else those whose own history does not tell the month.
    """
    found: dict[str, Numbers] = {}
    last, first = analysis.period.shift(-1), analysis.period.shift(1 - MONTHS)
    for before in reversed(analysis.chain[:-1]):
        month = str(before.period)
        if before.period < first:
            break
        if month in found:
            continue
        if before.period == last:
            found[month] = numbers_of(before, tuple(d.id for d, _ in measures), grouped=True)
        else:
            found[month] = numbers_of(before, tuple(d.id for d, m in measures if month not in m.history))
        before.release()
    return found


def numbers_of(analysis: Analysis, ids: tuple[str, ...], *, grouped: bool = False) -> Numbers:
    """The numbers of some KPIs of a month."""

    def make() -> bytes:
        measures = measured_kpis(analysis, [d for d in kpis() if d.id in ids])
        groups = by_group(analysis, measures, _bases_by_group(analysis)) if grouped else GROUPS.empty()
        return _written(numbers(analysis, measures, groups))

    return _read(remembered(analysis, f"numbers {grouped} {' '.join(ids)}", make))


def numbers(analysis: Analysis, measures: Measures, groups: pd.DataFrame) -> Numbers:
    """The numbers of measures; ``groups`` has at least the columns of :data:`GROUPS`."""
    minimum, read = analysis.config.report.minimum_coverage, places_of_kpis(analysis)
    points = {
        d.id: m.value if not d.datasets or (read[d.datasets].share or 0) >= minimum else None for d, m in measures
    }
    known = groups.dropna(subset=["value"]).drop_duplicates(KEYS)
    return Numbers(points, GROUPS.conform(known[[*KEYS, "value"]]))


def keep_numbers(analysis: Analysis, measures: Measures, groups: pd.DataFrame) -> None:
    """Keeps the numbers of a whole month for the packs of the months after it."""
    ids = " ".join(d.id for d, _ in measures)
    remembered(analysis, f"numbers True {ids}", lambda: _written(numbers(analysis, measures, groups)))


def _bases_by_group(analysis: Analysis) -> pd.DataFrame:
    return bases(analysis, {definition.datasets for definition in kpis()})


def _written(made: Numbers) -> bytes:
    return json.dumps({"points": made.points, "groups": made.groups.to_dict("list")}).encode()


def _read(content: bytes) -> Numbers:
    told = json.loads(content)
    return Numbers(told["points"], GROUPS.conform(pd.DataFrame(told["groups"], columns=[*KEYS, "value"])))
