"""``results.json``: every number of one pack, computed once and read by every output.

The workbook, the HTML report, the deck and the notebooks take their numbers from a :class:`Results` and from
nowhere else, so they cannot disagree. Unknown values are ``None`` (``null``), never zero.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sesreport.errors import SnapshotError
from sesreport.policy import LIMITS

ON_TARGET, WATCH, OFF_TARGET, NOT_MEASURABLE = "on target", "watch", "off target", "not measurable"
STATUSES = (ON_TARGET, WATCH, OFF_TARGET, NOT_MEASURABLE)
SEVERITIES = ("critical", "high", "medium", "low")
MINIMUM_COVERAGE = 0.95
"""Share of the places below which every headline says what it rests on, unless the settings name another."""


@dataclass(frozen=True)
class Point:
    """One month of a KPI's series; ``value`` is None where the month is not known."""

    period: str
    value: float | None


@dataclass(frozen=True)
class Basis:
    """What a number rests on: the places (account × Region) that were read, of those that should have been."""

    read: int
    expected: int

    @property
    def share(self) -> float | None:
        return self.read / self.expected if self.expected else None

    @property
    def whole(self) -> bool:
        """Whether there was something to read, and all of it was."""
        return 0 < self.expected <= self.read


@dataclass(frozen=True)
class Kpi:
    """One KPI of the period. ``unit``: ``count``, ``share`` (0..1), ``rate`` (0..1, small), ``days``, ``messages``."""

    id: str
    label: str
    question: str
    definition: str
    formula: str
    source: str
    unit: str
    direction: str
    """``lower`` or ``higher`` is better, or ``none`` (a figure without a target)."""
    value: float | None
    numerator: float | None
    denominator: float | None
    target: float | None
    watch: float | None
    """Beyond the target but not yet off target up to here."""
    status: str
    reason: str
    """One sentence: why the status is what it is, or why the value is not known."""
    prior: float | None
    change: float | None
    """value - prior, in the KPI's unit."""
    series: tuple[Point, ...]
    """13 months, oldest first, the period last."""
    owner: str
    headline: bool
    """One of the board's own numbers (first on every page)."""
    coverage: Basis
    frame: str
    """Name of the frame behind it in ``data/``: one row per counted thing."""


def standing(kpis: Iterable[Kpi]) -> dict[str, int]:
    """How many KPIs have each status, of those with a target: what every headline and title counts."""
    judged = [kpi.status for kpi in kpis if kpi.target is not None]
    return {status: judged.count(status) for status in STATUSES}


@dataclass(frozen=True)
class Gap:
    """Something that could not be read."""

    account_id: str
    account_name: str
    region: str
    dataset: str
    status: str
    reason: str


@dataclass(frozen=True)
class Coverage:
    """How much of the organization the pack rests on."""

    accounts: Basis
    places: Basis
    """account × Region."""
    by_status: Mapping[str, int]
    """Coverage rows (account × Region × dataset) by status."""
    statement: str
    """One sentence for page one."""
    gaps: tuple[Gap, ...]
    minimum: float = MINIMUM_COVERAGE
    """Share of the places below which every headline says what it rests on."""
    nothing: bool = False
    """Whether no dataset of any place was read."""

    @property
    def too_little(self) -> bool:
        """Whether less than the minimum was read, or nothing was to be read."""
        return (self.places.share or 0.0) < self.minimum


@dataclass(frozen=True)
class Decision:
    """Something the board is asked to decide."""

    decision: str
    owner: str
    due: str
    effect: str
    """What happens if it is not taken."""
    rule: str


@dataclass(frozen=True)
class Findings:
    """Open findings in numbers; the rows are the frame ``findings``.

    Where no place was read and none is known, the numbers are None: nobody can say that there are none.
    """

    open: int | None
    excepted: int | None
    by_severity: Mapping[str, int | None]
    by_rule: Mapping[str, int]
    coverage: Basis = field(default=Basis(0, 0))
    """The places in which policies were read: of the others nothing is known."""
    not_observed: int = 0
    """Findings that were open when their place was last read, and could not be looked at since: they are not in
    ``open``, but in the KPI of open findings."""


@dataclass(frozen=True)
class SnapshotRef:
    """Which evidence the numbers were computed from."""

    id: str
    sha256: str
    started_at: str
    finished_at: str
    tool_version: str


@dataclass(frozen=True)
class Results:
    """All numbers and sentences of one pack."""

    period: str
    period_name: str
    organization_id: str
    organization_name: str
    title: str
    classification: str
    contact: str
    headline: str
    """The verdict as one line of at most 90 characters."""
    verdict: tuple[str, ...]
    """The verdict in at most three sentences; the first says so where too little was read."""
    limits: str
    """What no number of the pack covers; page one of every output shows it once, beside the coverage statement."""
    decisions: tuple[Decision, ...]
    kpis: tuple[Kpi, ...]
    findings: Findings
    coverage: Coverage
    snapshot: SnapshotRef
    compared_with: str
    """The month of the earlier snapshot; empty when there is none, and only AWS's own history reaches back."""
    configuration_sha256: str
    register_sha256: str
    format: str = field(default="sesreport-results/1")

    def kpi(self, kpi_id: str) -> Kpi:
        """The KPI with that id; KeyError when there is none."""
        for kpi in self.kpis:
            if kpi.id == kpi_id:
                return kpi
        raise KeyError(kpi_id)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """The results a pack's ``results.json`` holds; SnapshotError when the text is something else."""
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(
                **{
                    "limits": LIMITS,  # true of every pack made before packs stated it
                    **raw,
                    "verdict": tuple(raw["verdict"]),
                    "decisions": tuple(Decision(**d) for d in raw["decisions"]),
                    "kpis": tuple(_kpi(k) for k in raw["kpis"]),
                    "findings": Findings(
                        **{
                            **raw["findings"],
                            "coverage": Basis(**raw["findings"].get("coverage", raw["coverage"]["places"])),
                        }
                    ),
                    "coverage": Coverage(
                        **{
                            "nothing": not raw["coverage"]["places"]["read"],  # packs made before they said so
                            **raw["coverage"],
                            "accounts": Basis(**raw["coverage"]["accounts"]),
                            "places": Basis(**raw["coverage"]["places"]),
                            "gaps": tuple(Gap(**g) for g in raw["coverage"]["gaps"]),
                        }
                    ),
                    "snapshot": SnapshotRef(**raw["snapshot"]),
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"results.json is not a pack's results: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Results:
        return cls.from_json(path.read_text(encoding="utf-8"))


def _kpi(raw: dict[str, Any]) -> Kpi:
    return Kpi(
        **{
            **raw,
            "series": tuple(Point(**p) for p in raw["series"]),
            "coverage": Basis(**raw["coverage"]),
        }
    )
