"""How many more bounces and complaints, at the month's volume, until AWS reviews or pauses an account."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.aws_lines import LINES
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, account_id, integer, real, text

NOTE = "AWS judges by a representative volume that is not public; this counts the month's messages alone."
RUNWAY = Frame(
    "runway",
    "One row per account × Region that sent in the month: how many more hard bounces or complaints, at this month's "
    f"volume, until AWS's lines. {NOTE}",
    keys={"account_id": account_id("The sending account."), "region": text("The Region.")},
    columns={
        "account_name": text("Name of the account."),
        "sent": real("Messages of the month.", required=True, minimum=0),
        "bounces": real("Bounces of the month; NA when not published.", minimum=0),
        "complaints": real("Complaints of the month; NA when not published.", minimum=0),
        "bounces_to_review": integer("More bounces until 5 % of the month's messages; 0 or less: reached."),
        "bounces_to_pause": integer("More bounces until 10 %."),
        "complaints_to_review": integer("More complaints until 0.1 %."),
        "complaints_to_pause": integer("More complaints until 0.5 %."),
    },
    samples=(
        {"account_id": "210000000001", "region": "eu-west-1", "account_name": "shop-prod", "sent": 6124000.0,
         "bounces": 19596.0, "complaints": 600.0, "bounces_to_review": 286604, "bounces_to_pause": 592804,
         "complaints_to_review": 5524, "complaints_to_pause": 30020},
        {"account_id": "210000000005", "region": "us-east-1", "account_name": "news", "sent": 20000.0,
         "bounces": 1304.0, "complaints": 30.0, "bounces_to_review": -304, "bounces_to_pause": 696,
         "complaints_to_review": -10, "complaints_to_pause": 70},
        {"account_id": "210000000009", "region": "us-east-1", "sent": 12.0},
    ),
)  # fmt: skip


@derived(RUNWAY)
def runway(analysis: Analysis) -> pd.DataFrame:
    """The nearest to a line first."""
    daily, period = analysis.daily, analysis.period
    month = daily[(daily["at"] >= pd.Timestamp(period.start)) & (daily["at"] < pd.Timestamp(period.end))]
    counted = ["sent", "bounces", "complaints"]
    sums = month.groupby(["account_id", "region"], as_index=False)[counted].sum(min_count=1)
    sums = sums[sums["sent"] > 0]
    for rate, column in (("bounce_rate", "bounces"), ("complaint_rate", "complaints")):
        review, pause = LINES[rate]
        for name, line in (("review", review), ("pause", pause)):
            # The first whole number of messages at which the share reaches the line; floats of shares are not exact.
            least = -((-(sums["sent"] * line).round(6)) // 1)
            sums[f"{column}_to_{name}"] = (least - sums[column]).astype("Int64")
    names = analysis.accounts[["account_id", "name"]].rename(columns={"name": "account_name"})
    found = joined(sums, names, on=["account_id"])
    nearest = found["bounces_to_review"].astype("Float64") / found["sent"]
    order = found.assign(_nearest=nearest).sort_values(["_nearest", "account_id", "region"], ignore_index=True)
    return order.drop(columns="_nearest")
