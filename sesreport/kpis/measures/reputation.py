"""How our sending reputation stands, against the lines at which AWS reviews and pauses accounts.

AWS's own figures come from a representative volume it does not publish, so they cannot be recomputed from counts
(SES Developer Guide, "Sending review process FAQs"); ours stand beside them as an indicator.
"""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.aws_lines import LINES, over
from sesreport.analysis.daily import known_sum
from sesreport.analysis.joins import joined
from sesreport.analysis.monthly import first_whole_month
from sesreport.analysis.registry import Analysis
from sesreport.core.vocabulary import PLACE
from sesreport.kpis import words
from sesreport.kpis.contributions import DISTINCT, HIGHEST, LOWEST, RATIO, contributions
from sesreport.kpis.registry import Measure, kpi, measured
from sesreport.settings.reference import BOUNCE_REVIEW, COMPLAINT_REVIEW

DIGITS = 9
"""Of a distance: at 2 % it is 3 points to 5 %, whatever binary floats make of it."""
FAQ = "SES Developer Guide, Sending review process FAQs"


@kpi(
    order=70,
    label="Highest bounce rate",
    question="Does any account come near AWS's bounce limits?",
    definition=(
        "The highest bounce rate AWS showed for any account and Region on any day of the month. AWS asks for less "
        "than 2 %, reviews an account at 5 % and may pause it at 10 %."
    ),
    formula="max over account × Region and day of Reputation.BounceRate",
    source=f"CloudWatch AWS/SES Reputation.BounceRate; {FAQ}",
    unit="rate",
    direction="lower",
    target=0.02,
    watch=BOUNCE_REVIEW,
    owner="E-mail operations",
    datasets=("metrics",),
)
def bounce_rate(analysis: Analysis) -> Measure:
    """Highest of the month by account × Region."""
    return _highest(analysis, "bounce")


@kpi(
    order=72,
    label="Distance to AWS's bounce review",
    question="How far is the worst account from a review for bounces?",
    definition=(
        "AWS's review line of 5 % less the highest bounce rate AWS showed, in the account and Region where that is "
        "least; below zero the line is crossed. The pause line of 10 % is 5 points further. The rate itself is judged."
    ),
    formula="min over account × Region and day of (5 % - Reputation.BounceRate)",
    source=f"CloudWatch AWS/SES Reputation.BounceRate; {FAQ}",
    unit="rate",
    direction="none",
    owner="E-mail operations",
    datasets=("metrics",),
)
def bounce_margin(analysis: Analysis) -> Measure:
    """Nearest of the month by account × Region, with the distance to either line."""
    return _margin(analysis, "bounce")


@kpi(
    order=74,
    label="Our bounce share (indicator)",
    question="What share of all we send bounces?",
    definition=(
        "Bounces of all messages sent in the month, counted by us. An indicator: AWS judges each account on a "
        "representative volume of its own, so its figure differs."
    ),
    formula="sum of Bounce / sum of Send",
    source="CloudWatch AWS/SES Bounce, Send",
    unit="rate",
    direction="none",
    owner="E-mail operations",
    datasets=("metrics",),
)
def own_bounce_rate(analysis: Analysis) -> Measure:
    """Sums first, divided last."""
    return _own(analysis, "bounces")


@kpi(
    order=80,
    label="Highest complaint rate",
    question="Does any account come near AWS's complaint limits?",
    definition=(
        "The highest complaint rate AWS showed for any account and Region on any day of the month. AWS reviews an "
        "account at 0.1 % and may pause it at 0.5 %."
    ),
    formula="max over account × Region and day of Reputation.ComplaintRate",
    source=f"CloudWatch AWS/SES Reputation.ComplaintRate; {FAQ}",
    unit="rate",
    direction="lower",
    target=COMPLAINT_REVIEW,
    watch=COMPLAINT_REVIEW,
    owner="E-mail operations",
    datasets=("metrics",),
)
def complaint_rate(analysis: Analysis) -> Measure:
    """Highest of the month by account × Region."""
    return _highest(analysis, "complaint")


@kpi(
    order=82,
    label="Distance to AWS's complaint review",
    question="How far is the worst account from a review for complaints?",
    definition=(
        "AWS's review line of 0.1 % less the highest complaint rate AWS showed, in the account and Region where that "
        "is least; below zero the line is crossed. The pause line of 0.5 % is 0.4 points further. The rate itself is "
        "judged."
    ),
    formula="min over account × Region and day of (0.1 % - Reputation.ComplaintRate)",
    source=f"CloudWatch AWS/SES Reputation.ComplaintRate; {FAQ}",
    unit="rate",
    direction="none",
    owner="E-mail operations",
    datasets=("metrics",),
)
def complaint_margin(analysis: Analysis) -> Measure:
    """Nearest of the month by account × Region, with the distance to either line."""
    return _margin(analysis, "complaint")


@kpi(
    order=84,
    label="Our complaint share (indicator)",
    question="What share of all we send is complained about?",
    definition=(
        "Complaints about all messages sent in the month, counted by us. An indicator: AWS counts only providers that "
        "send it feedback, on a representative volume of its own, so its figure differs."
    ),
    formula="sum of Complaint / sum of Send",
    source="CloudWatch AWS/SES Complaint, Send",
    unit="rate",
    direction="none",
    owner="E-mail operations",
    datasets=("metrics",),
)
def own_complaint_rate(analysis: Analysis) -> Measure:
    """Sums first, divided last."""
    return _own(analysis, "complaints")


