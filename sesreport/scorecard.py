"""From an analysis to the pack's results: every KPI measured, judged, compared and explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from sesreport import verdict
from sesreport.analysis.basis import account_basis, place_basis, places
from sesreport.analysis.registry import Analysis
from sesreport.collection.coverage import EVERYTHING, OK, REGION_DISABLED
from sesreport.config import KpiSetting, suggestion
from sesreport.errors import ConfigError
from sesreport.kpis import Definition, Measure, kpis
from sesreport.results import (
    NOT_MEASURABLE,
    OFF_TARGET,
    ON_TARGET,
    SEVERITIES,
    WATCH,
    Basis,
    Coverage,
    Findings,
    Gap,
    Kpi,
    Point,
    Results,
    SnapshotRef,
)
from sesreport.schema import nullable

MONTHS = 13
POLICY_DATASETS = ("identities", "policies")


@dataclass(frozen=True)
class Scorecard:
    """Results, and the frame behind each KPI by its name in the pack."""

    results: Results
    frames: dict[str, pd.DataFrame]


def score(analysis: Analysis, *, register_sha256: str = "") -> Scorecard:
    """Measures everything once; ``analysis.previous`` gives earlier values where the data do not reach back."""
    coverage = _coverage(analysis)
    measured = {d.id: (d, d.measure(analysis)) for d in kpis()}
    earlier = list(_earlier(analysis))
    scored = tuple(_kpi(analysis, definition, measure, earlier) for definition, measure in measured.values())
    findings = _findings(analysis)
    snapshot = analysis.snapshot
    organization = (
        analysis.config.organization.name or analysis.organization_id or analysis.accounts["account_id"].iloc[0]
    )
    results = Results(
        period=str(analysis.period),
        period_name=analysis.period.name,
        organization_id=analysis.organization_id or "",
        organization_name=organization,
        title=analysis.config.report.title,
        classification=analysis.config.report.classification,
        contact=analysis.config.report.contact,
        headline=verdict.headline(analysis.period, scored),
        verdict=verdict.sentences(analysis.period, scored, findings, coverage),
        decisions=verdict.decisions(analysis),
        kpis=scored,
        findings=findings,
        coverage=coverage,
        snapshot=SnapshotRef(
            id=snapshot.id,
            sha256=snapshot.sha256,
            started_at=snapshot.manifest["started_at"],
            finished_at=snapshot.manifest["finished_at"],
            tool_version=snapshot.manifest["tool"]["sesreport"],
        ),
        compared_with=_compared_with(analysis),
        configuration_sha256=analysis.config.sha256,
        register_sha256=register_sha256,
    )
    frames = {f"kpi_{name}": _plain(measure.frame) for name, (_, measure) in measured.items()}
    return Scorecard(results, frames)


def check_kpi_names(settings: dict[str, KpiSetting]) -> None:
    """Raises ConfigError for a KPI id in the settings that does not exist."""
    known = [definition.id for definition in kpis()]
    for name in settings:
        if name not in known:
            raise ConfigError(f"kpis: no KPI {name!r}{suggestion(name, known)}")


def _kpi(analysis: Analysis, definition: Definition, measure: Measure, earlier: list[Analysis]) -> Kpi:
    setting = analysis.config.kpis.get(definition.id, KpiSetting())
    target = definition.target if setting.target is None else setting.target
    watch = (
        setting.watch if setting.watch is not None else (definition.watch if setting.target is None else setting.target)
    )
    basis = place_basis(analysis.coverage, definition.datasets) if definition.datasets else _all_places(analysis)
    status, reason = _status(definition, measure, target, watch, basis, analysis.config.report.minimum_coverage)
    unknown = [before for before in earlier if str(before.period) not in measure.history]
    history = {str(before.period): definition.measure(before).value for before in unknown} | dict(measure.history)
    history[str(analysis.period)] = measure.value
    series = tuple(Point(str(p), history.get(str(p))) for p in analysis.period.back(MONTHS))
    prior = series[-2].value
    change = measure.value - prior if measure.value is not None and prior is not None else None
    return Kpi(
        id=definition.id,
        label=definition.label,
        question=definition.question,
        definition=definition.definition,
        formula=definition.formula,
        source=definition.source,
        unit=definition.unit,
        direction=definition.direction,
        value=measure.value,
        numerator=measure.numerator,
        denominator=measure.denominator,
        target=target,
        watch=watch,
        status=status,
        reason=reason,
        prior=prior,
        change=change,
        series=series,
        owner=setting.owner or definition.owner,
        headline=definition.headline,
        coverage=basis,
        frame=f"kpi_{definition.id}",
    )


def _status(
    definition: Definition, measure: Measure, target: float | None, watch: float | None, basis: Basis, minimum: float
) -> tuple[str, str]:
    """Status and reason; below the minimum coverage nothing is better than ``watch``.

    A rate is judged against a line that must not be reached: AWS acts at 5 %, not above it.
    """
    reason = measure.reason
    if measure.value is None:
        return NOT_MEASURABLE, reason or "The data it needs could not be read."
    if basis.read == 0:  # also where no place was expected, because nobody could be asked for the Regions
        return NOT_MEASURABLE, "Nothing it rests on could be read. " + reason
    status = ON_TARGET
    if target is not None and definition.direction != "none":
        sign = 1 if definition.direction == "lower" else -1
        value, line, limit = sign * measure.value, sign * target, sign * (target if watch is None else watch)
        strict = definition.unit == "rate"
        if not (value < line or (value == line and not strict)):
            status = WATCH if value < limit or (value == limit and not strict) else OFF_TARGET
    if status == ON_TARGET and basis.share is not None and basis.share < minimum:
        note = f"Rests on {basis.read} of {basis.expected} places, so no better than watch."
        return WATCH, f"{reason} {note}".strip()
    return status, reason


def _earlier(analysis: Analysis) -> Iterator[Analysis]:
    """The earlier snapshots that a series reaches back to, newest first."""
    before, first = analysis.previous, analysis.period.shift(1 - MONTHS)
    while before is not None and before.period >= first:
        yield before
        before = before.previous


def _all_places(analysis: Analysis) -> Basis:
    return place_basis(analysis.coverage, POLICY_DATASETS)


def _findings(analysis: Analysis) -> Findings:
    frame = analysis.findings
    active = frame[frame["status"] == "open"]
    severities, by_rule = active["severity"].value_counts(), active["rule"].value_counts()
    return Findings(
        open=len(active),
        excepted=int((frame["status"] == "excepted").sum()),
        by_severity={name: int(severities.get(name, 0)) for name in SEVERITIES},
        by_rule={str(name): int(by_rule[name]) for name in sorted(by_rule.index)},
    )


def _coverage(analysis: Analysis) -> Coverage:
    frame = analysis.coverage
    names = analysis.accounts.set_index("account_id")["name"]
    gaps = frame[(frame["status"] != OK) & (frame["status"] != REGION_DISABLED)]
    rows = tuple(
        Gap(
            row["account_id"],
            "" if pd.isna(name := names.get(row["account_id"])) else str(name),
            row["region"],
            row["dataset"],
            row["status"],
            "" if pd.isna(row["reason"]) else row["reason"],
        )
        for row in gaps.to_dict("records")
    )
    accounts, read = account_basis(frame, POLICY_DATASETS), place_basis(frame, POLICY_DATASETS)
    disabled = frame[(frame["status"] == REGION_DISABLED) & (frame["dataset"] == EVERYTHING)]
    statement = (
        f"Based on {accounts.read} of {accounts.expected} accounts and {read.read} of {len(places(frame))} places "
        "(account × Region)."
    )
    if len(disabled):
        statement += f" {disabled['region'].nunique()} Regions are not enabled and were not read."
    if analysis.snapshot.manifest.get("mode") == "incremental":
        carried = int(analysis.snapshot.manifest["identities_carried"])
        oldest = analysis.snapshot.identities["observed_at"].min()
        statement += f" Collected incrementally: {carried} identities without a change event are shown as last read"
        statement += f", the oldest on {oldest:%Y-%m-%d}." if carried else "."
    counts = frame["status"].value_counts()
    return Coverage(accounts, read, {str(k): int(counts[k]) for k in sorted(counts.index)}, statement, rows)


def _compared_with(analysis: Analysis) -> str:
    """The earlier month whose snapshot is compared with; empty when there is none."""
    return analysis.previous.period.name if analysis.previous is not None else ""


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The evidence as it will be stored: nullable dtypes, no index."""
    return nullable(pa.Table.from_pandas(frame, preserve_index=False))
