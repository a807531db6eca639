"""From an analysis to the pack's results: every KPI measured, judged, compared and explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from sesreport.analysis.basis import (
    POLICY_DATASETS,
    Basis,
    account_basis,
    basis_of,
    is_gap,
    places_left_out,
)
from sesreport.analysis.registry import Analysis
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.schema import is_nullable, nullable
from sesreport.core.vocabulary import SEVERITIES
from sesreport.findings.episodes import NOT_OBSERVED
from sesreport.kpis import headline
from sesreport.kpis.asks import decisions, last_asks
from sesreport.kpis.breakdown import KPI_BREAKDOWN, OVERALL, Measures, breakdown
from sesreport.kpis.contributions import SUM, SURVIVAL
from sesreport.kpis.cost_sentence import cost_sentence
from sesreport.kpis.earlier import MONTHS, Bases, Numbers, earlier_numbers, keep_numbers, measured_kpis, places_of_kpis
from sesreport.kpis.happenings import MOST, happened
from sesreport.kpis.judging import LINES, statuses
from sesreport.kpis.registry import Definition, Measure, kpis
from sesreport.kpis.results import Coverage, Findings, Gap, Kpi, PageOne, Point, Results, SnapshotRef
from sesreport.kpis.safer import safer
from sesreport.policy import LIMITS
from sesreport.settings.config import KpiSetting
from sesreport.settings.register import why_nobody_is_known
from sesreport.snapshot.coverage import EVERYTHING, GLOBAL, OK, REGION_DISABLED, SKIPPED

NOTED = 3
"""Places whose notes page one tells."""
_SIGNS = {"lower": 1, "higher": -1, "none": 0}
"""On which side of its target a KPI's watch limit lies, by its direction."""


@dataclass(frozen=True)
class Scorecard:
    """Results, and the frame behind each KPI by its name in the pack."""

    results: Results
    frames: dict[str, pd.DataFrame]


def score(analysis: Analysis, *, register_sha256: str = "") -> Scorecard:
    """Measures everything once; ``analysis.previous`` gives earlier values where the data do not reach back."""
    coverage = coverage_of(analysis)
    judged = _judged(analysis, kpis())
    scored = judged.kpis
    findings = _findings(analysis, coverage)
    snapshot = analysis.snapshot
    asked, more_asks = decisions(analysis.actions, analysis.today)
    news = (*headline.unread(coverage), *happened(analysis))
    page = PageOne(
        happened=news[:MOST],
        more=max(0, len(news) - MOST),
        cost=cost_sentence(analysis.period, scored, analysis.costs, analysis.waste),
        safer=safer(analysis.period, scored, findings, coverage),
    )
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
        headline=headline.headline(scored, coverage, findings, news, _public(judged.measures)),
        verdict=headline.sentences(page, coverage),
        page_one=page,
        limits=LIMITS,
        decisions=asked,
        more_asks=more_asks,
        last_asks=last_asks(analysis),
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
    frames = {kpi.frame: _plain(measure.frame) for kpi, (_, measure) in zip(scored, judged.measures, strict=True)}
    frames[KPI_BREAKDOWN.name] = whole = _breakdown(analysis, judged)
    keep_numbers(analysis, judged.measures, whole[whole["dimension"] != OVERALL])
    return Scorecard(results, frames)


def _public(measures: Measures) -> pd.DataFrame:
    """The identities that anyone can send as."""
    frame = next(m.frame for d, m in measures if d.id == "public_identities")
    return frame[frame["exposure"].eq("public").fillna(value=False)]


def judge(analysis: Analysis, *wanted: str) -> tuple[Kpi, ...]:
    """The KPIs of these ids alone, as :func:`score` has them: without findings, coverage and groups, so sooner.

    Raises ConfigError for an id that does not exist.
    """
    check_kpi_names(wanted)
    return _judged(analysis, [definition for definition in kpis() if definition.id in wanted]).kpis


