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
from typing import Annotated, Any

from pydantic import AfterValidator

from sesreport.analysis.basis import Basis
from sesreport.core.errors import SnapshotError
from sesreport.core.formats import FormatError, check_shape, read_format
from sesreport.core.vocabulary import SEVERITIES
from sesreport.policy import LIMITS

FORMAT = "sesreport-results/1"
ON_TARGET, WATCH, OFF_TARGET, NOT_MEASURABLE = "on target", "watch", "off target", "not measurable"
STATUSES = (ON_TARGET, WATCH, OFF_TARGET, NOT_MEASURABLE)
MINIMUM_COVERAGE = 0.95
"""Share of the places below which every headline says what it rests on, unless the settings name another."""
Number = int | float
"""As a file has it: a count comes back as one."""


def _one_of(known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"{value!r:.40} is none of {', '.join(known)}")
        return value

    return AfterValidator(check)


def _all_severities(counts: Mapping[str, int | None]) -> Mapping[str, int | None]:
    """The same, when none is left out: a count that is not there would be shown as zero."""
    for name in SEVERITIES:
        if name not in counts:
            raise ValueError(f"{name} is not among them")
    return counts


@dataclass(frozen=True)
class Point:
    """One month of a KPI's series; ``value`` is None where the month is not known."""

    period: str
    value: Number | None


@dataclass(frozen=True)
class Kpi:
    """One KPI of the period.

    ``unit``: ``count``, ``share`` (0..1), ``rate`` (0..1, small), ``days``, ``messages`` or ``money``.
    """

    id: str
    label: str
    question: str
    definition: str
    formula: str
    source: str
    unit: str
    direction: str
    """``lower`` or ``higher`` is better, or ``none`` (a figure without a target)."""
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    target: Number | None
    watch: Number | None
    """Beyond the target but not yet off target up to here."""
    status: Annotated[str, _one_of(STATUSES)]
    reason: str
    """One sentence: why the status is what it is, or why the value is not known."""
    prior: Number | None
    change: Number | None
    """value - prior, in the KPI's unit."""
    series: tuple[Point, ...]
    """13 months, oldest first, the period last."""
    owner: str
    headline: bool
    """One of the board's own numbers (first on every page)."""
    coverage: Basis
    frame: str
    """Name of the frame behind it in ``data/``: one row per counted thing."""
    currency: str = ""
    """ISO 4217 code of an amount; empty for what is no money."""
    at_least: bool = False
    """Whether the true value may be higher: more than half of what it is about has not ended."""


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
    severity: str = ""
    incident: bool = False
    """Whether it is about something that happened."""
    now: bool = False
    """Whether it is about something that happened, and due on the day of the report."""
    since: str = ""
    """The day it was opened."""
    times_asked: int = 0
    """Months whose report asked it, this one included."""
    days_overdue: int = 0
    outcome: str = "open"
    """open, overdue, done, accepted or withdrawn."""
    outcome_at: str = ""
    """The day it was done, or since when it is not asked any more."""
    accepted_until: str = ""
    fingerprint: str = ""
    """Of its row in the frame ``actions``; of the first, where it is several that are alike."""
    asks: int = 1
    """How many rows it is: the same action by the same person until the same day."""
    identities: tuple[str, ...] = ()
    """What it is about, each with account and Region."""
    reach: str = ""
    """What rides on the first of them."""


@dataclass(frozen=True)
class LastAsks:
    """What the report before asked, and what became of it."""

    period: str = ""
    """Its month in words; empty where there is no earlier report."""
    total: int = 0
    by_outcome: Mapping[str, int] = field(default_factory=dict)
    asks: tuple[Decision, ...] = ()
    """What is settled first, as the rest is asked again."""
    more: int = 0
    """Asks that are not in ``asks``."""


@dataclass(frozen=True)
class Happening:
    """Something that happened in the month."""

    status: Annotated[str, _one_of(STATUSES)]
    """How bad it is, as a KPI's: off target, watch, not measurable (not known) or on target (good news)."""
    text: str
    """A sentence with its place, day and numbers."""
    short: str = ""
    """The same in few words, for a headline; empty where it is none."""
    frame: str = ""
    """The frame of the pack with its rows."""


@dataclass(frozen=True)
class PageOne:
    """The answers of page one besides what is asked (``decisions``) and how sure they are (``coverage``)."""

    happened: tuple[Happening, ...] = ()
    """The worst first."""
    more: int = 0
    """What happened and is not in ``happened``."""
    cost: str = ""
    """One sentence; empty where no cost is known."""
    safer: tuple[str, ...] = ()
    """Whether we are safer than a quarter ago."""


@dataclass(frozen=True)
class Findings:
    """Open findings in numbers; the rows are the frame ``findings``.

    Where no place was read and none is known, the numbers are None: nobody can say that there are none.
    """

    open: int | None
    excepted: int | None
    by_severity: Annotated[Mapping[str, int | None], AfterValidator(_all_severities)]
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
    """The worst that is new or open, as one line of at most 90 characters, without the month."""
    verdict: tuple[str, ...]
    """``page_one`` as plain sentences; the first says so where too little was read."""
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
    more_asks: int = 0
    """Asks that are not in ``decisions``; the frame ``actions`` has all."""
    last_asks: LastAsks = LastAsks()
    page_one: PageOne = PageOne()
    format: str = FORMAT

    def kpi(self, kpi_id: str) -> Kpi:
        """The KPI with that id; KeyError when there is none."""
        found = self.find_kpi(kpi_id)
        if found is None:
            raise KeyError(kpi_id)
        return found

    def find_kpi(self, kpi_id: str) -> Kpi | None:
        """The KPI with that id; None where this pack does not have it."""
        return next((kpi for kpi in self.kpis if kpi.id == kpi_id), None)

    def to_json(self) -> str:
        """The text of ``results.json``, in ASCII: outside text is whole, and acts on nothing that shows it."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Results:
        """The results a pack's ``results.json`` holds; SnapshotError when the text is something else."""
        try:
            found: Results = check_shape(_completed(read_format(text, FORMAT)), cls)
        except FormatError as error:
            raise SnapshotError(f"results.json is not a pack's results: {error}") from error
        return found

    @classmethod
    def read(cls, path: Path) -> Results:
        """Those of a file. Raises SnapshotError with its folder."""
        try:
            return cls.from_json(path.read_bytes())
        except OSError as error:
            raise SnapshotError(f"pack {path.parent}: {path.name} cannot be read: {error.strerror or error}") from error
        except SnapshotError as error:
            raise SnapshotError(f"pack {path.parent}: {error}") from error


def _completed(raw: dict[str, Any]) -> dict[str, Any]:
    """The same with what packs state that were made later: it is true of those made before as well."""
    coverage, findings = raw.get("coverage"), raw.get("findings")
    raw = {"limits": LIMITS, **raw}
    if isinstance(coverage, dict) and isinstance(places := coverage.get("places"), dict):
        raw["coverage"] = {"nothing": not places.get("read"), **coverage}
        if isinstance(findings, dict):
            raw["findings"] = {"coverage": places, **findings}
    return raw
