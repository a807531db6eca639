"""One period's pack: results first, then every output from them, then the manifest that names them all."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sesreport.core.errors import ConfigError
from sesreport.core.files import check_writable, exchange, remove_folder, sha256_of, whole_folder
from sesreport.core.period import Period
from sesreport.core.version import __version__
from sesreport.governance.evidence import fill as write_evidence
from sesreport.report.compute import earlier_snapshots, write_data, write_frame
from sesreport.report.contents import Pack
from sesreport.report.evidence import Evidence, lent
from sesreport.report.fixes import write_pack_fixes
from sesreport.report.kept import keep_pack, kept_pack, new_pack
from sesreport.report.manifest import COMPLETE, FAILED_NOTEBOOKS, FORMAT, MANIFEST, pack_status
from sesreport.report.notebooks import Executed, check_all, notebooks, run_notebooks
from sesreport.report.restated import RESTATED, restated_costs
from sesreport.settings.attestations import attestations_sha256
from sesreport.settings.config import Config
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import Snapshot, in_hand, load, others, snapshot_of, speaks_for

PACKAGES = ("pandas", "pyarrow", "matplotlib", "papermill", "openpyxl", "python-pptx", "jinja2", "boto3")

EVIDENCE = "evidence"
"""The folder of a pack with the evidence for each control."""
Output = Callable[[Pack, Path], None]


@dataclass(frozen=True)
class Made:
    """A pack on disk."""

    path: Path
    pack: Pack
    failed: tuple[Executed, ...]
    """Notebooks that did not run to their end; the pack is there all the same, and its manifest says so."""
    left_out: tuple[str, ...] = ()
    """Snapshots of other organizations in the folder: no history of this one."""


def outputs() -> dict[str, Output]:
    """The writers of a pack's documents by file ending; a new format is one entry."""
    from sesreport.report.deck import write_deck
    from sesreport.report.html import write_html
    from sesreport.report.workbook import write_workbook

    return {"xlsx": write_workbook, "html": write_html, "pptx": write_deck}


def report(
    config: Config,
    period: Period,
    *,
    snapshot: Snapshot | None = None,
    output: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    only: Sequence[Path] | None = None,
    workers: int | None = None,
    other_month: bool = False,
) -> Made:
    """Writes the pack of a period to ``<output>/<period>/`` and returns it.

    ``snapshot`` defaults to the period's own (see :func:`~sesreport.snapshot.store.snapshot_of`); one begun neither in
    the period nor in the month after it is an error unless ``other_month`` is set. ``parameters`` go to the notebooks
    that have them; ``only`` replaces the shipped notebooks. The folder appears when it is whole and replaces an earlier
    pack of the period; but a pack with a failed notebook replaces none but such a one, and is put beside another as
    ``<period>-failed``, until a complete one of the period is made. Raises ConfigError, SnapshotError, SchemaError,
    WriteError.
    """
    sources = notebooks() if only is None else list(only)
    given = {"period": str(period), "pack": "..", **(parameters or {})}
    check_all(sources, parameters or {})
    destination = (output or Path(config.paths.output)) / str(period)
    check_writable(destination.parent)
    folder = snapshots_folder(config)
    chosen = snapshot or load(snapshot_of(folder, period, of=in_hand(folder, config.organization.id)))
    if not (other_month or speaks_for(chosen, period)):
        raise ConfigError(
            f"snapshot {chosen.id} was begun in {Period(chosen.started_at.year, chosen.started_at.month)}, which says "
            f"nothing of {period} (a month is made from a snapshot of its own or of the next month); to use it all the "
            "same, say --other-month"
        )
    earlier = earlier_snapshots(folder, period, chosen)
    kept = kept_pack(chosen, config, period, earlier=earlier)
    pack = kept or new_pack(chosen, config, period, earlier=earlier)
    with whole_folder(destination, replace=True) as temporary:
        write_data(pack, temporary)
        if kept is None:
            keep_pack(temporary, chosen, config, period, earlier=earlier)
        pack = _restated(pack, destination.parent, temporary)
        if only is not None:  # such notebooks may read all of the pack, ours read results and frames
            _write_folders(pack, temporary)
        evidence = Evidence(chosen, folder, config)
        with lent(temporary, evidence), ThreadPoolExecutor(1, thread_name_prefix="notebooks") as background:
            running = background.submit(run_notebooks, sources, temporary / "notebooks", given, workers=workers)
            if only is None:
                _write_folders(pack, temporary)
            for ending, write in outputs().items():
                write(pack, temporary / f"ses-governance-{period}.{ending}")
            executed = running.result()
        _reading_copies(executed)
        left_out = [path.name for path in others(folder, chosen.organization)]
        manifest = _manifest(pack, chosen, earlier, config, given, executed, temporary, left_out)
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        failed = tuple(e for e in executed if e.error)
        if failed and destination.exists() and pack_status(destination) != FAILED_NOTEBOOKS:
            destination = _put_beside(temporary, destination)
    if not failed and pack_status(beside := _beside(destination)) == FAILED_NOTEBOOKS:
        remove_folder(beside)  # the complete pack has taken its place
    return Made(destination, pack, failed, tuple(left_out))


