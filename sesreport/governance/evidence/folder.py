"""``evidence/<control>/``: population, exceptions, a sample with policy texts, approvals, answers, and hashes."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.analysis.basis import is_gap
from sesreport.analysis.joins import rows
from sesreport.core.text import FORMULA_STARTS, one_line
from sesreport.core.vocabulary import IDENTITY
from sesreport.governance.evidence.controls import Control, controls
from sesreport.kpis.results import Kpi, Results
from sesreport.kpis.words import value_of

SAMPLE = 25
"""Rows of a sample; fewer where the population is smaller. AICPA and PCAOB leave the size to the auditor."""
MOST_ROWS = 2_000
"""Rows of a population that are written out for each control; a larger one is named by its file in the pack."""
COVERAGE = "coverage"
Frames = Mapping[str, pd.DataFrame]


def fill(frames: Frames, results: Results, folder: Path) -> None:
    """Writes the evidence of every control into a folder, and an index of all.

    The sample is drawn with a seed made from the snapshot's hash and the control, so that anybody can draw it again.
    A frame that is not there is told so, never shown as empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shared = _Shared(frames)
    for each in evidence(frames, results):
        _write(each, shared, results, folder / each.control.folder)
    _write_csv(_csv(index(frames, results)), folder / "controls.csv")


class _Shared:
    """What several controls show, made once: whole frames as CSV, and the verdict on each identity."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self._csv: dict[str, str] = {}

    def csv(self, name: str) -> str:
        """A whole frame."""
        if name not in self._csv:
            self._csv[name] = _csv(self.frames[name])
        return self._csv[name]

    @cached_property
    def _places(self) -> dict[tuple[Any, ...], int]:
        """The row of each identity in the frame of exposures; the first where there are several."""
        found: dict[tuple[Any, ...], int] = {}
        for number, place in enumerate(rows(self.frames["exposures"], IDENTITY)):
            found.setdefault(place, number)
        return found

    def verdicts(self, places: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The rows of the frame of exposures for these identities; none for one that it does not have."""
        known = {place: self._places[place] for place in places if place in self._places}
        return dict(zip(known, self.frames["exposures"].iloc[list(known.values())].to_dict("records"), strict=True))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Evidence:
    """What there is for one control."""

    control: Control
    population: pd.DataFrame | None
    """None where the frame is not there."""
    exceptions: pd.DataFrame | None
    """Open findings of the control's rules, those with an accepted exception included."""
    kpis: tuple[Kpi, ...]


def evidence(frames: Frames, results: Results) -> list[Evidence]:
    """The evidence of every control, in the order of the table."""
    return [
        Evidence(
            control,
            frames.get(control.population),
            _exceptions(control, frames),
            tuple(kpi for kpi in results.kpis if kpi.id in control.kpis),
        )
        for control in controls()
    ]


def _exceptions(control: Control, frames: Frames) -> pd.DataFrame | None:
    """The findings of the control's rules; of the coverage itself, all that was not read. None: it is not known."""
    if control.population == COVERAGE:
        coverage = frames.get(COVERAGE)
        return None if coverage is None else coverage[is_gap(coverage)]
    findings = frames.get("findings")
    return None if findings is None else findings[findings["rule"].isin(control.rules)]


def index(frames: Frames, results: Results) -> pd.DataFrame:
    """One row per control: what is shown, how much of it, and where it is; NA for what is not there."""
    told = [
        {
            "standard": each.control.standard,
            "control": each.control.id,
            "shows": each.control.shows,
            "population": None if each.population is None else len(each.population),
            "of": each.control.population,
            "exceptions": None if each.exceptions is None else len(each.exceptions),
            "sample": None if each.population is None else min(SAMPLE, len(each.population)),
            "kpis": "; ".join(f"{kpi.label}: {value_of(kpi)} ({kpi.status})" for kpi in each.kpis),
            "folder": each.control.folder,
        }
        for each in evidence(frames, results)
    ]
    counts = dict.fromkeys(("population", "exceptions", "sample"), "Int64")
    return pd.DataFrame(told).astype({**dict.fromkeys(told[0], "string"), **counts})


def _write(each: Evidence, shared: _Shared, results: Results, folder: Path) -> None:
    """Writes one control's folder."""
    folder.mkdir()
    population, exceptions = each.population, each.exceptions
    sample = None if population is None else _sample(population, each.control, results)
    if population is not None and len(population) <= MOST_ROWS:
        _write_csv(shared.csv(each.control.population), folder / "population.csv")
    if exceptions is not None:
        _write_csv(_csv(exceptions), folder / "exceptions.csv")
    if sample is not None:
        _write_csv(_csv(sample), folder / "sample.csv")
        if texts := _texts(sample, shared):
            (folder / "policies.json").write_text(texts, encoding="utf-8")
    for name in ("register", "attestations"):
        if name in shared.frames and len(shared.frames[name]) <= MOST_ROWS:
            _write_csv(shared.csv(name), folder / f"{name}.csv")
    _about(each, results, folder, sample)
    _hashes(folder)


