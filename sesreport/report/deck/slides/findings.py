"""Findings: what is open, by severity and by how long it has been known."""

from __future__ import annotations

from sesreport.core.vocabulary import SEVERITIES
from sesreport.findings.survival import AGES, UNKNOWN_AGE
from sesreport.kpis import words
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideChart, SlideContent, SlideSeries, slide
from sesreport.report.deck.evidence import method, nothing
from sesreport.report.ooxml import moment

COLORS = dict(zip(AGES, ("#D5DAE0", "#9AA5B1", "#E69F00", "#A4262C", "#595959"), strict=True))


@slide(order=100)
def findings(pack: Pack) -> SlideContent:
    rows = pack.columns("findings", ("severity", "status", "age"))
    rows = rows[rows["status"] == "open"].assign(age=rows["age"].fillna(UNKNOWN_AGE))
    at = moment(pack.results.snapshot.finished_at)
    counts = rows.groupby(["severity", "age"]).size()
    severities = tuple(SEVERITIES)
    series = tuple(
        SlideSeries(name.capitalize(), tuple(float(counts.get((severity, name), 0)) for severity in severities), color)
        for name, color in COLORS.items()
        if rows["age"].eq(name).any()
    )
    older = int(rows["age"].isin(["31 to 90 days", "over 90 days"]).sum())
    told = "; ".join(
        f"{severity}: {', '.join(f'{each.name.lower()} {each.values[place]:.0f}' for each in series)}"
        for place, severity in enumerate(severities)
    )
    measured = pack.results.find_kpi("median_time_to_remediate")
    return SlideContent(
        title=titles.findings(pack.results.findings, older, pack.results.coverage.places),
        subtitle=f"Open findings by severity and age, count, at {at:%Y-%m-%d}{words.unseen(pack.results.findings)}",
        body=(
            SlideChart(
                "stacked", tuple(severity.capitalize() for severity in severities), series, "count",
                f"Open findings by severity and age: {told}.",
            ),
        )
        if len(rows)
        else nothing(pack, "findings", "open findings"),
        source="findings",
        kpi=measured,
        notes=method(
            pack, (measured, pack.results.find_kpi("mean_time_to_remediate")),
            f"Rows of data/findings.parquet: {told}.",
            f"{pack.results.findings.excepted or 0:,} more have an accepted exception and are not counted."
            if pack.results.findings.open is not None
            else "",
        ),
    )  # fmt: skip
