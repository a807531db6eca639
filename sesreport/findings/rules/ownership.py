"""Identities nobody answers for."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.findings.registry import Example, at_identities, rule


@rule(
    id="SES051",
    title="The identity has no owner",
    severity="low",
    upkeep=True,
    why="Nobody can say whether a grant on it is still needed.",
    recommendation="Tag the identity with its owner.",
    fires=Example(tags={"ticket": "SHOP-1"}),
    clean=Example(),
)
def no_owner(analysis: Analysis) -> pd.DataFrame:
    """Identities without an owner tag whose tags were read."""
    identities = analysis.identities
    unowned = identities[identities["tags"].notna() & identities["owner"].isna()]
    ask = "no owner tag; ask the account's owner: " + unowned["account_owner"].fillna("not known")
    return at_identities(unowned, ask)


@rule(
    id="SES052",
    title="Mail is sent from a Region nobody watches",
    severity="medium",
    upkeep=True,
    why="An identity in a Region where none of our other accounts has one is easily forgotten, or not ours.",
    recommendation="Confirm that it is needed there, or delete it.",
    fires=Example(elsewhere=[("210000000002", "us-east-1"), ("210000000003", "us-east-1")]),
    clean=Example(elsewhere=[("210000000002", "eu-west-1"), ("210000000003", "eu-west-1")]),
)
def lonely_region(analysis: Analysis) -> pd.DataFrame:
    """Regions in which only one account of many has identities."""
    identities = analysis.identities
    accounts = identities.groupby("region")["account_id"].nunique()
    if identities["account_id"].nunique() < 3:
        return at_identities(identities.iloc[:0], "")
    lonely = identities[identities["region"].map(accounts == 1).astype(bool)]
    return at_identities(lonely, "the only account with identities in " + lonely["region"])
