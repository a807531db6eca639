"""Identities with owner and ticket from their tags, and the account they live in."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.accounts import first_tag, parse_tags
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, text
from sesreport.core.vocabulary import PLACE
from sesreport.settings.config import Tags
from sesreport.snapshot.coverage import EVERYTHING, OK
from sesreport.snapshot.frames.identities import IDENTITIES as COLLECTED

IDENTITIES = Frame(
    "identities",
    COLLECTED.doc,
    keys=COLLECTED.keys,
    columns={
        **COLLECTED.columns,
        "account_name": text("Name of the account."),
        "environment": text("Environment of the account."),
        "owner": text("Owner by the identity's own tags; NA without such a tag, or when tags could not be read."),
        "account_owner": text("Owner of the account, to ask when the identity has none."),
        "ticket": text("Ticket by the identity's tags."),
    },
    samples=[{**row, "account_name": "shop-prod", "environment": "prod", "owner": "shop"} for row in COLLECTED.samples],
)


@derived(IDENTITIES)
def identities(analysis: Analysis) -> pd.DataFrame:
    """The collected identities joined with their account."""
    return with_accounts(analysis.once(shown_identities), analysis.accounts, analysis.config.tags)


def shown_identities(analysis: Analysis) -> pd.DataFrame:
    """The collected identities; the number of policies is NA where it is not known."""
    frame = analysis.snapshot.identities
    return frame.assign(policies=frame["policies"].mask(_not_shown(frame, analysis.snapshot.coverage)))


def with_accounts(identities: pd.DataFrame, accounts: pd.DataFrame, keys: Tags) -> pd.DataFrame:
    """Identities with what their accounts and tags say of them."""
    tags = [parse_tags(value) for value in identities["tags"]]
    by_id, whose = accounts.set_index("account_id"), identities["account_id"]
    return identities.assign(
        account_name=whose.map(by_id["name"]).astype("string"),
        environment=whose.map(by_id["environment"]).astype("string"),
        owner=pd.array([first_tag(t, keys.owner) for t in tags], dtype="string"),
        account_owner=whose.map(by_id["owner"]).astype("string"),
        ticket=pd.array([first_tag(t, keys.ticket) for t in tags], dtype="string"),
    )


def _not_shown(identities: pd.DataFrame, coverage: pd.DataFrame) -> pd.Series:
    """Whether an identity shows no policy in a place whose policies were not read, and may have some.

    Where policies could not be read, the collection marks each identity concerned by an unknown number of policies, and
    the others were read. Where it marks none, or nothing at all was read, any of them may be concerned.
    """
    bad = coverage["status"].ne(OK)
    gaps = {
        name: pd.MultiIndex.from_frame(coverage.loc[bad & coverage["dataset"].eq(name), PLACE])
        for name in ("policies", EVERYTHING)
    }
    here = pd.MultiIndex.from_frame(identities[PLACE])
    marked = here.isin(here[identities["policies"].isna()])
    gap = (here.isin(gaps["policies"]) & ~marked) | here.isin(gaps[EVERYTHING])
    return identities["policies"].eq(0).fillna(value=False) & gap
