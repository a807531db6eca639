"""How our sending reputation stands, against the lines at which AWS reviews and pauses accounts.

AWS's own figures come from a representative volume it does not publish, so they cannot be recomputed from counts
(SES Developer Guide, "Sending review process FAQs"); ours stand beside them as an indicator.
"""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.daily import known_sum
from sesreport.analysis.registry import Analysis
from sesreport.kpis.registry import Measure, kpi
from sesreport.reference import BOUNCE_REVIEW, COMPLAINT_REVIEW

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
    return _highest(analysis, "aws_bounce_rate", "bounces", BOUNCE_REVIEW, "bounce")


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
    return _highest(analysis, "aws_complaint_rate", "complaints", COMPLAINT_REVIEW, "complaint")


def _highest(analysis: Analysis, aws: str, counted: str, review: float, what: str) -> Measure:
    daily = analysis.daily
    daily = daily.assign(period=daily["at"].dt.strftime("%Y-%m").astype("string"))
    known = daily.dropna(subset=[aws])
    history = {str(k): float(v) for k, v in known.groupby("period")[aws].max().items()}
    month = daily[daily["period"] == str(analysis.period)]
    frame = month.groupby(["account_id", "region"], as_index=False).agg(
        aws_rate=(aws, "max"), sent=("sent", known_sum), counted=(counted, known_sum)
    )
    enough = frame["sent"] >= analysis.config.report.minimum_sends
    frame = frame.assign(
        own_rate=(frame["counted"] / frame["sent"].where(enough)).astype("Float64"),
        account_name=frame["account_id"].map(analysis.accounts.set_index("account_id")["name"]).astype("string"),
        at_review_line=(frame["aws_rate"] >= review).astype("boolean"),
    )
    frame = frame.rename(columns={"counted": counted}).sort_values(
        "aws_rate", ascending=False, na_position="last", ignore_index=True
    )
    value = history.get(str(analysis.period))
    if value is None:
        return Measure(None, frame, reason=f"AWS published no {what} rate in {analysis.period}.", history=history)
    worst = frame.iloc[0]
    over = int(frame["at_review_line"].sum())
    name = worst["account_name"] if pd.notna(worst["account_name"]) else worst["account_id"]
    reason = f"Highest in {name}, {worst['region']}; {over} of {len(frame)} sending places reached AWS's review line."
    return Measure(value, frame, reason=reason, history=history)
