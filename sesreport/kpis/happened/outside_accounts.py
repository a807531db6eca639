"""Who outside can send as us since the report before: let in, shut out, or nobody new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from sesreport.analysis.basis import POLICY_DATASETS, basis_of, places_left_out
from sesreport.analysis.changes_since import GRAVE, SCOPES
from sesreport.analysis.registry import Analysis
from sesreport.kpis import words
from sesreport.kpis.happenings import happening
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Happening

OUTSIDE = ("vendor", *GRAVE)
"""Scopes of grants that let somebody outside in, or that may."""
NAMED = 3
"""Identities named in a line."""
FRAME = "changes_since"


@happening(order=40)
def outside_accounts(analysis: Analysis) -> Iterator[Happening]:
    """Identities that were opened to anyone or closed, and outside permissions that were added or removed."""
    before = analysis.previous
    if before is None:
        text = "Which outside permissions were added is not known: there is no earlier report."
        yield Happening(NOT_MEASURABLE, text, frame=FRAME)
        return
    changes = analysis.changes_since
    exposures = changes[changes["what"].eq("exposure")]
    was, now = exposures["before"].eq("public"), exposures["after"].eq("public")
    if opened := _names(exposures[now & ~was]):
        one = opened[0] if len(opened) == 1 else f"{len(opened)} more identities"
        yield Happening(
            OFF_TARGET, f"Anyone can now send as {_listed(opened)}.", f"Anyone can now send as {one}", FRAME
        )
    shut = exposures["after"].isin([scope for scope in SCOPES if scope not in GRAVE])
    if closed := _names(exposures[was & shut]):
        yield Happening(ON_TARGET, f"{_listed(closed)} {'is' if len(closed) == 1 else 'are'} closed to strangers "
                        "again.", frame=FRAME)  # fmt: skip
    yield _permissions(analysis, changes[changes["what"].eq("grant")], before.period.name)


def _permissions(analysis: Analysis, grants: pd.DataFrame, since: str) -> Happening:
    rank = {scope: place for place, scope in enumerate(SCOPES)}
    was, now = (grants[name].map(rank).fillna(-1) for name in ("before", "after"))
    wider = grants[grants["after"].isin(OUTSIDE) & (now > was)]
    narrower = grants[grants["before"].isin(OUTSIDE) & (now < was)]
    unread = analysis.once(places_left_out)
    left = "1 place was" if unread == 1 else f"{unread:,} places were"
    limit = f" where both months were read ({left} left out)" if unread else ""
    added = f"{len(wider):,} added or widened" if len(wider) else "none added"
    ended = f"{len(narrower):,} removed or narrowed" if len(narrower) else "none removed"
    read = analysis.once(basis_of, POLICY_DATASETS)
    if not read.read and not len(wider):
        text = f"Which outside permissions were added since {since} is not known: no policy could be read."
        return Happening(NOT_MEASURABLE, text, frame=FRAME)
    text = f"Outside permissions since {since}{limit}: {added}, {ended}{words.within(read)}."
    if len(wider):
        text = f"{text[:-1]}; new on {_listed(_names(wider))}."
    certain = (read.share or 0.0) >= analysis.config.report.minimum_coverage
    good = ON_TARGET if certain else WATCH
    status = OFF_TARGET if wider["after"].isin(GRAVE).any() else WATCH if len(wider) else good
    many = "An outside permission was" if len(wider) == 1 else f"{len(wider):,} outside permissions were"
    return Happening(status, text, f"{many} added" if status == OFF_TARGET else "", FRAME)


def _names(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows["identity"].sort_values()))


def _listed(names: Sequence[str]) -> str:
    """The first by name and the others by number."""
    more = len(names) - NAMED
    if more > 0:
        return f"{', '.join(names[:NAMED])} and {more:,} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
