"""Open a pack: the folder of one already made, or one computed for an analyst from a snapshot of ours or the demo's.

And the analysis that it shows, to ask more of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.core.resources import shipped
from sesreport.report.contents import Pack
from sesreport.report.stored import read_stored

if TYPE_CHECKING:
    from sesreport.analysis import Analysis
    from sesreport.kpis.results import Results
    from sesreport.report.evidence import Evidence
    from sesreport.settings.config import Config


def open_pack(pack: str = "", *, snapshot: str = "demo", period: str = "last-month", config: str = "") -> Pack:
    """Numbers (``.results``) and frames (``.frames``) of one period.

    ``pack`` names the folder of a pack and wins over all else. Otherwise ``snapshot`` is a snapshot's folder,
    ``latest`` (the newest of the settings' folder) or ``demo`` (the demonstration organization: that of ``sesreport run
    --demo`` in this folder or one above it, else one that is collected once, which takes a minute, and kept in the
    user's cache). Snapshots of the same organization beside it that speak for earlier months are its history.
    ``period`` is ``YYYY-MM`` or the month before the snapshot. ``config`` names the settings; by default they are the
    ``sesreport.toml`` of the snapshot's folder or the nearest one above it. What was computed before from the very same
    input is read from the user's cache.
    In a notebook run by papermill, raises ConfigError for a parameter that the notebook does not have.
    Raises ConfigError, SnapshotError.
    """
    _check_injected()
    if pack:
        return read_stored(Path(pack))
    from sesreport.report.compute import earlier_snapshots
    from sesreport.report.kept import computed_pack
    from sesreport.snapshot.store import load

    settings, path = _choose(snapshot, config)
    chosen = load(path)
    month = Period.parse(period, today=chosen.started_at.date())
    return computed_pack(chosen, settings, month, earlier=earlier_snapshots(path.parent, month, chosen))


def open_analysis(pack: str = "", *, snapshot: str = "demo", period: str = "last-month", config: str = "") -> Analysis:
    """The analysis that a pack shows, with those of the months before: what :func:`open_pack` opens, to ask more of it.

    A pack holds neither its snapshot nor its settings: they are looked for as those of a snapshot are, near the pack's
    folder, and have to be the very ones. Raises ConfigError, SnapshotError.
    """
    _check_injected()
    from sesreport.report.compute import analysis_of, earlier_snapshots
    from sesreport.report.evidence import Evidence
    from sesreport.snapshot.store import load

    if pack:
        results = read_stored(Path(pack)).results
        evidence, month = _evidence(Path(pack), results, config), Period.of(results.period)
    else:
        settings, path = _choose(snapshot, config)
        evidence = Evidence(load(path), path.parent, settings)
        month = Period.parse(period, today=evidence.snapshot.started_at.date())
    earlier = earlier_snapshots(evidence.folder, month, evidence.snapshot)
    return analysis_of(evidence.snapshot, evidence.config, month, earlier=earlier)


def _evidence(pack: Path, results: Results, config: str) -> Evidence:
    """The snapshot and settings of a pack: lent by whoever is making it, else those that are near and equal."""
    from sesreport.demo.organization import load_organization
    from sesreport.report.evidence import borrowed, found
    from sesreport.settings.config import load_config
    from sesreport.snapshot.storage import snapshots_folder

    if (lent := borrowed(pack)) is not None:
        return lent
    if not config and results.organization_id == load_organization(shipped("data/demo")).id:
        from sesreport.demo.snapshot import demo_config, demo_snapshot

        folder = demo_snapshot(pack.absolute()).parent
        settings = demo_config(snapshots=folder)
    else:
        settings = load_config(Path(config)) if config else _settings_near(pack.absolute())
        folder = snapshots_folder(settings)
    if settings.sha256 != results.configuration_sha256:
        raise ConfigError(f"{pack}: was made with other settings than those that are here; name them as config")
    return found(results.snapshot, folder, settings)


def _choose(snapshot: str, config: str) -> tuple[Config, Path]:
    """Settings, and the snapshot to open."""
    from sesreport.settings.config import load_config
    from sesreport.snapshot.store import load

    if snapshot == "demo":
        from sesreport.demo.snapshot import demo_config, demo_snapshot

        path = demo_snapshot(Path.cwd())
        return load_config(Path(config)) if config else demo_config(snapshots=path.parent), path
    if snapshot == "latest":
        settings = load_config(Path(config)) if config else _settings_near(Path.cwd())
        return settings, _newest(settings)
    path = Path(snapshot)
    if config:
        return load_config(Path(config)), path
    from sesreport.demo.snapshot import demo_config, is_demo

    near = path.absolute()
    return demo_config(snapshots=near.parent) if is_demo(load(path)) else _settings_near(near), path


def _settings_near(start: Path) -> Config:
    """The ``sesreport.toml`` of a folder or the nearest one above it; the defaults for the nearest with snapshots."""
    from sesreport.settings.config import Config, load_config

    folders = [start, *start.parents]
    found = next((each / "sesreport.toml" for each in folders if (each / "sesreport.toml").is_file()), None)
    if found is not None:
        return load_config(found)
    defaults = Config()
    base = next((each for each in folders if (each / defaults.paths.snapshots).is_dir()), start)
    return defaults.based_at(base)


def _newest(settings: Config) -> Path:
    from sesreport.snapshot.storage import snapshots_folder
    from sesreport.snapshot.store import in_hand, snapshots

    folder = snapshots_folder(settings)
    found = snapshots(folder, of=in_hand(folder, settings.organization.id))
    if not found:
        raise ConfigError(f"no snapshot in {settings.paths.snapshots}; collect one with 'sesreport collect'")
    return found[-1]


def _check_injected() -> None:
    """papermill runs a notebook with its defaults, and only logs it, when a parameter is misspelt."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        from sesreport.report.notebooks import check_injected

        check_injected([str(source) for source in shell.user_ns.get("In", ())])
