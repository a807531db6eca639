"""What rides on every exposed identity: the mail of its domain, and what it is worth."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from sesreport.analysis.basis import SENDING_DATASETS, read_in
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.money import amounts, times
from sesreport.core.schema import Frame, count, flag, money, real, text
from sesreport.core.vocabulary import IDENTITY, PLACE
from sesreport.snapshot.frames.identities import IDENTITIES

EXPOSED = ("external", "public")
"""Exposures of which nobody has approved who can send; the order of ``sesreport.policy``."""
STAKES = Frame(
    "stakes",
    "One row per identity that accounts nobody approved can send as, or of which that is not known: the legitimate "
    "mail that rides on it. A refused or blacklisted domain hits that mail.",
    keys=IDENTITIES.keys,
    columns={
        "owner": text("Owner by tag."),
        "exposure": text("external or public; NA when it is not known (see needs_review)."),
        "needs_review": flag("Whether some policy could not be read or judged.", required=True),
        "messages": real("Messages of the month; NA when the place was not read.", minimum=0),
        "basis": text("What the messages are counted over.", required=True),
        "shared_by": count("Identities of the place, which share these messages.", required=True),
        "value": money("messages × the settings' value of a thousand; NA without such a setting."),
        "currency": text("Of the value."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "shop.example.com", "owner": "shop",
         "exposure": "public", "needs_review": False, "messages": 6124000.0, "basis": "account and Region",
         "shared_by": 8, "value": Decimal(30620), "currency": "EUR"},
        {"account_id": "210000000001", "region": "eu-west-1", "identity": "example.com", "exposure": "external",
         "needs_review": False, "messages": 6124000.0, "basis": "account and Region", "shared_by": 8},
        {"account_id": "210000000003", "region": "us-east-1", "identity": "example.org", "needs_review": True,
         "basis": "account and Region", "shared_by": 1},
    ),
)  # fmt: skip
BASIS = "account and Region"
"""SES publishes no volume of an identity without Virtual Deliverability Manager, which is not read yet: the messages
are those of the whole account in the Region, an upper bound for any one of its identities."""


@derived(STAKES)
def stakes(analysis: Analysis) -> pd.DataFrame:
    """Most messages first; what is not known comes before what is small."""
    exposures = analysis.exposures
    review = exposures["needs_review"]
    open_to_others = exposures["exposure"].isin(list(EXPOSED)).fillna(value=False)
    chosen = exposures.loc[open_to_others | review, [*IDENTITY, "owner", "exposure", "needs_review"]]
    found = joined(chosen, messages_by_place(analysis), on=PLACE)
    number = exposures.groupby(PLACE)["identity"].count().rename("shared_by").reset_index()
    found = joined(found, number, on=PLACE)
    per_thousand, currency = analysis.config.stakes.value_per_thousand, analysis.config.stakes.currency
    value = (
        amounts([None] * len(found), found.index)
        if per_thousand is None
        else times(found["messages"].astype("Float64"), per_thousand / 1000)
    )
    made = found.assign(
        basis=BASIS,
        value=value,
        currency=pd.array([None if per_thousand is None else currency] * len(found), dtype="string"),
    )
    return made.sort_values(["messages", *IDENTITY], ascending=[False, True, True, True], na_position="first")


def messages_by_place(analysis: Analysis) -> pd.DataFrame:
    """Messages of the month by place, of those in which the sending was read whole."""
    daily, period = analysis.daily, analysis.period
    month = daily[(daily["at"] >= pd.Timestamp(period.start)) & (daily["at"] < pd.Timestamp(period.end))]
    sums = month.groupby(PLACE)["sent"].sum(min_count=1).rename("messages").reset_index()
    found = joined(analysis.once(read_in, SENDING_DATASETS)[PLACE], sums, on=PLACE, how="outer")
    return found.assign(messages=found["messages"].fillna(0))
