"""Reputation: AWS's own bounce and complaint figures per account, against the lines at which it acts."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.aws_lines import BELOW, LINES, PAUSE, accounts_over, over, reached
from sesreport.kpis import words
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideChart, SlideContent, SlideSeries, slide
from sesreport.report.deck.evidence import account_names, method, nothing

TOP, MOST = 4, 9
"""Accounts of a chart, and at most where more are over a line: the title counts them."""
LABELS = {"bounce_rate": "Bounces", "complaint_rate": "Complaints"}


@slide(order=80)
def reputation(pack: Pack) -> SlideContent:
    rows = pack.columns("sending_accounts", ("account_id", "region", *LINES))
    known = rows.dropna(subset=list(LINES), how="all")
    crossing = accounts_over(known)
    kpis = (pack.results.find_kpi("bounce_rate"), pack.results.find_kpi("complaint_rate"))
    charts = tuple(made for metric in LINES if (made := _chart(pack, known, metric)) is not None)
    told = " ".join(made.alt for made in charts)
    organization = " and ".join(
        f"{each.label.lower()} {words.value_of(each)} ({words.judgement(each)})" for each in kpis if each is not None
    )
    return SlideContent(
        title=titles.reputation(None if crossing is None else len(crossing), *kpis),
        subtitle="AWS's own rates, the accounts with the highest; dashed: where AWS reviews and may pause sending",
        body=charts or nothing(pack, "sending_accounts", "reputation figures"),
        source="sending_accounts",
        takeaway=f"Whole organization: {organization}." if organization else "",
        notes=method(
            pack, kpis, told, "AWS computes its rates on its own representative volume; they differ from ours."
        ),
    )


def _chart(pack: Pack, rows: pd.DataFrame, metric: str) -> SlideChart | None:
    label, (review, pause) = LABELS[metric], LINES[metric]
    highest = rows.dropna(subset=[metric]).groupby("account_id")[metric].max()
    worst = highest.rename_axis("account_id").reset_index(name=metric)
    crossing = int(over(worst[metric], metric).sum())
    worst = worst.sort_values([metric, "account_id"], ascending=[False, True]).head(min(max(TOP, crossing), MOST))
    if worst.empty:
        return None
    names = account_names(pack)
    categories = tuple(names.get(account, account) for account in worst["account_id"])
    values = tuple(map(float, worst[metric]))
    marks = {PAUSE: SEVERITY_COLORS["high"], BELOW: None}
    colors = tuple(marks.get(line, SEVERITY_COLORS["medium"]) for line in reached(worst[metric], metric))
    told = ", ".join(f"{name} {words.number(value, 'rate')}" for name, value in zip(categories, values, strict=True))
    return SlideChart(
        kind="column",
        categories=categories,
        series=(
            SlideSeries(label, values, pack.branding.accent),
            SlideSeries("Review", (review,) * len(values), "#6B7280", role="line"),
            SlideSeries("Pause", (pause,) * len(values), "#1F2933", role="line"),
        ),
        unit="rate",
        alt=f"{label} by account: {told}; AWS reviews from {words.number(review, 'rate')}, may pause from "
        f"{words.number(pause, 'rate')}.",
        heading=label,
        point_colors=colors,
    )