@kpi(
    order=86,
    label="Accounts under review or paused",
    question="Which accounts has AWS put under review, or stopped?",
    definition=(
        "Accounts whose enforcement status is not HEALTHY in some Region: PROBATION is under review, SHUTDOWN is "
        "paused. A word AWS has not documented counts as well."
    ),
    formula="count of distinct accounts with an enforcement status other than HEALTHY",
    source="SES GetAccount (EnforcementStatus)",
    unit="count",
    direction="lower",
    target=0,
    watch=0,
    owner="E-mail operations",
    datasets=("sending_accounts",),
)
def accounts_under_review(analysis: Analysis) -> Measure:
    """One row per account × Region that is not healthy, or of which AWS did not say."""
    places = joined(analysis.snapshot.sending_accounts[PLACE], analysis.sending_accounts, on=PLACE)
    status = places["enforcement_status"]
    ill = (status != "HEALTHY").astype("boolean").mask(status.isna())
    columns = ["account_id", "region", "enforcement_status", "sending_enabled", "bounce_rate", "complaint_rate"]
    frame = places.loc[ill.fillna(value=True), columns].reset_index(drop=True)
    given = contributions(places, DISTINCT, str(analysis.period), numerator=ill, counted=places["account_id"])
    paused = places.loc[status == "SHUTDOWN", "account_id"].nunique()
    silent = int(status.isna().sum())
    found = measured(given, frame)
    reason = f"{found.numerator or 0:,.0f} of {found.denominator or 0:,.0f} accounts, {paused} of them paused"
    return found.because(reason + (f"; AWS does not say of {silent} places." if silent else "."))


def _highest(analysis: Analysis, what: str) -> Measure:
    days, frame = analysis.once(_days, what)
    given = contributions(days, HIGHEST, str(analysis.period), numerator=days[f"aws_{what}_rate"], denominator=None)
    found = measured(given, frame)
    if found.value is None:
        return found.because(f"AWS published no {what} rate in {analysis.period}.")
    reached = int(frame["at_review_line"].sum())
    return found.because(
        f"Highest in {_place(frame)}; {reached} of {len(frame)} sending places reached AWS's review line."
    )


def _margin(analysis: Analysis, what: str) -> Measure:
    days, frame = analysis.once(_days, what)
    review, pause = LINES[f"{what}_rate"]
    distance = (review - days[f"aws_{what}_rate"]).round(DIGITS)
    given = contributions(days, LOWEST, str(analysis.period), numerator=distance, denominator=None)
    found = measured(given, frame)
    if found.value is None:
        return found.because(f"AWS published no {what} rate in {analysis.period}.")
    left = found.value + pause - review
    points = words.number(abs(left), "rate").replace(" %", " points")
    where = "to" if left > 0 else "past"
    return found.because(f"Nearest in {_place(frame)}; {points} {where} the line at which AWS may pause it.")


def _days(analysis: Analysis, what: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """AWS's rate by place and day, and the evidence of the month: one row per place, highest rate first."""
    aws, counted, rate = f"aws_{what}_rate", f"{what}s", f"{what}_rate"
    review, pause = LINES[rate]
    daily = analysis.daily
    days = daily.assign(period=daily["at"].dt.strftime("%Y-%m").astype("string"))
    month = days[days["period"] == str(analysis.period)]
    frame = month.groupby(["account_id", "region"], as_index=False).agg(
        aws_rate=(aws, "max"), sent=("sent", known_sum), counted=(counted, known_sum)
    )
    enough = frame["sent"] >= analysis.config.report.minimum_sends
    names = analysis.accounts.set_index("account_id")["name"]
    frame = frame.assign(
        own_rate=(frame["counted"] / frame["sent"].where(enough)).astype("Float64"),
        account_name=frame["account_id"].map(names).astype("string"),
        at_review_line=over(frame["aws_rate"], rate),
        to_review=review - frame["aws_rate"],
        to_pause=pause - frame["aws_rate"],
    )
    frame = frame.rename(columns={"counted": counted}).sort_values(
        "aws_rate", ascending=False, na_position="last", ignore_index=True
    )
    return days.dropna(subset=[aws]), frame


def _own(analysis: Analysis, counted: str) -> Measure:
    """Of the places and months for which both were published; months CloudWatch no longer holds whole are not known.

    CloudWatch has no value for a day without bounces, so days cannot be paired.
    """
    daily, period = analysis.daily, str(analysis.period)
    days = daily.assign(period=daily["at"].dt.strftime("%Y-%m").astype("string"))
    days = days[days["period"].eq(period) | days["period"].between(first_whole_month(analysis), period)]
    months = days.groupby(["account_id", "region", "period"], as_index=False)[["sent", counted]].sum(min_count=1)
    months = months.dropna(subset=["sent", counted])
    frame = months[months["period"] == period].drop(columns="period")
    share = frame[counted] / frame["sent"].mask(frame["sent"] == 0)
    frame = frame.assign(own_rate=share).sort_values(counted, ascending=False, ignore_index=True)
    given = contributions(months, RATIO, period, numerator=months[counted], denominator=months["sent"])
    found = measured(given, frame)
    if found.value is None:
        return found.because(f"No sends with {counted} were published for {period}.")
    return found.because(f"{found.numerator:,.0f} of {found.denominator:,.0f} messages; AWS's own figure decides.")


def _place(frame: pd.DataFrame) -> str:
    first = frame.iloc[0]
    return f"{first['account_id'] if pd.isna(first['account_name']) else first['account_name']}, {first['region']}"
