"""Snapshots of an organization some or all of whose places could not be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from sesreport.snapshot.coverage import EVERYTHING, GLOBAL, OK
from sesreport.snapshot.store import Snapshot, load, write_snapshot

PLACE = ["account_id", "region"]
REASON = "sts:AssumeRole: AccessDenied"


def every(places: pd.DataFrame) -> pd.Series:
    """Chooses all places."""
    return pd.Series(True, index=places.index)


def without_places(
    snapshot: Snapshot, folder: Path, chosen: Callable[[pd.DataFrame], pd.Series] = every, *, status: str = "denied"
) -> Snapshot:
    """The snapshot as it would be if the chosen account × Region places had refused every call.

    Their rows are gone, and one coverage row ``everything`` has the status. ``chosen`` takes a frame with
    ``account_id`` and ``region`` and returns a flag per row.
    """
    frames = {name: frame for name, frame in snapshot.frames.items() if name != "coverage"}
    kept = {
        name: frame[~_at(frame, chosen)].reset_index(drop=True) if set(PLACE) <= set(frame.columns) else frame
        for name, frame in frames.items()
    }
    coverage = snapshot.coverage
    gone = _at(coverage, chosen) & coverage["status"].eq(OK).groupby([coverage[name] for name in PLACE]).transform(
        "any"
    )
    refused = coverage[gone].drop_duplicates(PLACE).assign(dataset=EVERYTHING)
    return _written(snapshot, folder, kept, pd.concat([coverage[~gone], _failed(refused, status)]))


def without_policies(
    snapshot: Snapshot,
    folder: Path,
    chosen: Callable[[pd.DataFrame], pd.Series] = every,
    *,
    status: str = "error",
    counts: bool = False,
) -> Snapshot:
    """The snapshot as it would be if no identity of the chosen places could be read one by one.

    The identities are listed; tags and policies are not known, and the datasets ``identities`` and ``policies`` have
    the status. ``counts`` leaves the number of policies of each identity where it was, against its coverage.
    """
    identities, policies = snapshot.identities, snapshot.policies
    unread = _at(identities, chosen)
    columns = ["tags", *([] if counts else ["policies"])]
    identities = identities.assign(**{name: identities[name].mask(unread) for name in columns})
    kept = {**snapshot.frames, "identities": identities, "policies": policies[~_at(policies, chosen)]}
    coverage = snapshot.coverage
    gaps = _at(coverage, chosen) & coverage["dataset"].isin(["identities", "policies"])
    failed = _failed(coverage[gaps], status)
    return _written(snapshot, folder, kept, pd.concat([coverage[~gaps], failed]))


def without_regions(snapshot: Snapshot, folder: Path, account: str, *, status: str = "error") -> Snapshot:
    """The snapshot as it would be if an account had not said which Regions it has: it has ``global`` rows alone."""
    kept = {
        name: frame[frame["account_id"] != account] if set(PLACE) <= set(frame.columns) else frame
        for name, frame in snapshot.frames.items()
    }
    coverage = snapshot.coverage
    of_account = coverage["account_id"] == account
    asked = of_account & (coverage["region"] == GLOBAL) & (coverage["dataset"] == "regions")
    return _written(snapshot, folder, kept, pd.concat([coverage[~of_account], _failed(coverage[asked], status)]))


def with_note(snapshot: Snapshot, folder: Path, account: str, region: str, note: str) -> Snapshot:
    """The snapshot with a note on the identities of one place, which were read."""
    coverage = snapshot.coverage
    here = (coverage["account_id"] == account) & (coverage["region"] == region) & (coverage["dataset"] == "identities")
    return _written(
        snapshot, folder, dict(snapshot.frames), coverage.assign(reason=coverage["reason"].mask(here, note))
    )


def _at(frame: pd.DataFrame, chosen: Callable[[pd.DataFrame], pd.Series]) -> pd.Series:
    return chosen(frame).astype(bool) & (frame["region"] != GLOBAL)


def _failed(rows: pd.DataFrame, status: str) -> pd.DataFrame:
    return rows.assign(status=status, reason=REASON, calls=1, rows=0)


def _written(snapshot: Snapshot, folder: Path, frames: dict[str, pd.DataFrame], coverage: pd.DataFrame) -> Snapshot:
    keys = [*PLACE, "dataset"]
    whole = {**frames, "coverage": coverage.sort_values(keys, ignore_index=True)}
    about = {name: snapshot.manifest[name] for name in ("datasets_skipped", "mode", "metric_days")}
    path = write_snapshot(folder, whole, started_at=snapshot.started_at, finished_at=snapshot.finished_at, about=about)
    return load(path)
