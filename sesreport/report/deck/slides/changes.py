"""What changed since the earlier snapshot: grants, identities, owners, exposure, added and removed."""

from __future__ import annotations

from sesreport.core.vocabulary import GRAVE
from sesreport.kpis.results import Coverage
from sesreport.report.contents import Pack
from sesreport.report.deck import titles
from sesreport.report.deck.description import SlideChart, SlideContent, SlideSeries, slide
from sesreport.report.deck.evidence import NEUTRAL, method, nothing

WHAT = ("grant", "identity", "owner", "exposure")
LABELS = {"grant": "Grants", "identity": "Identities", "owner": "Owners", "exposure": "Exposures"}


@slide(order=30, appendix=True)
def changes(pack: Pack) -> SlideContent | None:
    compared = pack.results.compared_with
    rows = pack.columns("changes_since", ("what", "change", "severity"))
    if rows.empty and not compared:
        return None
    counts = rows.groupby(["what", "change"]).size()
    number = {(what, change): int(counts.get((what, change), 0)) for what in WHAT for change in COLORS}
    told = "; ".join(
        f"{LABELS[what].lower()}: {', '.join(f'{number[what, change]} {change}' for change in COLORS)}" for what in WHAT
    )
    severe = int(rows["severity"].isin(GRAVE).sum())
    return SlideContent(
        title=titles.changes(
            number["grant", "added"], number["grant", "removed"], compared, pack.results.coverage.places
        ),
        subtitle=f"Changes since {compared or 'the earlier snapshot'}, count by kind, whole organization",
        body=(
            SlideChart(
                kind="stacked",
                categories=tuple(LABELS[what] for what in WHAT),
                series=tuple(
                    SlideSeries(
                        change.capitalize(),
                        tuple(float(number[what, change]) for what in WHAT),
                        color or pack.branding.accent,
                    )
                    for change, color in COLORS.items()
                ),
                unit="count",
                alt=f"Changes since {compared}: {told}.",
            ),
        )
        if len(rows)
        else nothing(pack, "changes_since", "changes"),
        source="changes_since",
        takeaway=_takeaway(severe, pack.results.coverage),
        notes=method(pack, (), f"Counts of rows of data/changes_since.parquet: {told}."),
    )


COLORS: dict[str, str | None] = {"added": None, "changed": NEUTRAL, "removed": "#D5DAE0"}


def _takeaway(severe: int, coverage: Coverage) -> str:
    if not coverage.places.read:
        return coverage.statement
    told = f"{titles.counted(severe, 'change is', 'changes are', first=True)} of critical or high severity. "
    less = "" if coverage.places.whole else "Places that were not read in both snapshots are left out. "
    return f"{told}{less}Each is a row of the sheet Changes."
