"""What the sheets share: a frame's rows by name, account names beside ids, and what the rows rest on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from sesreport.pack.contents import Pack
from sesreport.pack.ooxml import moment

SEVERITY_ORDER = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def frame(pack: Pack, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """The pack's frame with exactly these columns (NA where it lacks one); no rows when there is no such frame."""
    found = pack.frames.get(name)
    if found is None:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in columns})
    return found.reindex(columns=list(columns)).reset_index(drop=True)


def with_account_names(
    pack: Pack, rows: pd.DataFrame, *, key: str = "account_id", name: str = "account"
) -> pd.DataFrame:
    """The rows with a column of account names (NA for accounts outside the organization)."""
    accounts = frame(pack, "accounts", ("account_id", "name")).drop_duplicates("account_id")
    names = accounts.set_index("account_id")["name"]
    return rows.assign(**{name: rows[key].map(names)})


def ranked(rows: pd.DataFrame, rank: pd.Series, *then: str) -> pd.DataFrame:
    """The rows by rank (unknown first: it is never the least of worries), then by these columns."""
    by = ["_rank", *then]
    ordered = rows.assign(_rank=rank.fillna(-1)).sort_values(by, kind="stable", na_position="first")
    return ordered.drop(columns="_rank").reset_index(drop=True)


def finished_at(pack: Pack) -> datetime:
    """When the collection behind the pack ended (the only clock of the pack)."""
    return moment(pack.results.snapshot.finished_at)


def basis(pack: Pack, *datasets: str) -> str:
    """One sentence: in how many places these datasets were read, and why not in the others."""
    coverage = frame(pack, "coverage", ("account_id", "region", "dataset", "status"))
    of_these = coverage[coverage["dataset"].isin(datasets)]
    if of_these.empty:
        return f"What it rests on is not known: the coverage of {_list(datasets)} was not recorded."
    places = of_these.groupby(["account_id", "region"], dropna=False)["status"]
    complete = places.agg(lambda status: bool((status == "ok").all()))
    read, expected = int(complete.sum()), len(complete)
    if read == expected:
        return f"Read in all {expected:,} places (account × Region)."
    reasons = of_these.loc[of_these["status"] != "ok", "status"].fillna("not known").value_counts()
    why = ", ".join(f"{str(status).replace('_', ' ')} {count:,}" for status, count in sorted(reasons.items()))
    return f"Read in {read:,} of {expected:,} places (account × Region); not read: {why}. See Data quality."


def nothing(pack: Pack, name: str, what: str, *datasets: str) -> str:
    """Why a sheet has no rows: not produced, not read, or really none."""
    if name not in pack.frames:
        return f"No data: this pack was made without {what}."
    if not datasets:
        return f"None: there are no {what}."
    return f"No {what}. {basis(pack, *datasets)}"


def _list(names: Sequence[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)