def seed_of(control: Control, results: Results) -> str:
    """The seed of a control's sample."""
    return hashlib.sha256(f"{results.snapshot.sha256}\n{control.folder}".encode()).hexdigest()


def _sample(population: pd.DataFrame, control: Control, results: Results) -> pd.DataFrame:
    """Rows drawn without replacement by Python's ``random.Random(seed).sample`` over the positions, in order."""
    chosen = random.Random(seed_of(control, results))
    drawn = chosen.sample(range(len(population)), min(SAMPLE, len(population)))
    return population.iloc[sorted(drawn)]


def _texts(sample: pd.DataFrame, shared: _Shared) -> str | None:
    """The policies of the sampled identities, each beside the verdict on its identity and the proof, as JSON.

    None where the sample is not about identities, or the frames are not there.
    """
    policies = shared.frames.get("policies")
    if policies is None or "exposures" not in shared.frames or not set(IDENTITY) <= set(sample.columns):
        return None
    of_sample = policies.merge(sample[IDENTITY].drop_duplicates(), on=IDENTITY)
    places = list(rows(of_sample, IDENTITY))
    verdicts = shared.verdicts(places)
    shown = []
    for place, row in zip(places, of_sample.to_dict("records"), strict=True):
        verdict = {name: value for name, value in verdicts.get(place, {}).items() if name not in IDENTITY}
        shown.append(
            {
                **{name: row[name] for name in (*IDENTITY, "policy_name", "sha256", "document")},
                "verdict": {str(name): _plain(value) for name, value in verdict.items()},
            }
        )
    return json.dumps(shown, indent=1) + "\n"


def _about(each: Evidence, results: Results, folder: Path, sample: pd.DataFrame | None) -> None:
    control, population, exceptions = each.control, each.population, each.exceptions
    lines = [
        f"# {control.standard} {control.id}",
        "",
        control.shows,
        "",
        f"- Period: {results.period}. {one_line(results.coverage.statement)}",
        f"- Snapshot: {results.snapshot.id}, sha256 {results.snapshot.sha256}",
        f"- Register: sha256 {results.register_sha256}",
        f"- Population: {_rows(population)} of the frame `{control.population}` ({_where(control, population)})",
        f"- Exceptions: {_rows(exceptions)} (exceptions.csv), "
        + (
            "what was not read."
            if control.population == COVERAGE
            else f"the findings of the rules {', '.join(control.rules)}: one a place and grantee, so that a row of the "
            "population may have several, or share one."
        ),
        f"- Sample: {_rows(sample)} (sample.csv). To draw it again: Python's random.Random(seed).sample(range(rows of "
        f"the population), rows of the sample), sorted, with the seed {seed_of(control, results)}",
        *(f"- {kpi.label}: {value_of(kpi)}, {kpi.status} (frame `{kpi.frame}`)" for kpi in each.kpis),
        "",
        "What could not be read is no evidence that all is well: see the coverage above, and the frame `coverage`.",
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _where(control: Control, population: pd.DataFrame | None) -> str:
    """Where the whole population is; the pack's manifest has the hash of each of its files."""
    file = f"data/{control.population}.parquet of the pack"
    return f"population.csv, and {file}" if population is not None and len(population) <= MOST_ROWS else file


def _rows(frame: pd.DataFrame | None) -> str:
    if frame is None:
        return "not available, so nothing is shown of it"
    return f"{len(frame):,} {'row' if len(frame) == 1 else 'rows'}"


def _hashes(folder: Path) -> None:
    """``SHA256SUMS`` as ``sha256sum -c`` reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files
    ]
    (folder / "SHA256SUMS").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _csv(frame: pd.DataFrame) -> str:
    """A frame as CSV in which no cell is a formula and every text is on one line."""
    told: dict[str, Any] = {}
    for name, column in frame.items():
        texts = column.dtype == object or isinstance(column.dtype, (pd.StringDtype, pd.ArrowDtype))
        told[str(name)] = [_cell(value) for value in column.to_numpy(dtype=object)] if texts else column
    shown = pd.DataFrame(told, index=frame.index, columns=list(told))
    return str(shown.to_csv(index=False, lineterminator="\n"))


def _write_csv(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _cell(value: Any) -> Any:
    if isinstance(value, str) or hasattr(value, "__iter__"):
        text = one_line(value if isinstance(value, str) else "; ".join(map(str, value)))
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return value


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA:
        return None
    if isinstance(value, (bool, str)):
        return value
    return list(map(str, value)) if hasattr(value, "__iter__") else str(value)
