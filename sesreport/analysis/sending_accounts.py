"""Sending places with AWS's own rates, and the lines they have reached, beside their status."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.aws_lines import LINES, reached
from sesreport.analysis.joins import joined
from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, real, text
from sesreport.core.vocabulary import PLACE
from sesreport.snapshot.frames.sending_accounts import SENDING_ACCOUNTS as COLLECTED

SENDING_ACCOUNTS = Frame(
    "sending_accounts",
    COLLECTED.doc + " So are places of which CloudWatch alone has a rate.",
    keys=COLLECTED.keys,
    columns={
        **COLLECTED.columns,
        "bounce_rate": real("AWS's bounce rate, a share: highest day of the period; NA when not published."),
        "complaint_rate": real("AWS's complaint rate, a share: highest day of the period; NA when not published."),
        "bounce_line": text("The line that the bounce rate has reached: below, review or pause; NA without a rate."),
        "complaint_line": text("The line that the complaint rate has reached."),
    },
    samples=[{**row, "bounce_rate": 0.0031, "bounce_line": "below"} for row in COLLECTED.samples],
)


@derived(SENDING_ACCOUNTS)
def sending_accounts(analysis: Analysis) -> pd.DataFrame:
    """The collected places, and those that could not be asked but send: what AWS publishes of them is not lost."""
    daily = analysis.daily
    period = analysis.period
    month = daily[(daily["at"] >= pd.Timestamp(period.start)) & (daily["at"] < pd.Timestamp(period.end))]
    highest = month.groupby(["account_id", "region"], as_index=False).agg(
        bounce_rate=("aws_bounce_rate", "max"), complaint_rate=("aws_complaint_rate", "max")
    )
    highest = highest.dropna(how="all", subset=list(LINES))
    places = joined(analysis.snapshot.sending_accounts, highest, on=PLACE, how="outer")
    return places.assign(**{rate.replace("rate", "line"): reached(places[rate], rate) for rate in LINES})
