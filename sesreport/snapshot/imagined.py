"""A snapshot as it would be with other policies: in memory alone, and never taken for one that was collected."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from sesreport.core.vocabulary import IDENTITY
from sesreport.snapshot.collected import frames
from sesreport.snapshot.frames.identities import IDENTITIES, POLICIES
from sesreport.snapshot.store import Snapshot

PolicyKey = tuple[str, str, str, str]
"""account_id, region, identity, policy_name."""


class ImaginedSnapshot(Snapshot):
    """A snapshot whose frames are those of another, but for ``policies`` and the number of policies of identities.

    Its id ends in ``-what-if``; ``path`` and ``manifest`` are the other's.
    """

    imagined = True

    def __init__(self, of: Snapshot, policies: Mapping[PolicyKey, str | None]) -> None:
        """``policies`` are the texts that differ; None where there is no such policy any more."""
        self.of = of
        self.path, self.manifest, self._declared = of.path, of.manifest, frames()
        told = json.dumps([of.sha256, sorted(policies.items(), key=lambda item: item[0])])
        self.sha256 = hashlib.sha256(told.encode()).hexdigest()
        known = _keys(of.policies, list(POLICIES.keys))
        self._read_frames = {
            POLICIES.name: _policies(of.policies, known, policies),
            IDENTITIES.name: _identities(of.identities, set(known), policies),
        }

    @property
    def id(self) -> str:
        return f"{self.of.id}-what-if"

    def frame(self, name: str) -> pd.DataFrame:
        """A frame of the other snapshot, or one that differs."""
        return self._read_frames[name] if name in self._read_frames else self.of.frame(name)

    def frame_names(self) -> Iterable[str]:
        return self.of.frame_names()

    def release(self) -> None:
        """Forgets the frames of the other snapshot, which are read again when they are asked for."""
        self.of.release()

    def __repr__(self) -> str:
        return f"<ImaginedSnapshot {self.id}: {len(self.policies)} policies; it was not collected>"


def _keys(frame: pd.DataFrame, names: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(frame[name].tolist() for name in names), strict=True))


def _policies(
    before: pd.DataFrame, known: list[tuple[str, ...]], differ: Mapping[PolicyKey, str | None]
) -> pd.DataFrame:
    """The frame in its order: what differs in its place, what is new at the end."""
    told = POLICIES.from_rows(
        {
            **dict(zip(POLICIES.keys, key, strict=True)),
            "document": text,
            "sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        }
        for key, text in differ.items()
        if text is not None
    )
    stays = [key not in differ for key in known]
    place = {key: number for number, key in enumerate(known)}
    both = pd.concat([before[stays], told], ignore_index=True)
    order = [place.get(key, len(place)) for key in _keys(both, list(POLICIES.keys))]
    return POLICIES.conform(both.iloc[sorted(range(len(both)), key=order.__getitem__)])


def _identities(
    before: pd.DataFrame, known: set[tuple[str, ...]], differ: Mapping[PolicyKey, str | None]
) -> pd.DataFrame:
    """The frame with the number of policies that each identity would have; NA stays NA."""
    more: Counter[tuple[str, ...]] = Counter()
    for key, text in differ.items():
        more[key[:3]] += (text is not None) - (key in known)
    change = pd.array([more[key] for key in _keys(before, IDENTITY)], dtype="Int64")
    return IDENTITIES.conform(before.assign(policies=before["policies"] + change))
