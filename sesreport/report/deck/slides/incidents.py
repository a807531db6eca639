"""Incidents of the month: each account's days, with AWS's lines or its usual volume drawn and the days marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sesreport.analysis.aws_lines import LINES
from sesreport.core.vocabulary import GRAVE, PLACE
from sesreport.kpis import words
from sesreport.kpis.happenings import in_words
from sesreport.kpis.results import OFF_TARGET, Decision
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideChart, SlideContent, SlideSeries, slide
from sesreport.report.deck.evidence import account_names, method

SHOWN = 2
"""Charts; the report has all."""
SPIKE = "volume spike"
RATES = {"sudden bounce rate": ("bounces", "bounce_rate"), "sudden complaint rate": ("complaints", "complaint_rate")}
"""What is counted each day, and AWS's rate with its lines."""
FRAMES = ("sending_accounts", "anomalies")


@slide(order=15)
def incidents(pack: Pack) -> SlideContent | None:
    """None in a month without an incident; the worst anomaly of each place, spikes of volume first."""
    found = pack.columns("anomalies", (*PLACE, "kind", "day", "value", "expected", "severity", "in_period"))
    found = found[found["in_period"].fillna(value=False).astype(bool) & found["severity"].isin(GRAVE)]
    found = found[found["kind"].isin([SPIKE, *RATES])]
    found = found.assign(_rank=found["kind"].ne(SPIKE)).sort_values(["_rank", "value"], ascending=[True, False])
    worst = found.drop_duplicates(PLACE).to_dict("records")
    news = [each.short for each in pack.results.page_one.happened if each.frame in FRAMES and each.short]
    if not worst or not news:
        return None
    asked = [each for each in pack.results.decisions if each.incident]
    charts = tuple(_chart(pack, row) for row in worst[:SHOWN])
    many = titles.counted(len({row["account_id"] for row in worst}), "account", "accounts", first=True)
    more = f"; {SHOWN} of {len(worst)} places" if len(worst) > SHOWN else ""
    return SlideContent(
        title=titles.limited(f"{many} with incidents: {news[0]}", f"{many} with incidents in the month"),
        subtitle=f"By day, {pack.results.period_name}; unusual days in red, dashed: what is usual, or where AWS acts"
        f"{more}",
        body=charts,
        source="anomalies, daily",
        takeaway=_asked(asked),
        notes=method(
            pack, (pack.results.find_kpi("bounce_rate"), pack.results.find_kpi("complaint_rate")),
            *(each.text for each in pack.results.page_one.happened if each.status == OFF_TARGET),
            *(words.ask(each) for each in asked), *(chart.alt for chart in charts),
        ),
    )  # fmt: skip


def _asked(asked: Sequence[Decision]) -> str:
    if not asked:
        return ""
    whom = " and ".join(dict.fromkeys(each.owner for each in asked[:SHOWN]))
    return f"Asked of {whom}: {words.due(asked[0])}. Page one says what."


def _rate_of(counted: str) -> str:
    """``Bounce rate`` of ``bounces``."""
    return f"{counted[:-1].capitalize()} rate"


def _chart(pack: Pack, row: dict[Any, Any]) -> SlideChart:
    """The month of one place, in messages or as a rate, with what is usual or AWS's lines."""
    name = f"{account_names(pack).get(row['account_id'], row['account_id'])} ({row['region']})"
    days = pd.date_range(f"{pack.results.period}-01", periods=pd.Period(pack.results.period).days_in_month, tz="UTC")
    daily = pack.columns("daily", (*PLACE, "at", "sent", "bounces", "complaints"))
    here = daily[daily["account_id"].eq(row["account_id"]) & daily["region"].eq(row["region"])]
    here = here.set_index("at").reindex(days)
    counted, rate = RATES.get(row["kind"], ("sent", ""))
    values = here["sent"].astype("float64")
    if rate:
        values = here[counted].astype("float64") / values.where(values > 0)
        review, pause = LINES[rate]
        limits = [("Review", review), ("Pause", pause)]
        unusual = values >= review
    else:
        limits = [("Usual", float(row["expected"]))]
        unusual = values >= 2 * float(row["expected"])
    unit = "rate" if rate else "messages"
    what = _rate_of(counted) if rate else "Messages sent"
    label = f"{what}, {name}"
    known = [None if pd.isna(value) else round(float(value), 12) for value in values]  # as its workbook holds it
    told = f"{words.number(row['value'], unit)} on {in_words(row['day'])}"
    return SlideChart(
        kind="column",
        categories=tuple(str(day.day) for day in days),
        series=(
            SlideSeries(what, tuple(known), "#9AA5B1"),
            *(SlideSeries(text, (value,) * len(days), "#1F2933", role="line") for text, value in limits),
        ),
        unit=unit,
        alt=f"{label}, by day: {int(unusual.sum())} unusual days, {told}; "
        f"{', '.join(f'{text.lower()} {words.number(value, unit)}' for text, value in limits)}.",
        heading=label,
        point_colors=tuple(SEVERITY_COLORS["high"] if flag else None for flag in unusual),
    )
