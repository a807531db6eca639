"""Every look at every finding: the snapshots of an analysis and its earlier ones, and the moments between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sesreport.analysis.approvals import Approvals
from sesreport.analysis.joins import among, joined, rows
from sesreport.analysis.read_identities import read_identities, read_lanes
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import IDENTITY, PLACE
from sesreport.findings.episodes import FOUND, GONE, SIGHTINGS, UNREAD
from sesreport.findings.findings import SUBJECT, found
from sesreport.findings.moments import moments as moments_of
from sesreport.findings.registry import rules
from sesreport.snapshot.collected import frames
from sesreport.snapshot.coverage import EVERYTHING, GLOBAL, OK

ABOUT = (*SUBJECT, "owner", "environment")
"""What is said of a finding; of its latest sighting."""


def looks(analyses: Sequence[Analysis]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sightings as :func:`sesreport.findings.episodes.episodes` takes them, and what is said of each finding.

    ``analyses`` are of one chain, oldest first. The second frame has :data:`ABOUT` by fingerprint.
    """
    about, here, between = None, [], []
    for analysis in analyses:
        table, then = moments_of(analysis)
        now = found(analysis)
        about = _told(about, then, table["at"].reindex(then["moment"]).array)
        about = _told(about, now, pd.Timestamp(analysis.snapshot.started_at))
        here.append(now["fingerprint"])
        between.append((table, then[["moment", "fingerprint"]]))
        if analysis.previous is not None:
            analysis.previous.release()  # of which the moments were asked
        if analysis is not analyses[-1]:
            analysis.release()
    assert about is not None, "a chain has an analysis"
    parts = [_approval_ends(about, analyses[-1]), _month_begins(about, analyses, here)]
    for analysis, there, moments in zip(analyses, here, between, strict=True):
        parts += [_moments(about, *moments), _snapshot(about, analysis, there)]
    sightings = pd.concat(parts, ignore_index=True).sort_values(["since", "_rank"], kind="stable", ignore_index=True)
    return sightings.assign(order=range(len(sightings)))[list(SIGHTINGS)], about.set_index("fingerprint")


def _told(about: pd.DataFrame | None, found: pd.DataFrame, at: Any) -> pd.DataFrame:
    """What is said of each finding, by what was found later."""
    told = found[["fingerprint", *ABOUT]].assign(_at=at).sort_values("_at", kind="stable").drop(columns="_at")
    both = told if about is None else pd.concat([about, told], ignore_index=True)
    return both.drop_duplicates("fingerprint", keep="last", ignore_index=True)


def _snapshot(about: pd.DataFrame, analysis: Analysis, there: pd.Series) -> pd.DataFrame:
    """One look at each finding: found (``there`` has the fingerprints), gone, or not read and why."""
    reason = unread(about, analysis)
    state = reason.notna().map({True: UNREAD, False: GONE}).mask(among(about["fingerprint"], there), FOUND)
    return pd.DataFrame(
        {
            "fingerprint": about["fingerprint"],
            "order": 0,
            "since": pd.Timestamp(analysis.snapshot.started_at),
            "until": pd.Timestamp(analysis.snapshot.finished_at),
            "exact": False,
            "basis": "snapshot",
            "principal": pd.Series(pd.NA, index=about.index, dtype="string"),
            "period": str(analysis.period),
            "state": state.astype("string"),
            "reason": reason,
            "_rank": 2,
        }
    )


def unread(about: pd.DataFrame, analysis: Analysis) -> pd.Series:
    """Why the silence of a rule at a place says nothing, by finding; NA where it says that the finding is gone.

    What a rule rests on must have been read there. Where a dataset has a gap, an identity whose own policies were read
    is known all the same. An account that is no longer in the organization, or a Region no longer enabled, is not
    read: what was open there stays open to all we know.
    """
    reasons = pd.Series(pd.NA, index=about.index, dtype="string")
    asked = {rule.slug: rule.datasets for rule in rules().values()}
    single, blank = analysis.once(read_identities)
    accounts = set(analysis.snapshot.accounts["account_id"])
    left = ~about["account_id"].isin(list(accounts))
    for datasets in set(asked.values()):
        chosen = about[about["rule"].isin([slug for slug, wanted in asked.items() if wanted == datasets])]
        if chosen.empty:
            continue
        collected = tuple(name for name in datasets if name in frames())
        read = analysis.once(read_lanes, collected)
        known = [lane in read for lane in rows(chosen, PLACE)]
        gaps = analysis.once(_gaps, tuple(name for name in datasets if name not in frames()))
        whole = np.array(known, dtype=bool) & gaps.of(chosen).isna().to_numpy()
        if set(datasets) <= {"identities", "policies"}:
            whole = whole | _among(chosen, single)
        said = analysis.once(_gaps, (*datasets, EVERYTHING)).of(chosen)
        if "policies" in datasets:
            whole = whole & ~_among(chosen, blank)
        said = said.fillna("the place was not part of the collection")
        said = said.mask(left.loc[chosen.index], "the account has left the organization")
        reasons.loc[chosen.index] = said.mask(whole)
    return reasons


