"""Open findings by rule and severity."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.core.vocabulary import SEVERITIES
from sesreport.kpis.results import Results
from sesreport.kpis.words import SEVERITY_COLORS, within
from sesreport.report.charts.look import bar_rows, canvas, finish, legend, value_axis
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import counted, shortened

ROWS = 16


@chart("findings_by_rule", "Open findings by rule", "findings")
def findings_by_rule(
    findings: pd.DataFrame, *, results: Results | None = None, ax: Axes | None = None, scope: str = ""
) -> Figure:
    """Stacked by severity, the rule with the most critical ones first; excepted and resolved ones do not count.

    ``results`` say in how many places anybody could look.
    """
    where = "" if results is None else within(results.coverage.places)
    open_ones = findings[findings["status"].fillna("open") == "open"]
    subtitle = "open findings by rule and severity"
    if open_ones.empty:
        message = f"No finding is open{where}"
        ax = canvas(ax, height=0.2, below=0.0)
        ax.set_axis_off()
        return finish(
            ax,
            scope=scope,
            message=message,
            subtitle=f"{subtitle}; {len(findings):,} excepted or resolved",
            alt=message + ".",
        )
    titles = open_ones["title"].fillna(open_ones["rule"])
    counts = pd.crosstab(titles, open_ones["severity"]).reindex(columns=list(SEVERITIES), fill_value=0)
    counts["name"] = counts.index
    counts = counts.sort_values([*SEVERITIES, "name"], ascending=[False] * len(SEVERITIES) + [True])
    shown = counts.head(ROWS)
    labels = [shortened(title, 44) for title in shown.index]
    ax = canvas(ax, height=0.27 * len(shown) + 0.1, labels=labels, right=0.5, above=0.3)
    most = max(int(shown[list(SEVERITIES)].sum(axis=1).max()), 1)
    for row, rule in enumerate(shown.index):
        left = 0
        for severity in SEVERITIES:
            count = int(shown[severity][rule])
            if count:
                ax.barh(row, count, left=left, height=0.62, color=SEVERITY_COLORS[severity])
            left += count
        ax.text(left + most * 0.012, row, f"{left:,}", va="center")
    bar_rows(ax, labels)
    ax.set_xlim(0, most)
    value_axis(ax)
    totals = {severity: int(counts[severity].sum()) for severity in SEVERITIES}
    legend(ax, [(f"{severity} {count:,}", SEVERITY_COLORS[severity]) for severity, count in totals.items() if count])
    worst = next(severity for severity in SEVERITIES if totals[severity] or severity == SEVERITIES[-1])
    message = f"{counted(len(open_ones), 'finding')} open{where}; {totals[worst]:,} {worst}, led by “{labels[0]}”"
    rest = len(counts) - len(shown)
    listed = "; ".join(
        f"{label} {sum(int(shown[s][rule]) for s in SEVERITIES)}"
        for label, rule in zip(labels, shown.index, strict=True)
    )
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle=subtitle + (f"; {rest:,} more rules not drawn" if rest else ""),
        alt=f"{message}. " + ", ".join(f"{s} {n}" for s, n in totals.items()) + f". By rule: {listed}.",
    )
