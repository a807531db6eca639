"""From a snapshot to judged frames: :func:`analyze`, one file per derived frame, and trends of sending.

May import everything from ``core`` to ``usage``, and knows nothing of findings. A new frame is one function with
``@derived`` in a file here.
"""

from __future__ import annotations

from concurrent.futures import Executor

import pandas as pd

from sesreport.analysis.judged_identities import JudgedIdentityCache
from sesreport.analysis.registry import Analysis
from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.settings.attestations import attestations_of
from sesreport.settings.config import Config
from sesreport.settings.owners import directory_of
from sesreport.settings.register import register_of
from sesreport.snapshot.store import Snapshot
from sesreport.usage.settings_exports import SettingsExports

__all__ = ["Analysis", "analyze"]


def analyze(
    snapshot: Snapshot,
    config: Config | None = None,
    *,
    register: pd.DataFrame | None = None,
    attestations: pd.DataFrame | None = None,
    period: Period | None = None,
    previous: Analysis | None = None,
    executor: Executor | None = None,
) -> Analysis:
    """The analysis of a snapshot; frames are its attributes (``analysis.grants``), made when first asked for.

    ``register`` and ``attestations`` default to the files the configuration names (of the answers, those given up to
    the day of the snapshot), ``period`` to the last month closed when the snapshot was begun; ``executor`` judges
    policies elsewhere, in tasks of some hundred. Raises ConfigError for a bad register, file of attestations or
    directory of owners, and for a ``previous`` of another organization.
    """
    if previous is not None:
        _check_same_organization(previous.snapshot, snapshot)
    config = config or Config()
    today = snapshot.started_at.date()
    if register is None:
        register = register_of(config, today)
    if attestations is None:
        attestations = attestations_of(config, today)
    chosen = period or Period(today.year, today.month).shift(-1)
    cache = JudgedIdentityCache() if previous is None else previous.cache
    same = previous is not None and previous.config.costs.exports == config.costs.exports
    exports = previous.cost_exports if same and previous is not None else SettingsExports(tuple(config.costs.exports))
    owners = directory_of(config)
    return Analysis(snapshot, config, register, chosen, previous, executor, exports, cache, attestations, owners)


def _check_same_organization(one: Snapshot, other: Snapshot) -> None:
    """Where it is not known whose accounts a snapshot holds, none were read."""
    known = {each.organization for each in (one, other)} - {""}
    if len(known) > 1:
        raise ConfigError(
            f"snapshot {one.id} is of {one.organization} and {other.id} of {other.organization}: they have no history "
            "in common"
        )
