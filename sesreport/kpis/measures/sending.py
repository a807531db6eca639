"""How much we send, how much of it arrives, and how much of the quota is left."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.joins import joined
from sesreport.analysis.monthly import first_whole_month
from sesreport.analysis.registry import Analysis
from sesreport.kpis.contributions import HIGHEST, SUM, contributions
from sesreport.kpis.registry import Measure, kpi, measured

UNLIMITED = -1


@kpi(
    order=90,
    label="Highest quota use",
    question="Where will mail stop because the quota is used up?",
    definition=(
        "The busiest day of the month against the 24-hour quota, in the account and Region where that is highest; the "
        "rest is the headroom. Quotas count recipients and CloudWatch counts messages, so mail to several recipients "
        "uses more than shown."
    ),
    formula="max over account × Region of (highest daily Send / Max24HourSend)",
    source="CloudWatch AWS/SES Send; SES GetAccount (SendQuota)",
    unit="share",
    direction="lower",
    target=0.8,
    watch=0.9,
    owner="E-mail operations",
    datasets=("metrics", "sending_accounts"),
)
def quota_use(analysis: Analysis) -> Measure:
    """An unlimited quota (-1) is never used up and not in the frame; one that is not known is, and is told."""
    daily = analysis.daily
    daily = daily.assign(period=daily["at"].dt.strftime("%Y-%m").astype("string"))
    quotas = analysis.sending_accounts
    quotas = quotas.assign(max_24_hour_send=quotas["max_24_hour_send"].where(quotas["max_24_hour_send"] != 0))
    peaks = daily.groupby(["account_id", "region", "period"], as_index=False).agg(busiest_day=("sent", "max"))
    used = joined(peaks, quotas, on=["account_id", "region"])
    used = used[(used["max_24_hour_send"] != UNLIMITED).fillna(value=True)]
    used = used.assign(
        quota_use=used["busiest_day"] / used["max_24_hour_send"],
        headroom=used["max_24_hour_send"] - used["busiest_day"],
    )
    month = used[used["period"] == str(analysis.period)]
    columns = ["account_id", "region", "busiest_day", "sent_last_24_hours", "max_24_hour_send", "quota_use", "headroom",
               "production_access", "enforcement_status"]  # fmt: skip
    frame = month[columns].sort_values("quota_use", ascending=False, ignore_index=True)
    quota = used["max_24_hour_send"]
    given = contributions(
        used, HIGHEST, str(analysis.period), numerator=used["busiest_day"].mask(quota.isna()), denominator=quota
    )
    found = measured(given, frame)
    if found.value is None:
        return found.because("No place with both a quota and sends could be read.")
    first = frame.iloc[0]
    reason = f"Busiest day in {_name(analysis, first)}: {first['busiest_day']:,.0f} of {first['max_24_hour_send']:,.0f}"
    unknown = int((frame["busiest_day"].notna() & frame["max_24_hour_send"].isna()).sum())
    return found.because(reason + (f"; {unknown} more sends without a known quota." if unknown else "."))


@kpi(
    order=100,
    label="Messages sent",
    question="How much do we send, and is it growing?",
    definition="Messages our accounts asked SES to send in the month. Mail of delegates counts in their accounts.",
    formula="sum over accounts and Regions of Send",
    source="CloudWatch AWS/SES Send",
    unit="messages",
    direction="none",
    owner="FinOps",
    datasets=("metrics",),
)
def sent_volume(analysis: Analysis) -> Measure:
    """Months that CloudWatch no longer holds whole are not known."""
    found = _volume(analysis, "sent")
    before = found.history.get(str(analysis.period.shift(-1)))
    if found.value is None:
        return found.because(f"No sends were published for {analysis.period}.")
    change = f"{found.value / before - 1:+.1%} on {analysis.period.shift(-1).name}." if before else ""
    return found.because(change.replace("%", " %"))


@kpi(
    order=102,
    label="Messages delivered",
    question="How much of what we send is accepted by the recipients' servers?",
    definition="Messages that the recipients' mail servers accepted in the month.",
    formula="sum over accounts and Regions of Delivery",
    source="CloudWatch AWS/SES Delivery",
    unit="messages",
    direction="none",
    owner="FinOps",
    datasets=("metrics",),
)
def delivered_volume(analysis: Analysis) -> Measure:
    """Months that CloudWatch no longer holds whole are not known."""
    found = _volume(analysis, "delivered")
    if found.value is None:
        return found.because(f"No deliveries were published for {analysis.period}.")
    month = analysis.monthly[analysis.monthly["period"] == str(analysis.period)].dropna(subset=["sent", "delivered"])
    sent, delivered = float(month["sent"].sum()), float(month["delivered"].sum())
    return found.because(f"{delivered / sent:.1%} of messages sent.".replace("%", " %") if sent else "")


def _volume(analysis: Analysis, column: str) -> Measure:
    """Messages by account × Region and month, those of the period and of the month before beside each other."""
    daily = analysis.daily
    daily = daily.assign(period=daily["at"].dt.strftime("%Y-%m").astype("string"))
    period, before = str(analysis.period), str(analysis.period.shift(-1))
    known = daily[(daily["period"] >= first_whole_month(analysis)) | (daily["period"] == period)]
    known = known[known["period"] <= period]
    months = known.groupby(["account_id", "region", "period"], as_index=False)[[column]].sum(min_count=1)
    monthly = analysis.monthly
    account = ["account_id", "account_name", "environment"]
    now, then = (monthly.loc[monthly["period"] == month, [*account, column]] for month in (period, before))
    frame = joined(now, then.rename(columns={column: f"{column}_month_before"}), how="outer", on=account)
    frame = frame[[*account, f"{column}_month_before", column]]
    frame = frame.dropna(how="all", subset=[f"{column}_month_before", column])
    frame = frame.assign(change=frame[column] - frame[f"{column}_month_before"]).sort_values(
        column, ascending=False, na_position="last", ignore_index=True
    )
    given = contributions(months, SUM, period, numerator=months[column], denominator=None)
    return measured(given, frame)


def _name(analysis: Analysis, row: pd.Series) -> str:
    name = analysis.accounts.set_index("account_id")["name"].get(row["account_id"])
    return f"{row['account_id'] if pd.isna(name) else name}, {row['region']}"
