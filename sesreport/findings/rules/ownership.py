"""Identities nobody answers for."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.registry import Analysis
from sesreport.findings.registry import EVIDENCE, Example, allow, at_grants, at_identities, rule
from sesreport.settings.owners import absent


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


@rule(
    id="SES053",
    title="The owner is no longer there",
    severity="medium",
    upkeep=True,
    why="Nobody answers for it: questions, reviews and alarms go to somebody who has left.",
    recommendation="Name an owner who is there, in the tag or in the register.",
    ask="Name new owners for {identities} whose owner has left",
    fires=Example({"p": allow("310000000001")}, owners=["crm"]),
    clean=Example({"p": allow("310000000001")}, owners=["Shop", "crm"]),
    datasets=("identities", "policies", "account_tags"),
)
def owner_gone(analysis: Analysis) -> pd.DataFrame:
    """Identities, and grants by their approval, whose owner is not in the settings' directory; none without one.

    The owner of an account is asked for where the identity has none of its own.
    """
    if analysis.owners is None:
        return at_identities(analysis.identities.iloc[:0], "")[EVIDENCE]
    identities, grants = analysis.identities, analysis.grants
    tagged = identities.assign(_whose=identities["owner"].isna().map({True: "the account", False: "the identity"}))
    tagged = tagged.assign(_owner=identities["owner"].fillna(identities["account_owner"]))
    used = grants[grants["approval_id"].notna()]
    owners = analysis.register.set_index("approval_id")["owner"]
    used = used.assign(
        _owner=used["approval_id"].map(owners).astype("string"), _whose="approval " + used["approval_id"]
    )
    (of_identities, told), (of_grants, why) = (_absent(each, analysis.owners) for each in (tagged, used))
    return pd.concat([at_identities(of_identities, told), at_grants(of_grants.assign(why=why))], ignore_index=True)


def _absent(owned: pd.DataFrame, directory: frozenset[str]) -> tuple[pd.DataFrame, pd.Series]:
    """The rows whose ``_owner`` is not in a directory, and what is said of them."""
    owned = owned[owned["_owner"].notna()]
    gone = pd.Series(
        ["; ".join(absent(owner, directory)) for owner in owned["_owner"]], index=owned.index, dtype=object
    )
    gone = gone[gone != ""].astype("string")
    found = owned.loc[gone.index]
    return found, "owner " + gone + " of " + found["_whose"] + " is not in the directory"
