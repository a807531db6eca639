"""Anomalies and forecasts: what was unlike the account's own past, and which line is ahead."""

from __future__ import annotations

import pandas as pd

from sesreport.analysis.trends.forecasts import first_lines
from sesreport.core.vocabulary import GRAVE, PLACE
from sesreport.kpis.words import SEVERITY_COLORS
from sesreport.report.contents import Pack
from sesreport.report.workbook.description import SheetColumn, SheetContent, sheet
from sesreport.report.workbook.evidence import basis, found, nothing, ranked, with_account_names
from sesreport.report.workbook.styles import BAD, CAREFUL

ANOMALIES = (
    *PLACE, "words", "severity", "kind", "day", "first_day", "last_day", "value", "expected", "low", "high",
    "deviations", "in_period",
)  # fmt: skip
FORECASTS = (
    *PLACE, "words", "state", "metric", "line", "threshold", "current", "forecast", "low", "high", "crosses_at",
    "earliest_at", "latest_at", "basis",
)  # fmt: skip
RANK = {
    "critical": 0, "already above": 0, "high": 1, "crosses": 1, "may cross": 2, "medium": 3, "not known": 4,
    "too little data": 5, "low": 6, "no crossing": 7, "unlimited": 8,
}  # fmt: skip
EARLIER = 10
"""Added to the rank of what is over since before the month."""
COLORS = {**SEVERITY_COLORS, "already above": BAD, "crosses": BAD, "may cross": CAREFUL, "not known": CAREFUL}
METRICS = {"sent": "messages", "bounce_rate": "bounce rate", "complaint_rate": "complaint rate"}
LINES = {"quota": "quota", "review": "AWS's review line", "pause": "AWS's pause line"}


@sheet(
    title="Anomalies & forecasts",
    question="What was unlike the account's own past, and which line is ahead?",
    order=105,
    group="evidence",
)
def anomalies_forecasts(pack: Pack) -> SheetContent:
    unusual, ahead = _anomalies(pack), _forecasts(pack)
    rows = with_account_names(pack, pd.concat([unusual, ahead], ignore_index=True))
    rows = ranked(rows, rows["rank"], "account_id", "region", "what", "day")
    grave = int((unusual["signal"].isin(GRAVE) & (unusual["rank"] < EARLIER)).sum())
    first = first_lines(ahead)
    told = f"{_states(first, 'quotas and review lines')}{_states(ahead.drop(first.index), 'pause lines')}"
    return SheetContent(
        subtitle=found(
            pack,
            f"{len(unusual):,} anomalies, {grave:,} grave this month{told or '; no forecast'}",
            rows,
            "forecasts",
        ),
        note="A day is judged by the days before it alone; a forecast reaches 91 days from the last day read. Low, "
        f"high: its 90 % interval, or an ordinary day's. {basis(pack, 'forecasts')}",
        columns=(
            SheetColumn("signal", "Signal", "signal", colors=COLORS),
            SheetColumn("what", "What", width=34),
            SheetColumn("account_id", "Account id", "account_id"),
            SheetColumn("account", "Account"),
            SheetColumn("region", "Region"),
            SheetColumn("from", "From", "date"),
            SheetColumn("day", "Worst or about", "date"),
            SheetColumn("until", "Until", "date"),
            SheetColumn("value", "Value", "figure"),
            SheetColumn("expected", "Expected", "figure"),
            SheetColumn("low", "Low", "figure"),
            SheetColumn("high", "High", "figure"),
            SheetColumn("threshold", "Line", "figure"),
            SheetColumn("deviations", "Deviations", "real"),
            SheetColumn("unit", "Unit"),
            SheetColumn("words", "In words", width=90),
            SheetColumn("basis", "Based on", width=34),
        ),
        rows=rows,
        empty=nothing(pack, "forecasts", "sending that could be judged", "forecasts"),
        file="data/anomalies.parquet and data/forecasts.parquet",
    )


def _states(ahead: pd.DataFrame, lines: str) -> str:
    """``; of 63 quotas and review lines 2 already above, 61 no crossing``, by the last day; empty without a line."""
    counts = ahead["signal"].value_counts()
    told = ", ".join(f"{counts[state]:,} {state}" for state in RANK if state in counts)
    return f"; of {len(ahead):,} {lines} {told}" if told else ""


def _anomalies(pack: Pack) -> pd.DataFrame:
    rows = pack.columns("anomalies", ANOMALIES)
    recent = rows["in_period"].fillna(value=False).astype(bool)
    rates = rows["kind"].isin(["sudden bounce rate", "sudden complaint rate"])
    return rows.assign(
        signal=rows["severity"],
        what=rows["kind"],
        unit=rates.map({True: "rate", False: "messages"}),
        basis="the days before",
        rank=rows["severity"].map(RANK).astype("Int64") + (~recent).astype("int64") * EARLIER,
    ).rename(columns={"first_day": "from", "last_day": "until"})


def _forecasts(pack: Pack) -> pd.DataFrame:
    rows = pack.columns("forecasts", FORECASTS)
    return rows.assign(
        signal=rows["state"],
        what="forecast: " + rows["metric"].map(METRICS) + " against " + rows["line"].map(LINES),
        unit=rows["metric"].eq("sent").map({True: "messages", False: "rate"}),
        rank=rows["state"].map(RANK).astype("Int64"),
    ).rename(columns={"current": "value", "forecast": "expected", "crosses_at": "day", "earliest_at": "from",
                      "latest_at": "until"})  # fmt: skip
