"""What the sheets share: a frame's rows by name, account names beside ids, and what the rows rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from sesreport.analysis.basis import COLLECTED, REGIONS, is_gap
from sesreport.core.vocabulary import PLACE
from sesreport.kpis import words
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.ooxml import moment
from sesreport.report.workbook.description import SheetColumn
from sesreport.snapshot.coverage import EVERYTHING


def with_account_names(pack: Pack, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column of account names (NA for accounts outside the organization)."""
    accounts = pack.columns("accounts", ("account_id", "name")).drop_duplicates("account_id")
    names = accounts.set_index("account_id")["name"]
    return rows.assign(account=rows["account_id"].map(names))


def ranked(rows: pd.DataFrame, rank: pd.Series, *then: str) -> pd.DataFrame:
    """The rows by rank (unknown first: it is never the least of worries), then by these columns."""
    by = ["_rank", *then]
    ordered = rows.assign(_rank=rank.fillna(-1)).sort_values(by, kind="stable", na_position="first")
    return ordered.drop(columns="_rank").reset_index(drop=True)


def behind(pack: Pack, rows: pd.DataFrame, kpis: Mapping[str, Sequence[str]]) -> pd.Series:
    """The labels of the KPIs whose evidence each row is: those whose frame has a row with the same values.

    ``kpis`` names the columns that are compared, by KPI id. A KPI without a frame, or without these columns in it, has
    no evidence here.
    """
    labels: list[list[str]] = [[] for _ in range(len(rows))]
    here = {tuple(keys): _values(rows, keys) for keys in kpis.values()}
    for kpi in pack.results.kpis:
        if kpi.id not in kpis:  # a frame that is not needed is not read
            continue
        keys, found = kpis[kpi.id], pack.frames.get(kpi.frame)
        if found is not None and set(keys) <= set(found.columns):
            known = set(_values(found, keys))
            for told, values in zip(labels, here[tuple(keys)], strict=True):
                if values in known:
                    told.append(kpi.label)
    return pd.Series(labels, index=rows.index, dtype="object")


def _values(rows: pd.DataFrame, keys: Sequence[str]) -> list[tuple[object, ...]]:
    return list(rows[list(keys)].astype("object").itertuples(index=False, name=None))


FINDING = (
    SheetColumn("severity", "Severity", "signal", colors=SEVERITY_COLORS),
    SheetColumn("status", "Status"),
    SheetColumn("title", "Finding"),
    SheetColumn("identity", "Identity"),
    SheetColumn("grantee", "Grantee", unknown="none"),
    SheetColumn("owner", "Owner", unknown="no owner"),
)
"""What a finding is: the first columns of every sheet of findings."""
BEHIND = SheetColumn("behind", "Behind KPI", "texts", width=36)
"""Which KPIs the row is evidence of: filtered by one, the sheet shows what it was counted from."""


def finished_at(pack: Pack) -> datetime:
    """When the collection behind the pack ended (the only clock of the pack)."""
    return moment(pack.results.snapshot.finished_at)


def basis(pack: Pack, name: str) -> str:
    """One sentence: in how many places was read what the frame is made from, and why not in the others."""
    datasets = COLLECTED.get(name, (name,))
    coverage, expected = pack.coverage_columns, pack.expected_places
    if expected.empty:
        return f"What it rests on is not known: the coverage of {_list(datasets)} was not recorded."
    found = pack.basis(datasets)
    if found.whole:
        return f"Read in all {found.expected:,} places (account × Region)."
    read, of = found.read, found.expected
    about = coverage[coverage["dataset"].isin([*datasets, EVERYTHING, REGIONS]) & is_gap(coverage)]
    unread = expected.merge(about.drop_duplicates(PLACE), how="inner", on=PLACE)
    reasons = unread["status"].fillna("not known").value_counts()
    why = ", ".join(f"{str(status).replace('_', ' ')} {count:,}" for status, count in sorted(reasons.items()))
    told = f"; not read: {why}" if why else ""
    return f"Read in {read:,} of {of:,} places (account × Region){told}. See Data quality."


def found(pack: Pack, told: str, rows: pd.DataFrame, name: str) -> str:
    """A sheet's subtitle with the places its frame rests on; no rows of none of them are no number."""
    datasets = COLLECTED.get(name, (name,))
    read = pack.basis(datasets)
    if rows.empty and not read.read:
        return f"Not known: {_list(datasets)} could be read in no place"
    return f"{told}{words.within(read)}"


def nothing(pack: Pack, name: str, what: str, of: str | None = None) -> str:
    """Why a sheet has no rows: not produced, not read, or really none; ``of`` is the frame that it rests on."""
    if name not in pack.frames:
        return f"No data: this pack was made without {what}."
    if of is None:
        return f"None: there are no {what}."
    told = basis(pack, of)
    return f"No {what} in what was read. {told}" if "not read" in told else f"No {what}. {told}"


def _list(names: Sequence[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)
