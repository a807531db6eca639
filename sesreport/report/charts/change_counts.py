"""What came and went since the earlier snapshot."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sesreport.report.charts.look import ACTUAL, LIGHT, MUTED, bar_rows, canvas, finish
from sesreport.report.charts.registry import chart
from sesreport.report.charts.text import shortened

_NOUNS = {"grant": "Grants", "exposure": "Exposures", "owner": "Owners", "identity": "Identities"}


@chart("changes", "What changed", "changes_since")
def changes(changes_since: pd.DataFrame, *, ax: Axes | None = None, scope: str = "") -> Figure:
    """Removed to the left, added and changed to the right, one row per kind of thing."""
    counts = pd.crosstab(changes_since["what"], changes_since["change"]).reindex(
        columns=["removed", "added", "changed"], fill_value=0
    )
    order = [*(k for k in _NOUNS if k in counts.index), *sorted(k for k in counts.index if k not in _NOUNS)]
    labels = [_NOUNS.get(kind, shortened(kind, 20)) for kind in order]
    ax = canvas(ax, height=0.36 * len(order), labels=labels, right=0.9, below=0.1)
    reach = max(int((counts["added"] + counts["changed"]).max()), int(counts["removed"].max()), 1)
    for row, kind in enumerate(order):
        removed, added, changed = (int(counts[part][kind]) for part in ("removed", "added", "changed"))
        ax.barh(row, -removed, height=0.6, color=LIGHT)
        ax.barh(row, added, height=0.6, color=ACTUAL)
        ax.barh(row, changed, left=added, height=0.6, facecolor="none", edgecolor=ACTUAL, linewidth=1.2)
        if removed:
            ax.text(-removed - reach * 0.015, row, f"−{removed:,} removed", ha="right", va="center")
        words = ", ".join(w for n, w in ((added, f"+{added:,} added"), (changed, f"{changed:,} changed")) if n)
        ax.text(added + changed + reach * 0.015, row, words, va="center")
    ax.axvline(0, color=MUTED, linewidth=1)
    bar_rows(ax, labels)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(-reach * 1.5, reach * 1.5)
    total = {part: int(counts[part].sum()) for part in ("added", "removed", "changed")}
    told = ", ".join(f"{count:,} {change}" for change, count in total.items())
    message = f"{told} since the earlier snapshot"
    listed = "; ".join(
        f"{label} +{counts['added'][kind]}, −{counts['removed'][kind]}, {counts['changed'][kind]} changed"
        for kind, label in zip(order, labels, strict=True)
    )
    return finish(
        ax,
        scope=scope,
        message=message,
        subtitle="number of changes by kind",
        alt=f"{message}. {listed}.",
    )