def _write_folders(pack: Pack, folder: Path) -> None:
    """``fixes/`` and ``evidence/``."""
    write_pack_fixes(pack.frames, folder)
    write_evidence(pack.frames, pack.results, folder / EVIDENCE)


def _restated(pack: Pack, output: Path, folder: Path) -> Pack:
    """The pack with the months whose cost earlier packs told otherwise: no frame of the snapshot, so it is not kept."""
    frame = restated_costs(pack.results, output)
    write_frame(RESTATED.name, frame, folder)
    return replace(pack, frames={**pack.frames, RESTATED.name: frame})


def _put_beside(failed: Path, destination: Path) -> Path:
    """Moves a pack with a failed notebook beside the complete one it must not replace; returns where it is."""
    beside = _beside(destination)
    if beside.exists():
        exchange(failed, beside)
    else:
        failed.rename(beside)
    return beside


def _beside(destination: Path) -> Path:
    return destination.with_name(f"{destination.name}-failed")


def _reading_copies(executed: Sequence[Executed]) -> None:
    from sesreport.report.html.notebook import notebook_html

    for one in executed:
        if one.path.exists():
            one.path.with_suffix(".html").write_text(notebook_html(one.path), encoding="utf-8")


def _manifest(
    pack: Pack,
    snapshot: Snapshot,
    earlier: Mapping[Period, Snapshot],
    config: Config,
    parameters: Mapping[str, Any],
    executed: Sequence[Executed],
    folder: Path,
    left_out: Sequence[str],
) -> dict[str, Any]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    basis = pack.results.coverage.places
    return {
        "format": FORMAT,
        "period": str(pack.results.period),
        "status": FAILED_NOTEBOOKS if any(e.error for e in executed) else COMPLETE,
        "parameters": dict(parameters),
        "versions": {
            "sesreport": __version__,
            "python": platform.python_version(),
            **{p: version(p) for p in PACKAGES},
        },
        "inputs": {
            "snapshot": {"id": snapshot.id, "sha256": snapshot.sha256},
            "earlier_snapshots": [{"id": s.id, "sha256": s.sha256} for s in earlier.values()],
            "snapshots_of_other_organizations": list(left_out),
            "configuration_sha256": config.sha256,
            "register_sha256": pack.results.register_sha256,
            "attestations_sha256": attestations_sha256(config),
        },
        "coverage": {"places_read": basis.read, "places_expected": basis.expected},
        "notebooks": {
            e.name: {
                "status": "failed" if e.error else "ok",
                "error": e.error,
                "cell": e.cell,
                "source_sha256": e.source_sha256,
                "seconds": round(e.seconds, 2),
            }
            for e in executed
        },
        "files": {p.relative_to(folder).as_posix(): {"sha256": sha256_of(p), "bytes": p.stat().st_size} for p in files},
    }
