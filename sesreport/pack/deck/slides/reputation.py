"""Reputation: AWS's own bounce and complaint figures per account, against the lines at which it acts."""

from __future__ import annotations

import pandas as pd

from sesreport import words
from sesreport.pack.contents import Pack
from sesreport.pack.deck import titles
from sesreport.pack.deck.description import Chart, Content, Series, slide
from sesreport.pack.deck.evidence import account_names, frame, kpi, method, nothing
from sesreport.reference import BOUNCE_PAUSE, BOUNCE_REVIEW, COMPLAINT_PAUSE, COMPLAINT_REVIEW
from sesreport.words import SEVERITY_COLORS

TOP = 4
LINES = {
    "bounce_rate": ("Bounces", BOUNCE_REVIEW, BOUNCE_PAUSE),
    "complaint_rate": ("Complaints", COMPLAINT_REVIEW, COMPLAINT_PAUSE),
}


@slide(order=80)
def reputation(pack: Pack) -> Content:
    rows = frame(pack, "sending_accounts", ("account_id", "region", *LINES))
    known = rows.dropna(subset=list(LINES), how="all")
    over = (known["bounce_rate"] >= BOUNCE_REVIEW) | (known["complaint_rate"] >= COMPLAINT_REVIEW)
    accounts_over = (
        int(known.loc[over.fillna(value=False).astype("bool"), "account_id"].nunique()) if len(known) else None
    )
    kpis = (kpi(pack, "bounce_rate"), kpi(pack, "complaint_rate"))
    charts = tuple(made for metric in LINES if (made := _chart(pack, known, metric)) is not None)
    told = " ".join(made.alt for made in charts)
    organization = " and ".join(
        f"{each.label.lower()} {words.number(each.value, each.unit)} ({each.status})"
        for each in kpis
        if each is not None
    )
    return Content(
        title=titles.reputation(accounts_over, *kpis),
        subtitle=f"AWS's own rates, highest {TOP} accounts; dashed: where AWS reviews and where it may pause sending",
        body=charts or nothing(pack, "sending_accounts", "reputation figures"),
        source="sending_accounts, monthly",
        takeaway=f"Whole organization: {organization}." if organization else "",
        notes=method(
            pack, kpis, told, "AWS computes its rates on its own representative volume; they differ from ours."
        ),
    )


def _chart(pack: Pack, rows: pd.DataFrame, metric: str) -> Chart | None:
    label, review, pause = LINES[metric]
    highest = rows.dropna(subset=[metric]).groupby("account_id")[metric].max()
    worst = highest.rename_axis("account_id").reset_index(name=metric)
    worst = worst.sort_values([metric, "account_id"], ascending=[False, True]).head(TOP)
    if worst.empty:
        return None
    names = account_names(pack)
    categories = tuple(names.get(account, account) for account in worst["account_id"])
    values = tuple(map(float, worst[metric]))
    colors = tuple(
        SEVERITY_COLORS["high"] if value >= pause else SEVERITY_COLORS["medium"] if value >= review else None
        for value in values
    )
    told = ", ".join(f"{name} {words.number(value, 'rate')}" for name, value in zip(categories, values, strict=True))
    return Chart(
        kind="column",
        categories=categories,
        series=(
            Series(label, values, pack.branding.accent),
            Series("Review", (review,) * len(values), "#6B7280", role="line"),
            Series("Pause", (pause,) * len(values), "#1F2933", role="line"),
        ),
        unit="rate",
        alt=f"{label} by account: {told}; AWS reviews from {words.number(review, 'rate')}, may pause from "
        f"{words.number(pause, 'rate')}.",
        heading=label,
        point_colors=colors,
    )
