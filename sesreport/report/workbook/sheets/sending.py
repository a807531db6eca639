"""Sending and reputation: each account's months, and the lines of AWS that it has reached in the last."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.aws_lines import LINES, told
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing

COLUMNS = (
    "period", "account_id", "account_name", "environment", "sent", "delivered", "bounces", "complaints", "rejects",
    "bounce_rate", "complaint_rate", "complete",
)  # fmt: skip
KPIS = dict.fromkeys(("sent_volume", "delivered_volume"), ("account_id",))


@sheet(
    title="Sending & reputation",
    question="How much does each account send, and is AWS about to act?",
    order=100,
    group="evidence",
    kpis=tuple(KPIS),
)
def sending(pack: Pack) -> SheetContent:
    rows = pack.columns("monthly", COLUMNS)
    rows = rows.sort_values(["period", "sent"], ascending=False, kind="stable", na_position="first")
    now = (rows["period"] == pack.results.period).fillna(value=False)
    latest = rows[now]
    rows = rows.assign(
        line=_lines(pack, rows["account_id"]).where(now, ""),
        state=_states(pack, rows["account_id"]).where(now, None),
        behind=behind(pack, latest, KPIS).reindex(rows.index),
    )
    return SheetContent(
        subtitle=found(
            pack,
            f"{int((latest['sent'] > 0).fillna(value=False).sum()):,} accounts sent in {pack.results.period_name}",
            rows,
            "monthly",
        ),
        note="Rates are bounces or complaints of messages sent, an indicator; the lines are those that AWS's own rates "
        f"have reached in a Region of the account (sheet Sending places). {basis(pack, 'monthly')}",
        columns=(
            SheetColumn("period", "Month"),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account_name", "Account"),
            SheetColumn("environment", "Environment"),
            SheetColumn("sent", "Sent", "integer"),
            SheetColumn("delivered", "Delivered", "integer"),
            SheetColumn("bounces", "Bounces", "integer"),
            SheetColumn("complaints", "Complaints", "integer"),
            SheetColumn("rejects", "Rejects", "integer"),
            SheetColumn("bounce_rate", "Bounce rate", "rate"),
            SheetColumn("complaint_rate", "Complaint rate", "rate"),
            SheetColumn("line", "AWS lines reached", width=36),
            SheetColumn("state", "AWS status at the snapshot", unknown="", width=20),
            SheetColumn("complete", "Whole month read", "flag"),
            BEHIND,
        ),
        rows=rows.reset_index(drop=True),
        empty=nothing(pack, "monthly", "months of sending", "monthly"),
        file="data/monthly.parquet",
    )


def _lines(pack: Pack, accounts: pd.Series) -> pd.Series:
    """The lines that AWS's own rates have reached in some Region of each account; NA where no rate is known."""
    places = pack.columns("sending_accounts", ("account_id", *LINES))
    highest = places.groupby("account_id", as_index=False)[list(LINES)].max()
    return accounts.map(told(highest).set_axis(highest["account_id"]).to_dict()).astype("object")


def _states(pack: Pack, accounts: pd.Series) -> pd.Series:
    """AWS's enforcement status per account: a fact of the snapshot."""
    places = pack.columns("sending_accounts", ("account_id", "enforcement_status")).dropna()
    states = places.groupby("account_id")["enforcement_status"].agg(lambda found: ", ".join(sorted(set(found))))
    return accounts.map(states).astype("object")
