"""Sending and reputation: each account's months against AWS's lines."""

from __future__ import annotations

import pandas as pd

from sesreport.pack.contents import Pack
from sesreport.pack.workbook.aws_lines import LINES, crossed
from sesreport.pack.workbook.description import Column, Content, sheet
from sesreport.pack.workbook.evidence import basis, found, frame, nothing

COLUMNS = (
    "period", "account_id", "account_name", "environment", "sent", "delivered", "bounces", "complaints", "rejects",
    "bounce_rate", "complaint_rate", "complete",
)  # fmt: skip


@sheet(
    title="Sending & reputation",
    question="How much does each account send, and is AWS about to act?",
    order=100,
    group="evidence",
    kpis=(
        "bounce_rate",
        "bounce_margin",
        "own_bounce_rate",
        "complaint_rate",
        "complaint_margin",
        "own_complaint_rate",
        "accounts_under_review",
        "quota_use",
        "sent_volume",
        "delivered_volume",
    ),
)
def sending(pack: Pack) -> Content:
    rows = frame(pack, "monthly", COLUMNS)
    rows = rows.assign(line=crossed(rows), state=_states(pack, rows))
    rows = rows.sort_values(["period", "sent"], ascending=False, kind="stable", na_position="first")
    latest = rows[rows["period"] == pack.results.period]
    over = int(latest["line"].isin(LINES).sum())
    return Content(
        subtitle=found(
            pack,
            f"{latest['account_id'].nunique():,} accounts sent in {pack.results.period_name}; "
            f"{over:,} over a line at which AWS acts",
            rows,
            "sending",
        ),
        note="Rates are bounces or complaints of messages sent; AWS judges its own representative volume, so its "
        f"figures differ. {basis(pack, 'sending')}",
        columns=(
            Column("period", "Month"),
            Column("account_id", "Account id", "account_id"),
            Column("account_name", "Account"),
            Column("environment", "Environment"),
            Column("sent", "Sent", "integer"),
            Column("delivered", "Delivered", "integer"),
            Column("bounces", "Bounces", "integer"),
            Column("complaints", "Complaints", "integer"),
            Column("rejects", "Rejects", "integer"),
            Column("bounce_rate", "Bounce rate", "rate"),
            Column("complaint_rate", "Complaint rate", "rate"),
            Column("line", "AWS line crossed", width=36),
            Column("state", "AWS status at the snapshot", unknown="", width=20),
            Column("complete", "Whole month read", "flag"),
        ),
        rows=rows.reset_index(drop=True),
        empty=nothing(pack, "monthly", "months of sending", "sending"),
        file="data/monthly.parquet",
    )


def _states(pack: Pack, rows: pd.DataFrame) -> pd.Series:
    """AWS's enforcement status per account, beside the period's month only: it is a fact of the snapshot."""
    accounts = frame(pack, "sending_accounts", ("account_id", "enforcement_status")).dropna()
    states = accounts.groupby("account_id")["enforcement_status"].agg(lambda found: ", ".join(sorted(set(found))))
    told = rows["account_id"].map(states).astype("object")
    return told.where((rows["period"] == pack.results.period).fillna(value=False), None)
