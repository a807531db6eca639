"""The lives of findings: from what was seen when, to when each was opened, seen last, resolved and opened again.

Pure: a frame of sightings in, a frame of episodes out. Nothing is taken for resolved that was not looked at.
"""

from __future__ import annotations

import pandas as pd

FOUND, GONE, UNREAD = "found", "gone", "unread"
OPEN, RESOLVED, EXCEPTED, NOT_OBSERVED = "open", "resolved", "excepted", "not observed"
INTERVAL = "interval"
DAY = 86_400

SIGHTINGS = ("fingerprint", "order", "since", "until", "exact", "basis", "principal", "period", "state", "reason")
"""Columns of what :func:`episodes` takes; one row per finding and time of looking.

``order``: place in time; ``since`` and ``until``: between which the look was taken (of a collection, its begin and
end); ``exact``: whether the look was taken at the moment of a change, so that what is new in it was made then;
``basis`` and ``principal``: what says so, and who made it; ``period``: the month the look speaks for, ``YYYY-MM``;
``state``: found, gone (looked at, and not there) or unread; ``reason``: why it was not read.
"""


def episodes(sightings: pd.DataFrame, *, now: pd.Timestamp) -> pd.DataFrame:
    """One row per finding and episode, from its opening to its end; a finding that comes back is a new episode.

    An episode was opened between ``opened_after`` (the last look at which it was not there; NaT when there was none)
    and ``opened_by``, and likewise resolved; where the first look that shows the difference is that of a change and
    the look before it was no blank, both are that moment, and ``opened_at`` too. A look that could not be taken
    neither ends nor begins anything. Columns: ``fingerprint``, ``episode`` (from 1), ``first_seen``, ``last_seen``,
    ``opened_at``, ``opened_after``, ``opened_by``, ``opened_basis``, ``opened_in`` (month), ``opened_principal``; the
    same for ``resolved_``; ``status`` (open, resolved or not observed), ``reason`` (why not observed); and of
    :func:`durations` the days.
    """
    looks = sightings.sort_values(["fingerprint", "order"], kind="stable", ignore_index=True)
    before = looks.groupby("fingerprint")["state"].shift()
    looks = looks.assign(after_blank=before.eq(UNREAD).fillna(False).astype(bool))
    last = looks.drop_duplicates("fingerprint", keep="last").set_index("fingerprint")
    known = looks[looks["state"] != UNREAD]
    earlier = known.groupby("fingerprint")
    was = earlier["state"].shift()
    known = known.assign(before=earlier["since"].shift())
    begins = known["state"].eq(FOUND) & ~was.eq(FOUND).fillna(False).astype(bool)
    ends = known["state"].eq(GONE) & was.eq(FOUND).fillna(False).astype(bool)
    known = known.assign(episode=begins.groupby(known["fingerprint"]).cumsum())
    keys = ["fingerprint", "episode"]
    seen = known[known["state"] == FOUND].groupby(keys)["since"].agg(first_seen="min", last_seen="max")
    opened = _ends(known[begins], keys, "opened", was[begins].notna())
    resolved = _ends(known[ends], keys, "resolved", pd.Series(True, index=known.index[ends]))
    made = seen.join(opened).join(resolved).reset_index()
    made["opened_in"] = made["opened_in"].where(made["opened_after"].notna())
    blank = made["fingerprint"].map(last["state"]).eq(UNREAD)
    done = made["resolved_by"].notna()
    status = pd.Series(OPEN, index=made.index, dtype="string").mask(blank, NOT_OBSERVED).mask(done, RESOLVED)
    reason = made["fingerprint"].map(last["reason"]).astype("string").where(status.eq(NOT_OBSERVED))
    return durations(made.assign(status=status, reason=reason), now=now)


def durations(made: pd.DataFrame, *, now: pd.Timestamp) -> pd.DataFrame:
    """Adds how long each episode lasted, or has lasted by ``now``: ``days_low``, ``days_high`` and ``days``.

    ``days_low`` is the shortest it can have been, ``days_high`` the longest (NA when it was there at the first look).
    ``days`` is what a mean takes: the longest, so that looking seldom never flatters; the shortest where there is no
    longest.
    """
    low = (made["resolved_after"].fillna(now) - made["opened_by"]).dt.total_seconds() / DAY
    high = (made["resolved_by"].fillna(now) - made["opened_after"]).dt.total_seconds() / DAY
    low, high = low.clip(lower=0).astype("Float64"), high.astype("Float64")
    return made.assign(days_low=low, days_high=high, days=high.fillna(low))


def _ends(looks: pd.DataFrame, keys: list[str], what: str, bounded: pd.Series) -> pd.DataFrame:
    """One end of each episode: the moment, or the looks between which it lies."""
    exact = looks["exact"] & ~looks["after_blank"] & bounded
    frame = pd.DataFrame(
        {
            **{name: looks[name] for name in keys},
            f"{what}_at": looks["since"].where(exact),
            f"{what}_after": looks["before"].mask(exact, looks["since"]),
            f"{what}_by": looks["until"],
            f"{what}_basis": looks["basis"].where(exact, INTERVAL),
            f"{what}_in": looks["since"].dt.strftime("%Y-%m").where(looks["exact"], looks["period"]).astype("string"),
            f"{what}_principal": looks["principal"].where(exact),
        }
    )
    return frame.set_index(keys)
