"""Identities with owner and ticket from their tags, and the account they live in."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.accounts import first_tag, parse_tags
from sesreport.analysis.registry import Analysis, derived
from sesreport.collection.datasets.identities import IDENTITIES as COLLECTED
from sesreport.schema import Frame, text

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
    frame = analysis.snapshot.identities
    tags = [parse_tags(value) for value in frame["tags"]]
    keys = analysis.config.tags
    accounts = analysis.accounts.set_index("account_id")
    return frame.assign(
        account_name=frame["account_id"].map(accounts["name"]).astype("string"),
        environment=frame["account_id"].map(accounts["environment"]).astype("string"),
        owner=pd.array([first_tag(t, keys.owner) for t in tags], dtype="string"),
        account_owner=frame["account_id"].map(accounts["owner"]).astype("string"),
        ticket=pd.array([first_tag(t, keys.ticket) for t in tags], dtype="string"),
    )