@dataclass(frozen=True)
class _Judged:
    """KPIs, and what they and their groups are made from."""

    measures: Measures
    lines: pd.DataFrame
    overall: pd.DataFrame
    earlier: Mapping[str, Numbers]
    kpis: tuple[Kpi, ...]


def _judged(analysis: Analysis, wanted: Sequence[Definition]) -> _Judged:
    bases, lines = places_of_kpis(analysis), _lines(analysis)
    measures = measured_kpis(analysis, wanted)
    earlier = earlier_numbers(analysis, measures)
    overall = _overall(analysis, measures, bases, lines)
    scored = tuple(
        _kpi(
            analysis,
            definition,
            measure,
            found,
            {month: told.points[definition.id] for month, told in earlier.items() if definition.id in told.points},
        )
        for (definition, measure), found in zip(measures, overall.to_dict("records"), strict=True)
    )
    return _Judged(measures, lines, overall, earlier, scored)


def check_kpi_names(names: Iterable[str]) -> None:
    """Raises ConfigError for a KPI id, of the settings or asked for, that does not exist."""
    known = [definition.id for definition in kpis()]
    for name in names:
        if name not in known:
            raise ConfigError(f"kpis: no KPI {name!r}{suggestion(name, known)}")


def check_kpi_lines(settings: dict[str, KpiSetting]) -> None:
    """Raises ConfigError for a target or watch limit that the KPI's values cannot have, or that judges nothing."""
    for definition in kpis():
        setting = settings.get(definition.id, KpiSetting())
        for name, value in (("target", setting.target), ("watch", setting.watch)):
            if value is not None and (wrong := _wrong_line(definition, value)):
                raise ConfigError(f"kpis.{definition.id}.{name}: {wrong}")
        target, watch = _line(definition, setting)
        if target is not None and watch is not None and (watch - target) * _SIGNS[definition.direction] < 0:
            raise ConfigError(
                f"kpis.{definition.id}.watch: {watch:g} is better than the target, {target:g}; {definition.direction} "
                "is better, and watch is the limit of a miss"
            )


def _wrong_line(definition: Definition, value: float) -> str:
    """Why a KPI cannot have the line; empty where it can."""
    if definition.direction == "none":
        return "neither more nor less of it is better, so it has none; take it out"
    if value < 0:
        return f"must be 0 or more, not {value:g}"
    if definition.unit in ("share", "rate") and value > 1:
        return f"a {definition.unit} is written 0..1 (0.9 for 90 %), not {value:g}"
    return ""


def _line(definition: Definition, setting: KpiSetting) -> tuple[float | None, float | None]:
    """Target and watch limit: the settings', else its own."""
    own = definition.watch if setting.target is None else setting.target
    target = definition.target if setting.target is None else setting.target
    return target, own if setting.watch is None else setting.watch


def _lines(analysis: Analysis) -> pd.DataFrame:
    """Target and watch limit by ``kpi``: the settings', else its own, with what else a status takes."""
    rows = []
    for definition in kpis():
        setting = analysis.config.kpis.get(definition.id, KpiSetting())
        rows.append((definition.id, definition.direction, definition.unit, *_line(definition, setting)))
    frame = pd.DataFrame(rows, columns=["kpi", *LINES])
    return frame.astype({"kpi": "string", "target": "Float64", "watch": "Float64"})


