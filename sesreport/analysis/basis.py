"""What a number rests on: which account × Region places were read for the datasets it needs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.collection.coverage import EVERYTHING, GLOBAL, NOT_OFFERED, OK, REGION_DISABLED
from sesreport.results import Basis


def places(coverage: pd.DataFrame) -> pd.DataFrame:
    """Every account × Region that should be read, one row each (``account_id``, ``region``).

    Regions that are not enabled, or where SES is not offered, are shown in coverage but nobody can send there today
    without enabling them first, so they are not expected.
    """
    regional = coverage[coverage["region"].ne(GLOBAL)]
    absent = (regional["dataset"] == EVERYTHING) & regional["status"].isin([REGION_DISABLED, NOT_OFFERED])
    return regional.loc[~absent, ["account_id", "region"]].drop_duplicates(ignore_index=True)


def read_places(coverage: pd.DataFrame, datasets: Sequence[str]) -> pd.DataFrame:
    """The places in which all of the datasets were read without a gap."""
    wanted = coverage[
        (coverage["region"] != GLOBAL) & coverage["dataset"].isin(list(datasets)) & (coverage["status"] == OK)
    ]
    counts = wanted.groupby(["account_id", "region"])["dataset"].nunique().reset_index()
    return counts.loc[counts["dataset"] == len(set(datasets)), ["account_id", "region"]].reset_index(drop=True)


def place_basis(coverage: pd.DataFrame, datasets: Sequence[str]) -> Basis:
    """Read and expected places for the datasets."""
    return Basis(len(read_places(coverage, datasets)), len(places(coverage)))


def account_basis(coverage: pd.DataFrame, datasets: Sequence[str]) -> Basis:
    """Accounts read in all their places, of the accounts that should be."""
    expected = places(coverage)
    read = read_places(coverage, datasets).assign(read=True)
    both = joined(expected, read, on=["account_id", "region"])
    whole = both.groupby("account_id")["read"].count() == both.groupby("account_id")["region"].count()
    return Basis(int(whole.sum()), len(whole))
