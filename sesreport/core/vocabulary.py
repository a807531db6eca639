"""Words that every package uses in one meaning: severities, and the columns that name a place or an identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
"""The worst first."""
GRAVE = SEVERITIES[:2]
"""Severities that a month should not end with."""

PLACE = ["account_id", "region"]
"""The columns of a place: an account × Region."""
PlaceKey = tuple[str, str]
"""account_id, region."""
IDENTITY = [*PLACE, "identity"]
"""The columns that name an identity."""
IdentityKey = tuple[str, str, str]
"""account_id, region, identity."""


def severity_rank(severities: pd.Series) -> pd.Series:
    """A number to sort by, the worst first; what is no severity comes last."""
    ranks = {name: rank for rank, name in enumerate(SEVERITIES)}
    return severities.map(ranks).fillna(len(ranks)).astype(int)
