"""What an earlier collection saw, for one that reads again only what may have changed since."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sesreport.core.schema import Row
from sesreport.core.vocabulary import PlaceKey
from sesreport.snapshot.coverage import OK
from sesreport.snapshot.events import name_of
from sesreport.snapshot.store import Snapshot, snapshots

log = logging.getLogger(__name__)

DATASETS = ("identities", "policies", "changes")
"""What must have been read whole for a place to be relied on."""
LATE = timedelta(hours=1)
"""How long before an observation change events are looked for again: CloudTrail delivers within minutes, mostly."""


@dataclass(frozen=True)
class EarlierPlace:
    """One account × Region as an earlier collection saw it."""

    since: datetime
    """From when on change events have to be looked at."""
    changes: Sequence[Row]
    identities: Mapping[str, Row] = field(default_factory=dict)
    """Rows of identities that are young enough to be kept, by name."""
    policies: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Their policies."""

    def without(self, changed: set[str]) -> EarlierPlace:
        """The same, less the identities that changed."""
        kept = {name: row for name, row in self.identities.items() if same_name(name) not in changed}
        return replace(self, identities=kept)


def same_name(identity: str) -> str:
    """A name as it compares with another: events and lists may spell one in other letter case, or as an ARN."""
    return name_of(identity.strip()).strip().casefold()


def earlier_places(snapshot: Snapshot, *, oldest: datetime) -> dict[PlaceKey, EarlierPlace]:
    """By (account_id, region): every place that was read whole, with the identities observed since ``oldest``."""
    coverage = snapshot.coverage
    read = coverage[coverage["dataset"].isin(DATASETS) & (coverage["status"] == OK)]
    counts = read.groupby(["account_id", "region"])["dataset"].nunique()
    identities, policies = _by_place(snapshot.identities), _by_place(snapshot.policies)
    changes = _by_place(snapshot.changes)
    found = {}
    for place in counts.index[counts == len(DATASETS)]:
        kept = {row["identity"]: row for row in identities.get(place, ()) if _young(row, oldest)}
        texts: dict[str, list[Row]] = {name: [] for name in kept}
        for row in policies.get(place, ()):
            if row["identity"] in texts:
                texts[row["identity"]].append(row)
        found[place] = EarlierPlace(snapshot.started_at - LATE, changes.get(place, []), kept, texts)
    return found


def known_dimensions(folder: Path) -> dict[PlaceKey, tuple[tuple[str, str], ...]]:
    """By (account_id, region): dimensions and metrics of all snapshots in a folder, the account's own left out.

    A snapshot that cannot be read is passed over, with a warning: whoever asks for it is told.
    """
    found: dict[PlaceKey, set[tuple[str, str]]] = defaultdict(set)
    for path in snapshots(folder):
        try:
            table = pq.read_table(
                path / "metrics.parquet",
                columns=["account_id", "region", "dimension", "metric"],
                filters=pc.field("dimension") != "account",
            )
        except (OSError, pa.ArrowException) as error:
            log.warning("%s: dimensions of its metrics are not known: %s", path, error)
            continue
        for row in table.group_by(table.column_names).aggregate([]).to_pylist():
            found[row["account_id"], row["region"]].add((row["dimension"], row["metric"]))
    return {place: tuple(sorted(known)) for place, known in found.items()}


def _young(row: Row, oldest: datetime) -> bool:
    """Whether the identity itself was read (its tags are known), and lately enough."""
    return row["tags"] is not None and row["observed_at"] is not None and row["observed_at"] >= oldest


def _by_place(frame: pd.DataFrame) -> dict[PlaceKey, list[Row]]:
    places: dict[PlaceKey, list[Row]] = {}
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        plain = {str(name): value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}
        places.setdefault((row["account_id"], row["region"]), []).append(plain)
    return places
