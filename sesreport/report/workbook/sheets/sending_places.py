"""Sending places: each account and Region against AWS's lines and its quota."""

from __future__ import annotations

from functools import reduce

import pandas as pd

from sesreport.analysis.aws_lines import BELOW, LINES, PAUSE, REVIEW, accounts_over, reached
from sesreport.analysis.joins import joined
from sesreport.core.vocabulary import PLACE
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import BEHIND, basis, behind, found, nothing, ranked, with_account_names
from sesreport.report.workbook.styles import BAD, CAREFUL

PLACES = (
    *PLACE, "bounce_rate", "complaint_rate", "enforcement_status", "sending_enabled", "production_access",
    "max_24_hour_send",
)  # fmt: skip
COUNTED = {
    "kpi_bounce_rate": (*PLACE, "sent", "bounces"),
    "kpi_complaint_rate": (*PLACE, "complaints"),
    "kpi_quota_use": (*PLACE, "busiest_day", "quota_use"),
}
"""What the KPIs' evidence says of a place beside what AWS says."""
KPIS = dict.fromkeys(
    (
        "bounce_rate", "bounce_margin", "own_bounce_rate", "complaint_rate", "complaint_margin", "own_complaint_rate",
        "accounts_under_review", "quota_use",
    ),
    PLACE,
)  # fmt: skip
RANK = {PAUSE: 0, REVIEW: 1, BELOW: 2}
COLORS = {PAUSE: BAD, REVIEW: CAREFUL}


@sheet(
    title="Sending places",
    question="Which account and Region has reached a line at which AWS acts, or its quota?",
    order=102,
    group="evidence",
    kpis=tuple(KPIS),
)
def sending_places(pack: Pack) -> SheetContent:
    parts = [pack.columns("sending_accounts", PLACES), *(pack.columns(name, names) for name, names in COUNTED.items())]
    rows = reduce(lambda left, right: joined(left, right, on=list(PLACE), how="outer"), parts)
    lines = {rate: reached(rows[rate], rate) for rate in LINES}
    rows = rows.assign(**{rate.replace("rate", "line"): line for rate, line in lines.items()})
    worst = pd.DataFrame({rate: line.map(RANK) for rate, line in lines.items()}).min(axis=1).fillna(max(RANK.values()))
    rows = ranked(with_account_names(pack, rows), worst, *PLACE)
    rows = rows.assign(behind=behind(pack, rows, KPIS))
    crossing = accounts_over(rows)
    over = "which of AWS's lines are reached is not known" if crossing is None else _over(len(crossing))
    return SheetContent(
        subtitle=found(pack, f"{over} in {pack.results.period_name}", rows, "monthly"),
        note="AWS's own rates, the highest of the month, as AWS judges them; messages are of the month and an "
        f"indicator. {basis(pack, 'monthly')}",
        columns=(
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
            SheetColumn("bounce_rate", "AWS bounce rate", "rate"),
            SheetColumn("bounce_line", "Bounce line reached", "signal", colors=COLORS),
            SheetColumn("complaint_rate", "AWS complaint rate", "rate"),
            SheetColumn("complaint_line", "Complaint line reached", "signal", colors=COLORS),
            SheetColumn("enforcement_status", "AWS status at the snapshot"),
            SheetColumn("sending_enabled", "Sending enabled", "flag"),
            SheetColumn("production_access", "Production access", "flag"),
            SheetColumn("busiest_day", "Busiest day", "integer"),
            SheetColumn("max_24_hour_send", "24-hour quota", "integer"),
            SheetColumn("quota_use", "Quota use", "share"),
            SheetColumn("sent", "Sent", "integer"),
            SheetColumn("bounces", "Bounces", "integer"),
            SheetColumn("complaints", "Complaints", "integer"),
            BEHIND,
        ),
        rows=rows,
        empty=nothing(pack, "sending_accounts", "places that can send", "sending_accounts"),
        file="data/sending_accounts.parquet",
    )


def _over(accounts: int) -> str:
    return f"{accounts:,} {'account has' if accounts == 1 else 'accounts have'} reached a line at which AWS acts"