def _gaps(analysis: Analysis, datasets: tuple[str, ...]) -> _Gaps:
    return _Gaps(analysis.coverage, datasets)


class _Gaps:
    """Reasons for not reading datasets, by place; of a whole account where its row is global."""

    def __init__(self, coverage: pd.DataFrame, datasets: Sequence[str]) -> None:
        bad = coverage[coverage["dataset"].isin(list(datasets)) & coverage["status"].ne(OK)]
        words = bad["dataset"] + ": " + bad["status"]
        words = words.where(bad["reason"].isna(), words + " (" + bad["reason"] + ")")
        self.organization = next(iter(words[bad["region"].eq(GLOBAL) & bad["dataset"].ne(EVERYTHING)]), pd.NA)
        self.places = words.groupby([bad["account_id"], bad["region"]]).first()

    def of(self, places: pd.DataFrame) -> pd.Series:
        here = pd.MultiIndex.from_frame(places[["account_id", "region"]])
        whole = pd.MultiIndex.from_arrays([places["account_id"], [GLOBAL] * len(places)])
        found = self.places.reindex(here).reset_index(drop=True)
        found = found.fillna(self.places.reindex(whole).reset_index(drop=True)).set_axis(places.index)
        return found.astype("string").fillna(self.organization)


def _among(findings: pd.DataFrame, places: set[tuple[str, str, str]]) -> pd.Series:
    return pd.Series([place in places for place in rows(findings, IDENTITY)], index=findings.index, dtype=bool)


def _moments(about: pd.DataFrame, moments: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """A look at each moment, at the findings that a policy of the identity is to blame for.

    Of policies not all known, what is found is there, and what is not may be.
    """
    blamed = about.loc[about["policy_name"].notna(), ["fingerprint", *IDENTITY]]
    both = joined(moments, blamed, how="inner", on=IDENTITY)
    there = pd.MultiIndex.from_frame(both[["moment", "fingerprint"]]).isin(
        pd.MultiIndex.from_frame(found[["moment", "fingerprint"]])
    )
    state = both["whole"].map({True: GONE, False: UNREAD}).astype("string").mask(there, FOUND)
    return pd.DataFrame(
        {
            "fingerprint": both["fingerprint"],
            "order": 0,
            "since": both["at"],
            "until": both["at"],
            "exact": ~both["before"],
            "basis": both["basis"],
            "principal": both["principal"],
            "period": both["at"].dt.strftime("%Y-%m"),
            "state": state,
            "reason": pd.Series("the policies of the time are not all known", index=both.index, dtype="string"),
            "_rank": (~both["before"]).astype(int),
        }
    )


def _approval_ends(about: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """An approval that ended was valid until then: before its end the grant was no ``expired_approval``.

    Of several that ended it is the last, of those that cover the identity.
    """
    approvals, now = Approvals(analysis.register), analysis.snapshot.started_at.timestamp()
    expired = about[about["rule"] == "expired_approval"]
    accounts = expired["grantee"].str.extract("([0-9]{12})", expand=False)
    ends = [
        max((one.ends for one in approvals.that_count(str(account), name) if one.ends <= now), default=None)
        for account, name in zip(accounts, expired["identity"], strict=True)
    ]
    at = pd.to_datetime(pd.Series(ends, index=expired.index, dtype="Float64"), unit="s", utc=True).dropna()
    return _not_there(expired.loc[at.index, "fingerprint"], at.astype("datetime64[us, UTC]"), "register")


def _month_begins(about: pd.DataFrame, analyses: Sequence[Analysis], here: Sequence[pd.Series]) -> pd.DataFrame:
    """What a rule finds of the month alone was not there when the month began in which it was first found."""
    of_month = about[about["rule"].isin([rule.slug for rule in rules().values() if rule.of_month])]
    begun = pd.Series(pd.NaT, index=of_month.index, dtype="datetime64[us, UTC]")
    for analysis, found_then in zip(reversed(analyses), reversed(here), strict=True):
        begun = begun.mask(among(of_month["fingerprint"], found_then), pd.Timestamp(analysis.period.start))
    begun = begun.dropna()
    return _not_there(of_month.loc[begun.index, "fingerprint"], begun, "interval")


def _not_there(fingerprints: pd.Series, at: pd.Series, basis: str) -> pd.DataFrame:
    """That findings were not there at a moment, which comes before all else seen at it."""
    return pd.DataFrame(
        {
            "fingerprint": fingerprints,
            "order": 0,
            "since": at,
            "until": at,
            "exact": False,
            "basis": basis,
            "principal": pd.Series(pd.NA, index=at.index, dtype="string"),
            "period": at.dt.strftime("%Y-%m"),
            "state": pd.Series(GONE, index=at.index, dtype="string"),
            "reason": pd.Series(pd.NA, index=at.index, dtype="string"),
            "_rank": 0,
        }
    )