def _overall(analysis: Analysis, measures: Measures, bases: Bases, lines: pd.DataFrame) -> pd.DataFrame:
    """One row per KPI: numbers, places, lines, ``status``, ``reason``; in the order of the measures."""
    rows = [
        (d.id, m.contributions.reduction if m.contributions else SUM, m.value, m.numerator, m.denominator, m.unknown,
         bases[d.datasets].read, bases[d.datasets].expected)
        for d, m in measures
    ]  # fmt: skip
    columns = ["kpi", "reduction", "value", "numerator", "denominator", "unknown", "read", "expected"]
    numbers = {"value": "Float64", "numerator": "Float64", "denominator": "Float64"}
    found = pd.DataFrame(rows, columns=columns).astype({"kpi": "string", **numbers}).merge(lines, on="kpi")
    minimum = analysis.config.report.minimum_coverage
    status = statuses(found, minimum)
    whole = statuses(found.assign(read=found["expected"], unknown=0), minimum)
    partly, unjudged = found["read"] < minimum * found["expected"], found["unknown"] > 0
    n = {name: found[name].astype("string") for name in ("read", "expected", "unknown")}
    hidden = pd.Series(" could not be judged", index=found.index).mask(found["reduction"].eq(SURVIVAL), " last on")
    note = (" Rests on " + n["read"] + " of " + n["expected"] + " places").where(
        partly, (" " + n["unknown"] + hidden).where(unjudged, "")
    )
    capped = found["target"].notna() & (status != whole)
    note = note + pd.Series(", so no better than watch.", index=found.index).where(capped, ".")
    reasons = pd.Series([m.reason for _, m in measures], dtype="string")
    reasons = reasons.mask(found["value"].isna() & (reasons == ""), "The data it needs could not be read.")
    told = (status != whole) | (partly & (found["read"] > 0)) | (unjudged & found["target"].isna())
    return found.assign(status=status, reason=(reasons + note.where(told, "")).str.strip())


def _kpi(analysis: Analysis, definition: Definition, measure: Measure, found: Any, history: Mapping[str, Any]) -> Kpi:
    """``found`` is the KPI's row of :func:`_overall`, ``history`` what earlier snapshots say."""
    known = {**history, **measure.history, str(analysis.period): measure.value}
    series = tuple(Point(str(p), known.get(str(p))) for p in analysis.period.back(MONTHS))
    prior, given = series[-2].value, measure.contributions
    comparable = measure.value is not None and prior is not None and _comparable(analysis, measure, found)
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
        target=None if pd.isna(found["target"]) else float(found["target"]),
        watch=None if pd.isna(found["watch"]) else float(found["watch"]),
        status=found["status"],
        reason=found["reason"],
        prior=prior,
        change=measure.value - prior if comparable else None,  # type: ignore[operator]
        series=series,
        owner=analysis.config.kpis.get(definition.id, KpiSetting()).owner or definition.owner,
        headline=definition.headline,
        coverage=Basis(int(found["read"]), int(found["expected"])),
        frame=f"kpi_{definition.id}",
        currency=measure.currency,
        at_least=measure.value is not None
        and measure.unknown > 0
        and given is not None
        and given.reduction == SURVIVAL,
    )


def _comparable(analysis: Analysis, measure: Measure, found: Any) -> bool:
    """Whether the value and the one before rest on the same places, or on nearly all.

    Where data of this collection reach back to the month before, both do. Against an earlier collection, places that
    were not read this time would look like a change.
    """
    if analysis.once(places_left_out) or not measure.comparable:
        return False
    given = measure.contributions
    if given is not None and given.rows["period"].eq(str(analysis.period.shift(-1))).any():
        return True
    return bool(found["read"] >= analysis.config.report.minimum_coverage * found["expected"])


def _breakdown(analysis: Analysis, judged: _Judged) -> pd.DataFrame:
    whole = judged.overall.rename(columns={"read": "places_read", "expected": "places_expected"}).assign(
        dimension=OVERALL, group=OVERALL, prior=pd.array([kpi.prior for kpi in judged.kpis], dtype="Float64")
    )[list(KPI_BREAKDOWN.all_columns)]
    before = judged.earlier.get(str(analysis.period.shift(-1)))
    return breakdown(analysis, judged.measures, judged.lines, whole, None if before is None else before.groups)


