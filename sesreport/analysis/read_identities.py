"""Which identities are known by themselves, also in a place that was not read whole."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS, read_in
from sesreport.analysis.identities import shown_identities
from sesreport.analysis.joins import rows
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import IDENTITY, PLACE, IdentityKey
from sesreport.policy import within

Lane = tuple[str, str]


def read_lanes(analysis: Analysis, datasets: tuple[str, ...]) -> set[Lane]:
    """Places (``account_id``, ``region``) in which all of the datasets were read without a gap."""
    return set(rows(analysis.once(read_in, datasets), PLACE))


def read_identities(analysis: Analysis) -> tuple[set[IdentityKey], set[IdentityKey]]:
    """Identities whose own policies were all read in places that were not read whole; and those whose were not.

    A domain is judged by the addresses under it as well, so it is not among the first while one of those was not read.
    """
    whole, listed = (analysis.once(read_lanes, names) for names in (POLICY_DATASETS, ("identities",)))
    stored = analysis.snapshot.policies.groupby(IDENTITY).size()
    identities = analysis.once(shown_identities)
    held = stored.reindex(pd.MultiIndex.from_frame(identities[IDENTITY])).fillna(0).to_numpy()
    read = (identities["policies"] == held).fillna(False)
    places = list(rows(identities, IDENTITY))
    known_whole = read.tolist()
    blank = {place for place, known in zip(places, known_whole, strict=True) if not known}
    single = set()
    for place, known in zip(places, known_whole, strict=True):
        lane, name = place[:2], place[2]
        if not known or lane in whole:
            continue
        under = any(other[:2] == lane and within(other[2], name) for other in blank)
        if "@" in name or (lane in listed and not under):
            single.add(place)
    return single, blank
