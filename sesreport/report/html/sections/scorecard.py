"""Every KPI against its target."""

from __future__ import annotations

from sesreport.kpis.headline import COVERAGE
from sesreport.kpis.results import NOT_MEASURABLE, OFF_TARGET, ON_TARGET, WATCH, Results, standing
from sesreport.report.charts import figure_svg, sparkline
from sesreport.report.charts.text import counted
from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section


@section(20, "scorecard", "Scorecard")
def scorecard(pack: Pack) -> SectionContent:
    kpis = pack.results.kpis
    return SectionContent(
        heading=heading(pack.results),
        so_what=so_what(pack.results),
        partial="scorecard.html.j2",
        data={
            "cards": [(k, figure_svg(sparkline(k), prefix=f"card-{slug(k.id)}")) for k in kpis if k.headline],
            "rows": [(k, figure_svg(sparkline(k), prefix=f"spark-{slug(k.id)}")) for k in kpis],
        },
    )


def heading(results: Results) -> str:
    """How many of the KPIs that have a target are on it."""
    counts, judged = standing(results.kpis), sum(standing(results.kpis).values())
    unknown = counts[NOT_MEASURABLE]
    known = [kpi.id for kpi in results.kpis if kpi.target is not None and kpi.status != NOT_MEASURABLE]
    if not known or (unknown and known == [COVERAGE]):
        return "No KPI could be measured against its target" + (", but how much was read" if known else "")
    rest = [(counts[OFF_TARGET], OFF_TARGET), (counts[WATCH], "to watch"), (unknown, NOT_MEASURABLE)]
    tail = ", ".join(f"{n} {words}" for n, words in rest if n)
    return f"{counts[ON_TARGET]} of {counted(judged, 'KPI')} on target" + (f"; {tail}" if tail else "")


def so_what(results: Results) -> str:
    """The board's own numbers that are off target or not known."""
    off = [kpi.label for kpi in results.kpis if kpi.headline and kpi.status == OFF_TARGET]
    unknown = [kpi.label for kpi in results.kpis if kpi.headline and kpi.value is None]
    parts = [
        f"Off target: {'; '.join(off)}." if off else "",
        f"Not measurable: {'; '.join(unknown)}." if unknown else "",
    ]
    return " ".join(filter(None, parts)) or "No headline number is off target."


def slug(kpi_id: str) -> str:
    """The id as part of an HTML id."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in kpi_id)
