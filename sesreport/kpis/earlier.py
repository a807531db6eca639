"""KPIs of the months before: their values, and those of their groups, by the snapshots of the time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS, Basis, basis_of
from sesreport.analysis.elsewhere import Step
from sesreport.analysis.registry import Analysis
from sesreport.analysis.remembered import begin_elsewhere, is_kept, recalled, remember, remembered
from sesreport.analysis.reviews import SHOWN, first_seen
from sesreport.core.schema import Frame, real, text
from sesreport.kpis.breakdown import KEYS, Measures, bases, by_group
from sesreport.kpis.registry import Definition, kpis

MONTHS = 13
"""Months of a KPI's series."""
_WHOLE, _SOME = "numbers of all KPIs", "numbers of some KPIs"
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
    last = analysis.period.shift(-1)
    for before in _told_before(analysis):
        month = str(before.period)
        if before.period == last and len(measures) == len(kpis()):
            found[month] = numbers_whole(before)
        elif before.period == last:
            found[month] = numbers_of(before, tuple(d.id for d, _ in measures))
        else:
            found[month] = numbers_of(before, tuple(d.id for d, m in measures if month not in m.history))
        before.release()
    return found


def begin_numbers(analysis: Analysis) -> None:
    """Has the numbers of the months before worked out elsewhere: most KPIs have no history of their own."""
    ids = tuple(d.id for d in kpis() if not d.by_lives)
    last = analysis.period.shift(-1)
    for before in reversed(_told_before(analysis)):
        if not is_kept(before, _WHOLE):
            whole = before.period == last
            told = Step(numbers_whole, [_WHOLE]) if whole else Step(numbers_of, [_SOME], (ids,))
            begin_elsewhere(before, Step(first_seen, [SHOWN.name]), told)


def _told_before(analysis: Analysis) -> list[Analysis]:
    """The analyses whose numbers are told beside those of this one, newest first: of each month the newest."""
    first = analysis.period.shift(1 - MONTHS)
    found: dict[str, Analysis] = {}
    for before in reversed(analysis.chain[:-1]):
        if before.period < first:
            break
        found.setdefault(str(before.period), before)
    return list(found.values())


def numbers_of(analysis: Analysis, ids: tuple[str, ...]) -> Numbers:
    """The numbers of some KPIs of a month, without groups."""
    known: dict[str, float | None] = {}
    for what in (_WHOLE, _SOME):
        if content := recalled(analysis, what):
            known = {**_read(content).points, **known}
    missing = [definition for definition in kpis() if definition.id in ids and definition.id not in known]
    if missing:
        made = _read(_written(numbers(analysis, measured_kpis(analysis, missing), GROUPS.empty())))
        known = {**known, **made.points}
        remember(analysis, _SOME, _written(Numbers(known, GROUPS.empty())))
    return Numbers({name: known[name] for name in ids}, GROUPS.empty())


def numbers_whole(analysis: Analysis) -> Numbers:
    """The numbers of all KPIs of a month, with their groups."""

    def make() -> bytes:
        measures = measured_kpis(analysis, kpis())
        return _written(numbers(analysis, measures, by_group(analysis, measures, _bases_by_group(analysis))))

    return _read(remembered(analysis, _WHOLE, make))


def numbers(analysis: Analysis, measures: Measures, groups: pd.DataFrame) -> Numbers:
    """The numbers of measures; ``groups`` has at least the columns of :data:`GROUPS`."""
    minimum, read = analysis.config.report.minimum_coverage, places_of_kpis(analysis)
    points = {
        d.id: m.value if not d.datasets or (read[d.datasets].share or 0) >= minimum else None for d, m in measures
    }
    known = groups.dropna(subset=["value"]).drop_duplicates(KEYS)
    return Numbers(points, GROUPS.conform(known[[*KEYS, "value"]]))


def keep_numbers(analysis: Analysis, measures: Measures, groups: pd.DataFrame) -> None:
    """Keeps the numbers of a whole month, of all KPIs, for the packs of the months after it."""
    remembered(analysis, _WHOLE, lambda: _written(numbers(analysis, measures, groups)))


def _bases_by_group(analysis: Analysis) -> pd.DataFrame:
    return bases(analysis, {definition.datasets for definition in kpis()})


def _written(made: Numbers) -> bytes:
    return json.dumps({"points": made.points, "groups": made.groups.to_dict("list")}).encode()


def _read(content: bytes) -> Numbers:
    told = json.loads(content)
    return Numbers(told["points"], GROUPS.conform(pd.DataFrame(told["groups"], columns=[*KEYS, "value"])))
