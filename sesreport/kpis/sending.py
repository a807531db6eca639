"""How much we send, and how much of the quota is left."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.daily import known_sum
from sesreport.analysis.joins import joined
from sesreport.analysis.monthly import first_whole_month
from sesreport.analysis.registry import Analysis
from sesreport.kpis.registry import Measure, kpi

UNLIMITED = -1


@kpi(
    order=90,
    label="Highest quota use",
    question="Where will mail stop because the quota is used up?",
    definition=(
        "The busiest day of the month against the 24-hour quota, in the account and Region where that is highest. "
        "Quotas count recipients and CloudWatch counts messages, so mail to several recipients uses more than shown."
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
    used = used[(used["max_24_hour_send"] != UNLIMITED).fillna(True)]
    used = used.assign(quota_use=used["busiest_day"] / used["max_24_hour_send"])
    history = {
        str(k): float(v) for k, v in used.dropna(subset=["quota_use"]).groupby("period")["quota_use"].max().items()
    }
    month = used[used["period"] == str(analysis.period)]
    columns = ["account_id", "region", "busiest_day", "sent_last_24_hours", "max_24_hour_send", "quota_use",
               "production_access", "enforcement_status"]  # fmt: skip
    frame = month[columns].sort_values("quota_use", ascending=False, ignore_index=True)
    value = history.get(str(analysis.period))
    if value is None:
        return Measure(None, frame, reason="No place with both a quota and sends could be read.", history=history)
    names = analysis.accounts.set_index("account_id")["name"]
    first = frame.iloc[0]
    name = names.get(first["account_id"])
    reason = f"Busiest day in {first['account_id'] if pd.isna(name) else name}, {first['region']}: "
    reason += f"{first['busiest_day']:,.0f} of {first['max_24_hour_send']:,.0f}"
    unknown = int((frame["busiest_day"].notna() & frame["max_24_hour_send"].isna()).sum())
    reason += f"; {unknown} more sends without a known quota." if unknown else "."
    return Measure(value, frame, float(first["busiest_day"]), float(first["max_24_hour_send"]), reason, history)


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
    monthly = analysis.monthly
    whole = monthly[monthly["period"] >= first_whole_month(analysis)]
    totals = whole.groupby("period")["sent"].agg(known_sum).dropna()
    history = {str(k): float(v) for k, v in totals.items()}
    period, before = str(analysis.period), str(analysis.period.shift(-1))
    account = ["account_id", "account_name", "environment"]
    now, then = (monthly.loc[monthly["period"] == month, [*account, "sent"]] for month in (period, before))
    frame = joined(now, then.rename(columns={"sent": "sent_month_before"}), how="outer", on=account)
    frame = frame[[*account, "sent_month_before", "sent"]].dropna(how="all", subset=["sent_month_before", "sent"])
    frame = frame.assign(change=frame["sent"] - frame["sent_month_before"]).sort_values(
        "sent", ascending=False, na_position="last", ignore_index=True
    )
    value = history.get(period)
    if value is None:
        total = known_sum(monthly.loc[monthly["period"] == period, "sent"])
        if pd.isna(total):
            return Measure(None, frame, reason=f"No sends were published for {period}.", history=history)
        value = float(total)
    reason = ""
    if history.get(before):
        reason = f"{value / float(history[before] or 1) - 1:+.1%} on {analysis.period.shift(-1).name}.".replace(
            "%", " %"
        )
    return Measure(value, frame, history=history, reason=reason)
