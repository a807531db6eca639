"""Page one: the headline, its sentences, and the decisions asked of the board."""

from __future__ import annotations

from sesreport.report.contents import Pack
from sesreport.report.html.section import SectionContent, section


@section(10, "verdict", "Verdict")
def headline(pack: Pack) -> SectionContent:
    results = pack.results
    return SectionContent(
        heading=results.headline or f"{results.period_name}: no verdict was made",
        partial="headline.html.j2",
        data={"sentences": results.verdict},
    )
