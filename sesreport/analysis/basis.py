"""What a number rests on: which account × Region places were read for the datasets it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import PLACE
from sesreport.snapshot.coverage import EVERYTHING, GLOBAL, NOT_OFFERED, OK, REGION_DISABLED, SKIPPED

POLICY_DATASETS = ("identities", "policies")
"""A place is read where both were: what the coverage of every output counts."""
SENDING_DATASETS = ("metrics",)
COLLECTED = {
    **dict.fromkeys(
        (
            "approvals", "grants", "identities", "exposures", "changes_since", "findings", "lives", "actions", "fixes",
            "remediation_times", "kpi_unknown_accounts",
        ),
        POLICY_DATASETS,
    ),
    **dict.fromkeys(("monthly", "daily", "anomalies", "forecasts"), SENDING_DATASETS),
    "budget_agreement": ("budgets",),
}  # fmt: skip
"""The collected datasets that a derived frame is made from, by its name; a collected frame is made from its own."""
REGIONS = "regions"
"""The dataset that says which Regions an account has."""


@dataclass(frozen=True)
class Basis:
    """What a number rests on: the places (account × Region) that were read, of those that should have been."""

    read: int
    expected: int

    @property
    def share(self) -> float | None:
        return self.read / self.expected if self.expected else None

    @property
    def whole(self) -> bool:
        """Whether there was something to read, and all of it was."""
        return 0 < self.expected <= self.read


def places(coverage: pd.DataFrame) -> pd.DataFrame:
    """Every account × Region that should be read, one row each (``account_id``, ``region``).

    Regions that are not enabled, or where SES is not offered, are shown in coverage but nobody can send there today
    without enabling them first, so they are not expected. An account whose Regions are not known is one place, in the
    Region ``global``: what is in it was not read.
    """
    regional = coverage[coverage["region"].ne(GLOBAL)]
    absent = (regional["dataset"] == EVERYTHING) & regional["status"].isin([REGION_DISABLED, NOT_OFFERED])
    expected = regional.loc[~absent, PLACE].drop_duplicates(ignore_index=True)
    untold = _without_regions(coverage, expected).assign(region=GLOBAL).astype({"region": expected["region"].dtype})
    return pd.concat([expected, untold], ignore_index=True)


def _without_regions(coverage: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Accounts (``account_id``) without an expected place that are not known to have none.

    A suspended account, which nobody can read, has a skipped row for everything. Every account has Regions, so an empty
    list of them tells nothing.
    """
    coverage = coverage[~coverage["account_id"].isin(expected["account_id"])]
    if coverage.empty:
        return coverage[["account_id"]]
    whole = coverage[coverage["region"].eq(GLOBAL)]
    skipped = whole.loc[whole["dataset"].eq(EVERYTHING) & whole["status"].eq(SKIPPED), "account_id"]
    lists = whole[whole["dataset"].eq(REGIONS)]
    told = lists["status"].eq(OK) & lists["rows"].gt(0)
    listed = coverage.loc[coverage["region"].ne(GLOBAL), "account_id"]
    known = listed[~listed.isin(lists.loc[~told, "account_id"])]
    settled = pd.concat([skipped, known])
    rest = coverage.loc[~coverage["account_id"].isin(settled), ["account_id"]]
    return rest.drop_duplicates(ignore_index=True)


def is_gap(coverage: pd.DataFrame) -> pd.Series:
    """Whether something that should have been read was not, by row.

    A Region that is not enabled is none where the row is of the whole Region; of a single dataset that status is an
    answer nobody expects in an enabled Region.
    """
    off = coverage["status"].eq(REGION_DISABLED) & coverage["dataset"].eq(EVERYTHING)
    gaps: pd.Series = coverage["status"].ne(OK) & ~off
    return gaps


def read_places(coverage: pd.DataFrame, datasets: Sequence[str]) -> pd.DataFrame:
    """The places in which all of the datasets were read without a gap."""
    wanted = coverage[
        (coverage["region"] != GLOBAL) & coverage["dataset"].isin(list(datasets)) & (coverage["status"] == OK)
    ]
    counts = wanted.drop_duplicates([*PLACE, "dataset"]).groupby(PLACE).size().reset_index(name="size")
    return counts.loc[counts["size"] == len(set(datasets)), PLACE].reset_index(drop=True)


WHOLE, PARTLY, UNREAD = "read", "partly read", "not read"


def place_states(coverage: pd.DataFrame) -> pd.DataFrame:
    """Every expected place with its ``state``: UNREAD where not all of POLICY_DATASETS was read, which the coverage of
    every output counts; PARTLY where another dataset was not; else WHOLE.
    """
    expected = places(coverage)
    read = joined(expected, read_places(coverage, POLICY_DATASETS).assign(read=True), on=PLACE)["read"].notna()
    gaps = coverage.loc[is_gap(coverage), PLACE].drop_duplicates().assign(gap=True)
    partly = joined(expected, gaps, on=PLACE)["gap"].notna()
    state = pd.Series(WHOLE, index=expected.index, dtype="string").mask(partly, PARTLY).mask(~read, UNREAD)
    return expected.assign(state=state)


def place_basis(coverage: pd.DataFrame, datasets: Sequence[str]) -> Basis:
    """Read and expected places for the datasets."""
    return Basis(len(read_places(coverage, datasets)), len(places(coverage)))


def basis_of(analysis: Analysis, datasets: tuple[str, ...]) -> Basis:
    """The :func:`place_basis` of an analysis, to be asked for ``once``."""
    return Basis(len(analysis.once(read_in, datasets)), analysis.once(_expected))


def read_in(analysis: Analysis, datasets: tuple[str, ...]) -> pd.DataFrame:
    """The :func:`read_places` of an analysis, to be asked for ``once``."""
    return read_places(analysis.coverage, datasets)


def _expected(analysis: Analysis) -> int:
    return len(places(analysis.coverage))


def places_left_out(analysis: Analysis) -> int:
    """How many places of the snapshot before this collection did not look at, though their account is still there.

    One that was tried in vain, a Region that is off now and an account that was suspended are looked at.
    """
    if analysis.previous is None:
        return 0
    coverage, accounts = analysis.coverage, set(analysis.snapshot.accounts["account_id"])
    here = set(zip(coverage["account_id"], coverage["region"], strict=True))
    whole = coverage[coverage["region"].eq(GLOBAL) & coverage["dataset"].eq(EVERYTHING)]
    settled = set(whole["account_id"])
    before = places(analysis.previous.coverage)
    return sum(
        account in accounts and account not in settled and region != GLOBAL and (account, region) not in here
        for account, region in zip(before["account_id"], before["region"], strict=True)
    )


def account_basis(coverage: pd.DataFrame, datasets: Sequence[str]) -> Basis:
    """Accounts read in all their places, of the accounts that should be."""
    expected = places(coverage)
    read = read_places(coverage, datasets).assign(read=True)
    both = joined(expected, read, on=["account_id", "region"])
    whole = both.groupby("account_id")["read"].count() == both.groupby("account_id")["region"].count()
    return Basis(int(whole.sum()), len(whole))
