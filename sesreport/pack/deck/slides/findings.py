"""Findings: what is open, by severity and by how long it has been known."""

from __future__ import annotations

import pandas as pd

from sesreport.pack.contents import Pack
from sesreport.pack.deck import titles
from sesreport.pack.deck.description import Chart, Content, Series, slide
from sesreport.pack.deck.evidence import frame, kpi, method, nothing
from sesreport.pack.ooxml import moment
from sesreport.results import SEVERITIES

AGES = (
    ("Up to 7 days", 0, "#D5DAE0"),
    ("8 to 30 days", 8, "#9AA5B1"),
    ("31 to 90 days", 31, "#E69F00"),
    ("Over 90 days", 91, "#A4262C"),
)
UNKNOWN = ("Age not known", "#595959")


@slide(order=100)
def findings(pack: Pack) -> Content:
    rows = frame(pack, "findings", ("severity", "status", "opened_at", "first_seen"))
    rows = rows[rows["status"] == "open"]
    at = moment(pack.results.snapshot.finished_at)
    since = pd.to_datetime(rows["opened_at"], utc=True).fillna(pd.to_datetime(rows["first_seen"], utc=True))
    days = (at - since).dt.days.astype("Float64")
    age = pd.Series(UNKNOWN[0], index=rows.index)
    for name, start, _ in AGES:
        age[(days >= start).fillna(value=False).to_numpy("bool")] = name
    counts = rows.groupby([rows["severity"], age]).size()
    severities = tuple(SEVERITIES)
    series = tuple(
        Series(name, tuple(float(counts.get((severity, name), 0)) for severity in severities), color)
        for name, color in (*((name, color) for name, _, color in AGES), UNKNOWN)
        if (age == name).any()
    )
    known_ages = days.notna().any()
    older = int((days > 30).sum()) if known_ages else None
    told = "; ".join(
        f"{severity}: {', '.join(f'{each.name.lower()} {counts.get((severity, each.name), 0)}' for each in series)}"
        for severity in severities
    )
    measured = kpi(pack, "mean_time_to_remediate")
    return Content(
        title=titles.findings(pack.results.findings, older, pack.results.coverage.places),
        subtitle=f"Open findings by severity and age, count, at {at:%Y-%m-%d}",
        body=(
            Chart(
                "stacked", tuple(severity.capitalize() for severity in severities), series, "count",
                f"Open findings by severity and age: {told}.",
            ),
        )
        if len(rows)
        else nothing(pack, "findings", "open findings"),
        source="findings",
        kpi=measured,
        notes=method(
            pack, (measured,), f"Rows of data/findings.parquet: {told}.",
            f"{pack.results.findings.excepted or 0:,} more have an accepted exception and are not counted."
            if pack.results.findings.open is not None
            else "",
        ),
    )  # fmt: skip