def _findings(analysis: Analysis, coverage: Coverage) -> Findings:
    """Numbers of the frame ``findings``; None where nobody could look, and none is known all the same."""
    frame = analysis.findings
    if frame.empty and not coverage.places.read:
        return Findings(None, None, dict.fromkeys(SEVERITIES), {}, coverage.places)
    active = frame[frame["status"] == "open"]
    severities, by_rule = active["severity"].value_counts(), active["rule"].value_counts()
    return Findings(
        open=len(active),
        excepted=int((frame["status"] == "excepted").sum()),
        by_severity={name: int(severities.get(name, 0)) for name in SEVERITIES},
        by_rule={str(name): int(by_rule[name]) for name in sorted(by_rule.index)},
        coverage=coverage.places,
        not_observed=int(analysis.lives["status"].eq(NOT_OBSERVED).sum()),
    )


def _noted(coverage: pd.DataFrame) -> str:
    """What coverage says of datasets that were read: identities that vanished while they were."""
    rows = coverage[(coverage["status"] == OK) & coverage["reason"].notna()]
    told = (rows["account_id"] + " " + rows["region"] + ": " + rows["reason"]).tolist()
    more = f"; and in {len(told) - NOTED} more places" if len(told) > NOTED else ""
    return f" {'; '.join(told[:NOTED])}{more}." if told else ""


def coverage_of(analysis: Analysis) -> Coverage:
    """What was read of what should have been: numbers, gaps, and the statement of page one."""
    frame = analysis.coverage
    names = analysis.accounts.set_index("account_id")["name"]
    gaps = frame[is_gap(frame)]
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
    accounts, read = account_basis(frame, POLICY_DATASETS), analysis.once(basis_of, POLICY_DATASETS)
    everything = frame[frame["dataset"] == EVERYTHING]
    disabled = everything[everything["status"] == REGION_DISABLED]
    statement = (
        f"Based on {accounts.read} of {accounts.expected} accounts and {read.read} of {read.expected} places "
        "(account × Region)."
    )
    if len(disabled):
        statement += f" {disabled['region'].nunique()} Regions are not enabled and were not read."
    if analysis.previous is not None and (count := analysis.once(places_left_out)):
        month = analysis.previous.period.name
        statement += f" {count} places that were looked at for {month} were not part of this collection, so nothing is"
        statement += " compared with that month."
    statement += _left_out(everything[everything["status"] == SKIPPED]) + _noted(frame)
    if analysis.snapshot.manifest.get("mode") == "incremental":
        carried = int(analysis.snapshot.manifest["identities_carried"])
        oldest = analysis.snapshot.identities["observed_at"].min()
        statement += f" Collected incrementally: {carried} identities without a change event are shown as last read"
        statement += f", the oldest on {oldest:%Y-%m-%d}." if carried else "."
    statement = f"{statement} {why_nobody_is_known(analysis.config, analysis.register)}".rstrip()
    counts = frame["status"].value_counts()
    return Coverage(
        accounts=accounts,
        places=read,
        by_status={str(k): int(counts[k]) for k in sorted(counts.index)},
        statement=statement,
        gaps=rows,
        minimum=analysis.config.report.minimum_coverage,
        nothing=not ((frame["region"] != GLOBAL) & (frame["status"] == OK)).any(),
    )


def _left_out(skipped: pd.DataFrame) -> str:
    """How accounts that nobody tried to read are counted."""
    whole = skipped["region"] == GLOBAL
    closed, excluded = (skipped.loc[flags, "account_id"].nunique() for flags in (whole, ~whole))
    told = ""
    if closed:
        told += f" {closed} {'account is' if closed == 1 else 'accounts are'} suspended or closing and not counted."
    if excluded:
        are = "account is" if excluded == 1 else "accounts are"
        told += (
            f" {excluded} {are} left out by the configuration and {'counts' if excluded == 1 else 'count'} as not read."
        )
    return told


def _compared_with(analysis: Analysis) -> str:
    """The earlier month whose snapshot is compared with; empty when there is none."""
    return analysis.previous.period.name if analysis.previous is not None else ""


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The evidence as it will be stored: nullable dtypes, no index."""
    if is_nullable(frame):
        return frame.reset_index(drop=True)
    return nullable(pa.Table.from_pandas(frame, preserve_index=False))
