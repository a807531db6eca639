"""``evidence/<control>/``: population, exceptions, a sample with policy texts, approvals, answers, and hashes."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sesreport.core.text import FORMULA_STARTS, one_line
from sesreport.core.vocabulary import IDENTITY
from sesreport.governance.evidence.controls import Control, controls
from sesreport.kpis.results import Kpi, Results
from sesreport.kpis.words import value_of

SAMPLE = 25
"""Rows of a sample; fewer where the population is smaller. AICPA and PCAOB leave the size to the auditor."""
MOST_ROWS = 2_000
"""Rows of a population that are written out for each control; a larger one is named by its file in the pack."""
Frames = Mapping[str, pd.DataFrame]


def fill(frames: Frames, results: Results, folder: Path) -> None:
    """Writes the evidence of every control into a folder, and an index of all.

    The sample is drawn with a seed made from the snapshot's hash and the control, so that anybody can draw it again.
    A frame that is not there is told so, never shown as empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = [_control(control, frames, results, folder / control.folder) for control in controls()]
    _csv(pd.DataFrame(index), folder / "controls.csv")


def _control(control: Control, frames: Frames, results: Results, folder: Path) -> dict[str, Any]:
    """Writes one control's folder; returns its row of the index."""
    folder.mkdir()
    population = frames.get(control.population)
    findings = frames.get("findings")
    exceptions = None if findings is None else findings[findings["rule"].isin(control.rules)]
    sample = None if population is None else _sample(population, control, results)
    if population is not None and len(population) <= MOST_ROWS:
        _csv(population, folder / "population.csv")
    if exceptions is not None:
        _csv(exceptions, folder / "exceptions.csv")
    if sample is not None:
        _csv(sample, folder / "sample.csv")
        _texts(sample, frames, folder / "policies")
    for name in ("register", "attestations"):
        if name in frames and len(frames[name]) <= MOST_ROWS:
            _csv(frames[name], folder / f"{name}.csv")
    kpis = [kpi for kpi in results.kpis if kpi.id in control.kpis]
    _about(control, kpis, results, folder, population, exceptions, sample)
    _hashes(folder)
    return {
        "standard": control.standard,
        "control": control.id,
        "shows": control.shows,
        "folder": control.folder,
        "population": None if population is None else len(population),
        "exceptions": None if exceptions is None else len(exceptions),
        "sample": None if sample is None else len(sample),
        "kpis": "; ".join(f"{kpi.label}: {value_of(kpi)} ({kpi.status})" for kpi in kpis),
    }


def seed_of(control: Control, results: Results) -> str:
    """The seed of a control's sample."""
    return hashlib.sha256(f"{results.snapshot.sha256}\n{control.folder}".encode()).hexdigest()


def _sample(population: pd.DataFrame, control: Control, results: Results) -> pd.DataFrame:
    """Rows drawn without replacement by Python's ``random.Random(seed).sample`` over the positions, in order."""
    chosen = random.Random(seed_of(control, results))
    drawn = chosen.sample(range(len(population)), min(SAMPLE, len(population)))
    return population.iloc[sorted(drawn)]


def _texts(sample: pd.DataFrame, frames: Frames, folder: Path) -> None:
    """The policies of the sampled identities byte for byte, each beside the verdict on its identity and the proof."""
    policies, exposures = frames.get("policies"), frames.get("exposures")
    if policies is None or exposures is None or not set(IDENTITY) <= set(sample.columns):
        return
    of_sample = policies.merge(sample[IDENTITY].drop_duplicates(), on=IDENTITY)
    verdicts = exposures.set_index(IDENTITY)
    folder.mkdir()
    for number, row in enumerate(of_sample.to_dict("records"), start=1):
        place = tuple(row[name] for name in IDENTITY)
        verdict = verdicts.loc[[place]].iloc[0].to_dict() if place in verdicts.index else {}
        document = str(row["document"]).encode("utf-8", "surrogatepass")
        about = {
            **{name: row[name] for name in (*IDENTITY, "policy_name", "sha256")},
            "verdict": {str(name): _plain(value) for name, value in verdict.items()},
        }
        (folder / f"{number:03}.policy.txt").write_bytes(document)
        (folder / f"{number:03}.verdict.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _about(
    control: Control, kpis: list[Kpi], results: Results, folder: Path,
    population: pd.DataFrame | None, exceptions: pd.DataFrame | None, sample: pd.DataFrame | None,
) -> None:  # fmt: skip
    lines = [
        f"# {control.standard} {control.id}",
        "",
        control.shows,
        "",
        f"- Period: {results.period}. {one_line(results.coverage.statement)}",
        f"- Snapshot: {results.snapshot.id}, sha256 {results.snapshot.sha256}",
        f"- Register: sha256 {results.register_sha256}",
        f"- Population: {_rows(population)} of the frame `{control.population}` ({_where(control, population)})",
        f"- Exceptions: {_rows(exceptions)} (exceptions.csv) of the rules {', '.join(control.rules)}",
        f"- Sample: {_rows(sample)} (sample.csv), drawn with the seed {seed_of(control, results)}",
        *(f"- {kpi.label}: {value_of(kpi)}, {kpi.status} (frame `{kpi.frame}`)" for kpi in kpis),
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


def _csv(frame: pd.DataFrame, path: Path) -> None:
    """A frame as CSV in which no cell is a formula and every text is on one line."""
    shown = frame.copy()
    for name in shown.columns:
        if shown[name].dtype == object or isinstance(shown[name].dtype, (pd.StringDtype, pd.ArrowDtype)):
            shown[name] = [_cell(value) for value in shown[name]]
    shown.to_csv(path, index=False, lineterminator="\n")


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
